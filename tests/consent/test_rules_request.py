"""Rules about the request: who asks, what for, and what stops everything."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from consent.codes import ConsentKind, HipaaStatus, Integrity
from consent.decision import State
from consent.labels import under_part2
from consent.model import Hold, Restriction
from consent.rules.rule import ORDINARY, BasisKind
from tests.consent.builders import (
    BY_ID,
    HOSPITAL,
    NOW,
    ORGANIZATIONS,
    PA,
    SECOND,
    C,
    P,
    consent,
    facts,
    item,
    judged,
    matter,
    order,
)

SATISFIED, VIOLATED, UNKNOWN, MOOT = State.SATISFIED, State.VIOLATED, State.UNKNOWN, State.NOT_APPLICABLE


def state(identifier: str, *about: object) -> State:
    return judged(identifier, *about).state  # type: ignore[arg-type]  # the matter comes first


class TestRequesterKnown:
    def test_a_stranger(self) -> None:
        assert state("requester.known", matter({"requester": "nobody"})) is UNKNOWN

    def test_a_partner(self) -> None:
        assert state("requester.known", matter()) is SATISFIED


class TestParticipantKnown:
    def test_a_stranger(self) -> None:
        assert state("participant.known", matter({"participant": "p9"})) is UNKNOWN

    def test_a_participant(self) -> None:
        assert state("participant.known", matter()) is SATISFIED


class TestAgreement:
    @pytest.mark.parametrize(
        ("expires", "hipaa", "expected"),
        [
            (date(2026, 11, 23), HipaaStatus.NONE, VIOLATED),
            (date(2026, 11, 23), HipaaStatus.COVERED_ENTITY, VIOLATED),
            (None, HipaaStatus.NONE, VIOLATED),
            (None, HipaaStatus.COVERED_ENTITY, SATISFIED),
            (date(2026, 11, 24), HipaaStatus.NONE, SATISFIED),
        ],
    )
    def test_by_date_and_standing(self, expires: date | None, hipaa: HipaaStatus, expected: State) -> None:
        pa = replace(PA, agreement_expires=expires, hipaa_status=hipaa)
        assert state("requester.agreement", matter(None, facts(organizations={"pa": pa}))) is expected

    def test_the_last_day_is_the_site_s(self) -> None:
        """At 07:59 UTC on the 25th it is still the 24th at the site; a minute later it is not."""
        known = facts(organizations={"pa": replace(PA, agreement_expires=date(2026, 11, 24))})
        late = datetime(2026, 11, 25, 7, 59, tzinfo=UTC)
        assert state("requester.agreement", matter({"at": late}, known)) is SATISFIED
        assert state("requester.agreement", matter({"at": late + 60 * SECOND}, known)) is VIOLATED

    def test_a_stranger_has_none(self) -> None:
        assert state("requester.agreement", matter({"requester": "nobody"})) is UNKNOWN


class TestReadable:
    def test_one_that_cannot_be_read(self) -> None:
        known = facts(consent(), consent(id="c2", integrity=Integrity.UNREADABLE))
        assert state("consents.readable", matter(None, known)) is VIOLATED

    def test_one_that_says_it_was_signed_tomorrow(self) -> None:
        unreadable = consent(integrity=Integrity.UNREADABLE, signed_at=NOW + 9999 * SECOND)
        assert state("consents.readable", matter(None, facts(unreadable))) is VIOLATED

    def test_not_loaded(self) -> None:
        assert state("consents.readable", matter(None, facts(consents=None))) is UNKNOWN

    def test_somebody_else_s(self) -> None:
        known = facts(consent(), consent(id="c2", participant="p2", integrity=Integrity.UNREADABLE))
        assert state("consents.readable", matter(None, known)) is SATISFIED


class TestHold:
    @pytest.mark.parametrize("grants", ["all", frozenset(), frozenset({"g9"}), frozenset({"g1", "g9"})])
    def test_on_everything(self, grants: object) -> None:
        known = facts(holds=(Hold("p1", NOW, grants),))  # type: ignore[arg-type]  # one of both
        assert state("participant.hold", matter(None, known)) is VIOLATED

    def test_not_loaded(self) -> None:
        assert state("participant.hold", matter(None, facts(holds=None))) is UNKNOWN

    @pytest.mark.parametrize(
        "hold", [Hold("p1", NOW + SECOND, "all"), Hold("p2", NOW, "all"), Hold("p1", NOW, frozenset({"g1"}))]
    )
    def test_none_on_everything(self, hold: Hold) -> None:
        assert state("participant.hold", matter(None, facts(holds=(hold,)))) is SATISFIED

    @pytest.mark.parametrize("name", ["participant.hold", "consents.readable", "requester.agreement"])
    def test_it_does_not_stop_an_emergency_or_an_order(self, name: str) -> None:
        assert BY_ID[name].bases == ORDINARY
        assert BasisKind.EMERGENCY not in ORDINARY
        assert BasisKind.ORDER not in ORDINARY


class TestAgainstTheParticipant:
    @pytest.mark.parametrize("purpose", [P.INVESTIGATION, P.CHARGING, P.WARRANT, P.REVOCATION_HEARING])
    def test_never(self, purpose: P) -> None:
        for requester in ORGANIZATIONS:
            asked = matter({"purpose": purpose, "requester": requester})
            assert state("purpose.against-participant", asked) is VIOLATED

    def test_otherwise(self) -> None:
        assert state("purpose.against-participant", matter()) is SATISFIED


@pytest.mark.parametrize(
    ("name", "purpose"),
    [
        ("purpose.intelligence", P.INTELLIGENCE),
        ("purpose.fundraising", P.FUNDRAISING),
        ("purpose.multiple-enrollment", P.MULTIPLE_ENROLLMENT),
    ],
)
class TestNeverServed:
    def test_asked_for(self, name: str, purpose: P) -> None:
        assert state(name, matter({"purpose": purpose})) is VIOLATED

    def test_something_else(self, name: str, purpose: P) -> None:
        assert state(name, matter()) is MOOT


class TestJustice:
    def test_what_for(self) -> None:
        served = {p for p in P if state("purpose.justice", matter({"purpose": p})) is SATISFIED}
        assert served == {
            P.CARE_COORDINATION,
            P.WARM_HANDOFF,
            P.CASE_ALIGNMENT,
            P.RESOURCE_BARRIER,
            P.PROCEEDING,
            P.SUPERVISION_MONITORING,
        }

    def test_others(self) -> None:
        assert state("purpose.justice", matter({"requester": "hospital", "purpose": P.TREATMENT})) is MOOT

    def test_a_stranger(self) -> None:
        assert state("purpose.justice", matter({"requester": "nobody"})) is UNKNOWN


class TestMonitoring:
    def test_outside_justice(self) -> None:
        asked = matter({"requester": "housing", "purpose": P.SUPERVISION_MONITORING})
        assert state("purpose.monitoring", asked) is VIOLATED

    def test_justice(self) -> None:
        assert state("purpose.monitoring", matter({"purpose": P.SUPERVISION_MONITORING})) is SATISFIED

    def test_something_else(self) -> None:
        assert state("purpose.monitoring", matter()) is MOOT


class TestProceeding:
    def test_nothing_on_file(self) -> None:
        assert state("purpose.proceeding", matter({"purpose": P.PROCEEDING})) is VIOLATED

    @pytest.mark.parametrize("missing", ["consents", "court_orders"])
    def test_not_loaded(self, missing: str) -> None:
        assert state("purpose.proceeding", matter({"purpose": P.PROCEEDING}, facts(**{missing: None}))) is UNKNOWN

    def test_something_else(self) -> None:
        assert state("purpose.proceeding", matter()) is MOOT

    def test_on_file(self) -> None:
        asked = {"purpose": P.PROCEEDING}
        known = facts(consent(kind=ConsentKind.PROCEEDING))
        assert state("purpose.proceeding", matter(asked, known)) is SATISFIED
        assert state("purpose.proceeding", matter(asked, facts(court_orders=(order(),)))) is SATISFIED


class TestItemParticipant:
    def test_somebody_else_s(self) -> None:
        assert state("item.participant", matter(), item(participant="p2")) is VIOLATED

    def test_this_one_s(self) -> None:
        assert state("item.participant", matter(), item()) is SATISFIED


class TestRestriction:
    @pytest.mark.parametrize("categories", [None, frozenset(), frozenset({C.PROGRESS})])
    def test_agreed(self, categories: frozenset[C] | None) -> None:
        known = facts(restrictions=(Restriction("p1", "pa", agreed=True, categories=categories),))
        assert state("participant.restriction", matter(None, known), item()) is VIOLATED

    def test_not_loaded(self) -> None:
        assert state("participant.restriction", matter(None, facts(restrictions=None)), item()) is UNKNOWN

    @pytest.mark.parametrize(
        ("restriction", "expected"),
        [
            (Restriction("p1", "pa", agreed=False), SATISFIED),
            (Restriction("p2", "pa", agreed=True), MOOT),
            (Restriction("p1", HOSPITAL.id, agreed=True), MOOT),
            (Restriction("p1", "pa", agreed=True, categories=frozenset({C.GOALS})), SATISFIED),
        ],
    )
    def test_none_that_covers_it(self, restriction: Restriction, expected: State) -> None:
        known = facts(restrictions=(restriction,))
        assert state("participant.restriction", matter(None, known), item()) is expected


class TestPart2:
    @pytest.mark.parametrize(("source", "applies"), [(None, True), (HOSPITAL.id, False)])
    def test_it_is_said_whatever_it_is(self, source: str | None, applies: bool) -> None:  # noqa: FBT001  -- the answer
        thing = item(source=source)
        told = judged("item.part2", matter(), thing)
        assert told.state is SATISFIED
        assert ("not" in told.because) is not applies
        assert under_part2(thing, facts()) is applies


class TestUnderAGrant:
    @pytest.mark.parametrize("purpose", [P.RESEARCH, P.AUDIT, P.PUBLIC_HEALTH])
    def test_of_its_own_purpose_alone(self, purpose: P) -> None:
        assert state(f"purpose.{purpose.value}", matter({"purpose": P.TREATMENT})) is MOOT
        assert state(f"purpose.{purpose.value}", matter({"purpose": purpose})) is SATISFIED
