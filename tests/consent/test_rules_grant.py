"""Rules about a grant, alone and with an item."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from consent.codes import (
    FIREWALL_CATEGORIES,
    JUSTICE_KINDS,
    NOTES,
    ConsentKind,
    LegalRole,
    OrganizationKind,
    RevocationMode,
)
from consent.decision import State
from consent.model import Event, Hold, Person, Revocation
from consent.rules.ceilings import ceiling
from tests.consent.builders import NOW, SECOND, C, K, P, consent, facts, grant, item, judged, matter

SATISFIED, VIOLATED, UNKNOWN, MOOT = State.SATISFIED, State.VIOLATED, State.UNKNOWN, State.NOT_APPLICABLE
CLASS = frozenset({"class:treating-providers"})
CLINIC_ASKS = {"requester": "clinic", "purpose": P.TREATMENT, "person": Person("Sam Example", "nurse")}


def state(
    identifier: str,
    of: dict[str, Any] | None = None,
    asked: dict[str, Any] | None = None,
    known: dict[str, Any] | None = None,
    form: dict[str, Any] | None = None,
) -> State:
    given = grant(**(of or {}))
    signed = consent(given, **(form or {}))
    return judged(identifier, matter(asked, facts(signed, **(known or {}))), signed, given).state


def covers(identifier: str, of: dict[str, Any], thing: Any, asked: dict[str, Any] | None = None, **form: Any) -> State:
    given = grant(**of)
    signed = consent(given, **form)
    return judged(identifier, matter(asked, facts(signed)), signed, given, thing).state


class TestRecipient:
    @pytest.mark.parametrize(
        "named", [{"housing"}, {"*"}, {"law enforcement"}, {"PA"}, set(), {"class:treating-providers"}]
    )
    def test_somebody_else(self, named: set[str]) -> None:
        of = {"recipient": frozenset(named)}
        assert state("grant.recipient", of, known={"ray": {"treating": frozenset({"clinic"})}}) is VIOLATED

    def test_a_stranger(self) -> None:
        assert state("grant.recipient", {"recipient": frozenset({"nobody"})}, {"requester": "nobody"}) is UNKNOWN

    def test_an_organization_that_is_called_like_a_class(self) -> None:
        known = facts(consent())
        odd = {**known.organizations, "class:treating-providers": known.organizations["pa"]}
        asked = {"requester": "class:treating-providers"}
        assert state("grant.recipient", {"recipient": CLASS}, asked, {"organizations": odd}) is not SATISFIED

    def test_the_class_where_nobody_knows_who_treats(self) -> None:
        assert state("grant.recipient", {"recipient": CLASS}, CLINIC_ASKS) is UNKNOWN

    @pytest.mark.parametrize("requester", ["hospital", "pa"])
    def test_the_class_and_somebody_outside_it(self, requester: str) -> None:
        ray = {"treating": frozenset({"hospital", "pa"})}
        asked = {"requester": requester}
        assert state("grant.recipient", {"recipient": CLASS}, asked, {"ray": ray}) is VIOLATED

    def test_the_class(self) -> None:
        known = {"ray": {"treating": frozenset({"clinic"})}}
        assert state("grant.recipient", {"recipient": CLASS}, CLINIC_ASKS, known) is SATISFIED

    def test_by_name(self) -> None:
        assert state("grant.recipient") is SATISFIED


class TestClass:
    def test_named_besides(self) -> None:
        of = {"recipient": CLASS | {"clinic"}}
        assert state("grant.class", of, CLINIC_ASKS, form={"signed_at": datetime(2020, 1, 1, tzinfo=UTC)}) is MOOT

    def test_before_2024(self) -> None:
        form = {"signed_at": datetime(2024, 4, 16, 6, 59, 59, tzinfo=UTC)}
        assert state("grant.class", {"recipient": CLASS}, CLINIC_ASKS, form=form) is VIOLATED

    @pytest.mark.parametrize(
        ("named", "expected"),
        [(None, VIOLATED), ("fern county lead", VIOLATED), ("Fern County LEAD", SATISFIED)],
    )
    def test_at_an_intermediary(self, named: str | None, expected: State) -> None:
        known = {"site": {"legal_role": LegalRole.INTERMEDIARY}}
        assert state("grant.class", {"recipient": CLASS}, CLINIC_ASKS, known, {"intermediary": named}) is expected

    def test_elsewhere(self) -> None:
        assert state("grant.class", {"recipient": CLASS}, CLINIC_ASKS) is SATISFIED


class TestRole:
    @pytest.mark.parametrize("role", [None, "", "  "])
    def test_none_for_justice(self, role: str | None) -> None:
        assert state("grant.role", {"role": role}) is VIOLATED

    @pytest.mark.parametrize("person", [None, Person("Sam Example", "Liaison-Prosecutor")])
    def test_another(self, person: Person | None) -> None:
        assert state("grant.role", asked={"person": person}) is VIOLATED

    def test_none_for_others(self) -> None:
        assert state("grant.role", {"role": " "}, {"requester": "housing", "person": None}) is MOOT
        assert state("grant.role", {"role": None}, {"requester": "nobody"}) is UNKNOWN

    def test_named_for_others(self) -> None:
        assert state("grant.role", {"role": "intake"}, {"requester": "housing"}) is VIOLATED

    def test_the_same(self) -> None:
        assert state("grant.role") is SATISFIED


class TestPurpose:
    @pytest.mark.parametrize("purposes", [frozenset(), frozenset({P.WARM_HANDOFF})])
    def test_not_listed(self, purposes: frozenset[P]) -> None:
        assert state("grant.purpose", {"purposes": purposes}) is VIOLATED

    def test_listed(self) -> None:
        assert state("grant.purpose") is SATISFIED


class TestUnexpired:
    def test_that_very_second(self) -> None:
        assert state("grant.unexpired", {"expires": NOW}) is VIOLATED

    def test_none(self) -> None:
        assert state("grant.unexpired", {"expires": "none"}) is VIOLATED
        assert state("grant.unexpired", {"expires": "none"}, form={"kind": ConsentKind.TPO}) is SATISFIED

    def test_events_not_known(self) -> None:
        assert state("grant.unexpired", {"expires": "event:release"}) is UNKNOWN

    def test_the_event_has_happened(self) -> None:
        form = {"events": (Event("release", NOW),)}
        assert state("grant.unexpired", {"expires": "event:release"}, form=form) is VIOLATED

    @pytest.mark.parametrize("events", [(), (Event("release", NOW + SECOND),), (Event("Release", NOW),)])
    def test_it_has_not(self, events: tuple[Event, ...]) -> None:
        assert state("grant.unexpired", {"expires": "event:release"}, form={"events": events}) is SATISFIED

    def test_until_its_last_second(self) -> None:
        assert state("grant.unexpired", {"expires": NOW + SECOND}) is SATISFIED


class TestNotRevoked:
    def test_this_grant(self) -> None:
        form = {"revocations": (Revocation(NOW, frozenset({"g1"}), RevocationMode.WRITTEN),)}
        assert state("grant.not-revoked", form=form) is VIOLATED

    @pytest.mark.parametrize("at", [NOW + SECOND])
    def test_later(self, at: datetime) -> None:
        form = {"revocations": (Revocation(at, frozenset({"g1"}), RevocationMode.WRITTEN),)}
        assert state("grant.not-revoked", form=form) is SATISFIED


class TestNotHeld:
    def test_this_id(self) -> None:
        assert state("grant.not-held", known={"holds": (Hold("p1", NOW, frozenset({"g1"})),)}) is VIOLATED

    def test_not_loaded(self) -> None:
        assert state("grant.not-held", known={"holds": None}) is UNKNOWN

    def test_none(self) -> None:
        assert state("grant.not-held") is SATISFIED


class TestProceedingAlone:
    @pytest.mark.parametrize("purpose", [P.PROCEEDING, P.INVESTIGATION, P.CHARGING, P.WARRANT, P.REVOCATION_HEARING])
    @pytest.mark.parametrize("kind", [ConsentKind.ROI, ConsentKind.TPO, ConsentKind.NOTES, ConsentKind.CJ_2_35])
    def test_outside(self, purpose: P, kind: ConsentKind) -> None:
        of = {"purposes": frozenset({P.CASE_ALIGNMENT, purpose})}
        assert state("grant.proceeding-alone", of, form={"kind": kind}) is VIOLATED

    def test_anything_else_inside(self) -> None:
        of = {"purposes": frozenset({P.PROCEEDING, P.TREATMENT})}
        assert state("grant.proceeding-alone", of, form={"kind": ConsentKind.PROCEEDING}) is VIOLATED

    def test_apart(self) -> None:
        of = {"purposes": frozenset({P.PROCEEDING, P.CHARGING})}
        assert state("grant.proceeding-alone", of, form={"kind": ConsentKind.PROCEEDING}) is SATISFIED
        assert state("grant.proceeding-alone", {"purposes": frozenset({P.FUNDRAISING})}) is SATISFIED


class TestNotesAlone:
    @pytest.mark.parametrize("note", sorted(NOTES))
    def test_outside(self, note: C) -> None:
        assert state("grant.notes-alone", {"categories": frozenset({C.PROGRESS, note})}) is VIOLATED

    def test_anything_else_inside(self) -> None:
        of = {"categories": frozenset({C.PROGRESS, C.COUNSELING_NOTES})}
        assert state("grant.notes-alone", of, form={"kind": ConsentKind.NOTES}) is VIOLATED

    def test_apart(self) -> None:
        of = {"categories": frozenset({C.COUNSELING_NOTES})}
        assert state("grant.notes-alone", of, form={"kind": ConsentKind.NOTES}) is SATISFIED
        assert state("grant.notes-alone") is SATISFIED


class TestNotesCategory:
    @pytest.mark.parametrize("categories", [frozenset(), NOTES])
    def test_not_one(self, categories: frozenset[C]) -> None:
        of = {"categories": categories}
        assert state("grant.notes-category", of, form={"kind": ConsentKind.NOTES}) is VIOLATED

    def test_another_kind(self) -> None:
        assert state("grant.notes-category") is MOOT

    def test_one(self) -> None:
        of = {"categories": frozenset({C.PSYCHOTHERAPY_NOTES})}
        assert state("grant.notes-category", of, form={"kind": ConsentKind.NOTES}) is SATISFIED


class TestDiscloser:
    @pytest.mark.parametrize(
        ("discloser", "source", "expected"),
        [
            ("cm", "cm2", VIOLATED),
            ("cm2", "cm", VIOLATED),
            ("hospital", "otp", VIOLATED),
            ("anyone", "cm", VIOLATED),
            ("ghost", "ghost", VIOLATED),
            ("hospital", None, VIOLATED),
            ("cm", "cm", SATISFIED),
            ("cm", "otp", SATISFIED),
            ("cm", None, SATISFIED),
            ("cm", "ghost", SATISFIED),
            ("otp", "otp", SATISFIED),
        ],
    )
    def test_who_discloses(self, discloser: str, source: str | None, expected: State) -> None:
        of = {"discloser": frozenset({discloser})}
        assert covers("grant.discloser", of, item(source=source)) is expected


class TestCategory:
    @pytest.mark.parametrize(("category", "expected"), [(C.GOALS, VIOLATED), (C.PROGRESS, SATISFIED)])
    def test_listed(self, category: C, expected: State) -> None:
        assert covers("grant.category", {}, item(category=category)) is expected


class TestRecordDates:
    @pytest.mark.parametrize(
        ("since", "until", "expected"),
        [
            (date(2026, 11, 15), None, VIOLATED),
            (None, date(2026, 11, 13), VIOLATED),
            (date(2026, 11, 14), date(2026, 11, 14), SATISFIED),
            (None, date(2026, 11, 14), SATISFIED),
            (None, None, MOOT),
        ],
    )
    def test_days_of_the_site(self, since: date | None, until: date | None, expected: State) -> None:
        made = item(created=datetime(2026, 11, 15, 7, 59, tzinfo=UTC))  # the 14th, a minute before midnight
        assert covers("grant.record-dates", {"record_from": since, "record_to": until}, made) is expected


class TestCeiling:
    @pytest.mark.parametrize(("kind", "expected"), [(ConsentKind.PROCEEDING, SATISFIED), (ConsentKind.NOTES, MOOT)])
    def test_none_under_these(self, kind: ConsentKind, expected: State) -> None:
        assert covers("grant.ceiling", {}, item(category=C.DRUG_TESTS), kind=kind) is expected

    def test_above(self) -> None:
        assert covers("grant.ceiling", {}, item(category=C.DRUG_TESTS)) is VIOLATED

    def test_a_stranger(self) -> None:
        assert covers("grant.ceiling", {}, item(), {"requester": "nobody"}) is UNKNOWN

    def test_below(self) -> None:
        assert covers("grant.ceiling", {}, item()) is SATISFIED


class TestCeilingTable:
    """Said again from the contract, by counts and by what must never be there."""

    @pytest.mark.parametrize("kind", sorted(JUSTICE_KINDS))
    def test_justice(self, kind: OrganizationKind) -> None:
        sizes = {p: len(ceiling(kind, p)) for p in P if ceiling(kind, p)}
        assert sizes == {
            P.WARM_HANDOFF: 4,
            P.RESOURCE_BARRIER: 8,
            P.CARE_COORDINATION: 14,
            P.CASE_ALIGNMENT: 12,
            P.SUPERVISION_MONITORING: 6,
        }
        for purpose in P:
            assert not ceiling(kind, purpose) & (FIREWALL_CATEGORIES | NOTES | {C.MOUD, C.SUD_DIAGNOSIS, C.MEDICATIONS})

    @pytest.mark.parametrize(
        ("kind", "size"),
        [
            (K.BUSINESS, 2),
            (K.FUNDER, 2),
            (K.PROJECT_MANAGEMENT, 10),
            (K.HOUSING, 12),
            (K.BENEFITS, 12),
            (K.HOSPITAL, 30),
        ],
    )
    def test_others(self, kind: OrganizationKind, size: int) -> None:
        assert {len(ceiling(kind, p)) for p in P} == {size}

    def test_an_evaluator(self) -> None:
        assert {p for p in P if len(ceiling(K.EVALUATOR, p)) == 23} == {P.RESEARCH, P.AUDIT, P.PUBLIC_HEALTH}
        assert {len(ceiling(K.EVALUATOR, p)) for p in P} == {23, 2}

    def test_notes_are_below_no_ceiling(self) -> None:
        assert all(not ceiling(kind, purpose) & NOTES for kind in K for purpose in P)


def test_far_moments_do_not_break_a_day() -> None:
    far = datetime.max.replace(tzinfo=UTC)
    assert covers("grant.record-dates", {"record_to": date(2026, 1, 1)}, item(created=far)) is VIOLATED
    near = datetime.min.replace(tzinfo=UTC) + timedelta(seconds=1)
    assert covers("grant.record-dates", {"record_from": date(2026, 1, 1)}, item(created=near)) is VIOLATED
