"""The seam that intake uses: a message in, parts out, or one error for the whole of it."""

import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfoNotFoundError

import pytest

from adapters.jail.ojbc import OjbcBookingFeed, split
from mappings.niem.xml import FeedError
from tests.fixtures.niem import build

ZONE = "America/Los_Angeles"


class TestRefused:
    def test_at_once_and_not_at_the_first_part(self):
        with pytest.raises(FeedError):
            split(b"<a>", feed="cedar", timezone=ZONE)

    def test_an_unknown_time_zone(self):
        with pytest.raises(ZoneInfoNotFoundError):
            split(build.report(), feed="cedar", timezone="Cedar/County")

    def test_a_booking_after_it_was_received(self):
        with pytest.raises(FeedError, match="must not be in the future"):
            OjbcBookingFeed("cedar", ZONE).split(build.report(), received_at=datetime(2026, 2, 1, tzinfo=UTC))


class TestSplit:
    def test_one_person(self):
        content = build.report()
        (part,) = OjbcBookingFeed("cedar", ZONE).split(content)
        assert part.message_id == "DOC-1/BK-1001"
        assert part.original == content
        assert part.person is part.events[0].person
        assert ("jail:cedar:inmate", "INM-177") in part.person.identifiers

    def test_several_people(self):
        elements = [*build.whole("1"), *build.whole("2", given="Wrenna", family="Alder", sid="WA7654321")]
        parts = list(split(build.wrap(*elements, build.location()), feed="cedar", timezone=ZONE))
        assert [part.person.names[0].family for part in parts] == ["Fir", "Alder"]
        assert b"Alder" not in parts[0].original
        assert b"Testina" not in parts[1].original

    def test_five_hundred_reports_a_second(self):
        """Measured at over a thousand on two shared cores; the assertion leaves room for a busy machine."""
        content = build.report()
        begun = time.process_time()
        for _ in range(100):
            list(split(content, feed="cedar", timezone=ZONE))
        assert time.process_time() - begun < 0.6
