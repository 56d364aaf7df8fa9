"""The forty reports of the demo: one certain, one doubtful, thirty-eight nobody, whoever the participants are."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from adapters.inbound import InboundPart
from adapters.jail.ojbc import split
from gateway.demo.bookings import build_bookings
from mappings.lead.custody import PersonName
from mappings.lead.matching import Candidate, load_weights, match

RAY = Candidate("p-ray", (PersonName("Ray", "Alder"),), (), date(1986, 5, 9), (("sid", "WA10000001"),))
IVY = Candidate("p-ivy", (PersonName("Ivy", "Aspen"),), (), date(1991, 8, 22), (("sid", "WA10000002"),))
# would resemble a stranger, were the strangers not drawn with the participants in view
HERON = Candidate("p-heron", (PersonName("Heron", "Larch"),), (), None, ())
WEIGHTS = load_weights()


def parts(*participants: Candidate, seed: int = 7) -> list[InboundPart]:
    received = datetime(2026, 1, 14, tzinfo=UTC)
    return [
        part
        for _, content in build_bookings(seed, participants)
        for part in split(content, feed="cedar", timezone="America/Los_Angeles", received_at=received)
    ]


class TestRefused:
    @pytest.mark.parametrize("first", [None, Candidate("p", RAY.names, (), None, RAY.identifiers), HERON])
    def test_a_first_participant_who_could_not_be_certain(self, first):
        with pytest.raises(ValueError, match=r"must have a name, a birth date and a `sid`"):
            build_bookings(7, [] if first is None else [first])


class TestForty:
    @pytest.mark.parametrize("seed", range(6))
    @pytest.mark.parametrize("participants", [(RAY,), (RAY, IVY), (RAY, IVY, HERON)])
    def test_one_certain_one_doubtful_thirty_eight_nobody(self, seed, participants):
        found = [match(part.person, participants, WEIGHTS) for part in parts(*participants, seed=seed)]
        assert Counter(each.result for each in found) == {"certain": 1, "doubtful": 1, "none": 38}
        assert [each.participant for each in found if each.participant] == ["p-ray"]

    def test_only_the_participants_report_carries_health_and_it_carries_an_alias_and_two_charges(self):
        (ray,) = [part for part in parts(RAY, IVY) if part.events[0].behavioral_health]
        assert match(ray.person, [RAY], WEIGHTS).result == "certain"
        assert ray.person.aliases == (PersonName("Robin", "Alder"),)
        assert len(ray.events[0].charges) == len(ray.events[0].bonds) == 2

    def test_the_same_seed_gives_the_same_bytes(self):
        assert build_bookings(7, [RAY]) == build_bookings(7, [RAY])
        assert build_bookings(7, [RAY]) != build_bookings(8, [RAY])

    def test_message_ids_are_distinct_and_file_names_tell_nothing(self):
        assert len({part.message_id for part in parts(RAY)}) == 40
        assert [name for name, _ in build_bookings(7, [RAY])][:2] == ["booking-01.xml", "booking-02.xml"]
