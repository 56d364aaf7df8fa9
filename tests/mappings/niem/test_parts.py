"""Several people in one report: each part holds its own person, and where that is in doubt nothing is read."""

from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from mappings.niem.booking import Feed, read_bookings
from mappings.niem.xml import FeedError
from tests.fixtures.niem import build

FEED = Feed("cedar", ZoneInfo("America/Los_Angeles"))
PEOPLE = {"1": ("Testina", "Fir"), "2": ("Wrenna", "Alder"), "3": ("Finch", "Oakley")}


def everybody(*more: str) -> bytes:
    elements = [
        element
        for key, (given, family) in PEOPLE.items()
        for element in build.whole(key, given=given, family=family, sid=f"WA{key}000001", ssn=f"90{key}-12-345{key}")
    ]
    return build.wrap(build.DOCUMENT, *elements, build.location(), *more)


class TestRefused:
    def test_a_charge_of_two_people(self):
        shared = '<j:Arrest s:id="A9"><j:ArrestCharge s:ref="Charge_1a"/></j:Arrest>'
        elements = [*build.whole("1"), *build.whole("2"), build.location(), shared]
        elements[10] = elements[10].replace("</j:Booking>", '<j:Arrest s:ref="A9"/></j:Booking>')
        with pytest.raises(FeedError, match="must not belong to the bookings of two people"):
            read_bookings(build.wrap(*elements), FEED)

    def test_one_booking_that_leads_to_the_other_person(self):
        elements = [*build.whole("1"), *build.whole("2", with_health=False), build.location()]
        elements[2] = elements[2].replace("</j:Charge>", '<nc:Person s:ref="Person_2"/></j:Charge>')
        with pytest.raises(FeedError, match="must not belong to the bookings of two people"):
            read_bookings(build.wrap(*elements), FEED)

    def test_a_detention_that_leads_from_one_booking_to_another(self):
        elements = [*build.whole("1"), *build.whole("2"), build.location()]
        elements[1] = elements[1].replace("</j:Detention>", '<nc:Activity s:ref="Booking_2"/></j:Detention>')
        with pytest.raises(FeedError, match="`j:Detention` must not lead from one booking to another"):
            read_bookings(build.wrap(*elements), FEED)

    @pytest.mark.parametrize(
        "orphan", [build.charge("9"), build.health("9"), build.alias("9").split("<nc:PersonAlias")[0]]
    )
    def test_something_personal_that_belongs_to_no_booking(self, orphan):
        with pytest.raises(FeedError, match="must be linked to a booking"):
            read_bookings(everybody(orphan), FEED)

    def test_two_bookings_under_one_number(self):
        content = everybody().replace(b"BK-2001", b"BK-1001")
        with pytest.raises(FeedError, match="must not be given to two different bookings"):
            read_bookings(content, FEED)

    def test_one_bad_booking_refuses_the_whole(self):
        with pytest.raises(FeedError, match="is required"):
            read_bookings(everybody().replace(b"BK-2001", b""), FEED)


class TestSplit:
    bookings = read_bookings(everybody(), FEED)

    def test_one_part_for_each_in_order(self):
        assert [b.event.booking_number for b in self.bookings] == ["BK-1001", "BK-2001", "BK-3001"]
        assert len({b.event.message_id for b in self.bookings}) == 3

    def test_no_part_holds_anything_of_another(self):
        for left, right in [*pairwise(self.bookings), (self.bookings[2], self.bookings[0])]:
            name = right.event.person.names[0]
            for mark in (
                name.given,
                name.family,
                right.event.booking_number,
                *dict(right.event.person.identifiers).values(),
            ):
                assert mark.encode() not in left.original

    def test_each_part_holds_all_of_its_own(self):
        for booking in self.bookings:
            assert len(booking.event.charges) == 2
            assert len(booking.event.bonds) == 2
            assert booking.event.custody_status == "PRET"
            assert booking.event.behavioral_health is not None
            assert booking.event.person.aliases
            assert b"DOC-1" in booking.original
            assert b"Loc_1" in booking.original

    def test_a_part_read_alone_says_the_same(self):
        for booking in self.bookings:
            assert read_bookings(booking.original, FEED)[0].event == booking.event

    def test_two_bookings_of_one_person_share_the_person(self):
        second = build.booking("2", number="BK-2001", subject='<nc:RoleOfPerson s:ref="Person_1"/>')
        content = build.wrap(*build.whole("1"), second, build.arrest("2", charges=""), build.location())
        first, other = read_bookings(content, FEED)
        assert first.event.person.names == other.event.person.names
        assert (len(first.event.charges), other.event.booking_number) == (2, "BK-2001")

    def test_the_same_booking_twice_is_one(self):
        again = build.booking("1", number="BK-1001").replace('s:id="Booking_1"', 's:id="Booking_1x"')
        link = build.detention("1").split("</j:Detention>")[1].replace("Booking_1", "Booking_1x")
        content = build.wrap(*build.whole("1"), again, link, build.location())
        assert len(read_bookings(content, FEED)) == 1

    def test_an_official_whom_nobody_booked_is_in_no_part(self):
        bookings = read_bookings(everybody(build.person("9", given="Officer", family="Canary")), FEED)
        assert all(b"Canary" not in booking.original for booking in bookings)
