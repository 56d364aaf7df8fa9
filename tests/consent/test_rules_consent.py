"""Rules about a consent as a whole: its elements, its signature, its kind (42 CFR 2.31)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from consent.codes import Capacity, ConsentKind, Integrity, RevocationMode
from consent.decision import State
from consent.model import CriminalJusticeTerms, Person, Revocation, Signer
from tests.consent.builders import NOW, SECOND, TERMS, C, P, consent, facts, grant, judged, matter

SATISFIED, VIOLATED, UNKNOWN, MOOT = State.SATISFIED, State.VIOLATED, State.UNKNOWN, State.NOT_APPLICABLE
TPO, NOTES, PROCEEDING, CJ = ConsentKind.TPO, ConsentKind.NOTES, ConsentKind.PROCEEDING, ConsentKind.CJ_2_35


def state(identifier: str, about: Any, asked: dict[str, Any] | None = None, known: Any = None) -> State:
    return judged(identifier, matter(asked, known), about).state


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("consent.name", "patient_name"),
        ("consent.how-to-revoke", "how_to_revoke"),
        ("consent.redisclosure-warning", "redisclosure_warning"),
        ("consent.refusal-consequences", "refusal_consequences"),
    ],
)
class TestTexts:
    @pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u00a0", "\u200b", "\u2003\u2060"])
    def test_blank(self, name: str, field: str, blank: str) -> None:
        assert state(name, consent(**{field: blank})) is VIOLATED

    def test_written(self, name: str, field: str) -> None:
        assert state(name, consent(**{field: "é"})) is SATISFIED


class TestSigner:
    def test_blank(self) -> None:
        assert state("consent.signer", consent(signer=Signer(" ", Capacity.SELF))) is VIOLATED

    def test_written(self) -> None:
        assert state("consent.signer", consent()) is SATISFIED


class TestDated:
    def test_later(self) -> None:
        assert state("consent.dated", consent(signed_at=NOW + SECOND)) is VIOLATED

    def test_this_second(self) -> None:
        assert state("consent.dated", consent(signed_at=NOW)) is SATISFIED


class TestReliable:
    @pytest.mark.parametrize("integrity", [Integrity.SUSPECT, Integrity.UNREADABLE])
    def test_not(self, integrity: Integrity) -> None:
        assert state("consent.reliable", consent(integrity=integrity)) is VIOLATED

    def test_reliable(self) -> None:
        assert state("consent.reliable", consent()) is SATISFIED


class TestNotRevoked:
    @pytest.mark.parametrize("grants", ["all", frozenset(), frozenset({"g9"}), frozenset({"g1", "g9"})])
    @pytest.mark.parametrize("mode", list(RevocationMode))
    def test_revoked(self, grants: Any, mode: RevocationMode) -> None:
        assert state("consent.not-revoked", consent(revocations=(Revocation(NOW, grants, mode),))) is VIOLATED

    def test_not_yet(self) -> None:
        later = Revocation(NOW + SECOND, "all", RevocationMode.ORAL)
        assert state("consent.not-revoked", consent(revocations=(later,))) is SATISFIED

    def test_one_grant_only(self) -> None:
        one = Revocation(NOW, frozenset({"g1"}), RevocationMode.WRITTEN)
        assert state("consent.not-revoked", consent(revocations=(one,))) is SATISFIED


class TestAttested:
    @pytest.mark.parametrize("attested", [None, False])
    @pytest.mark.parametrize("requester", ["pa", "housing", "cm"])
    def test_nobody_promised(self, requester: str, attested: bool | None) -> None:  # noqa: FBT001  -- a fact of the test
        assert state("requester.attested", consent(), {"requester": requester, "attested": attested}) is VIOLATED

    def test_a_stranger(self) -> None:
        assert state("requester.attested", consent(), {"requester": "nobody"}) is UNKNOWN

    def test_not_needed(self) -> None:
        assert state("requester.attested", consent(), {"requester": "hospital", "attested": None}) is MOOT
        assert state("requester.attested", consent(kind=PROCEEDING), {"attested": None}) is MOOT

    def test_promised(self) -> None:
        assert state("requester.attested", consent()) is SATISFIED


class TestCapacity:
    @pytest.mark.parametrize(
        ("born", "capacity", "authority", "expected"),
        [
            (None, Capacity.SELF, None, UNKNOWN),
            (date(1988, 1, 1), Capacity.PARENT, "mother", VIOLATED),
            (date(1988, 1, 1), Capacity.GUARDIAN, None, VIOLATED),
            (date(1988, 1, 1), Capacity.EXECUTOR, "  ", VIOLATED),
            (date(1988, 1, 1), Capacity.EXECUTOR, "letters of 3 May", SATISFIED),
            (date(1988, 1, 1), Capacity.PERSONAL_REPRESENTATIVE, "order", SATISFIED),
            (date(1988, 1, 1), Capacity.SELF, None, SATISFIED),
            (date(2012, 1, 1), Capacity.SELF, None, SATISFIED),
            (date(2012, 1, 1), Capacity.GUARDIAN, "order", VIOLATED),
            (date(2012, 1, 1), Capacity.PARENT, "mother", VIOLATED),
            (date(2014, 1, 1), Capacity.SELF, None, VIOLATED),
            (date(2014, 1, 1), Capacity.PARENT, "mother", VIOLATED),
            (date(2030, 1, 1), Capacity.SELF, None, VIOLATED),
        ],
    )
    def test_by_age(self, born: date | None, capacity: Capacity, authority: str | None, expected: State) -> None:
        signed = consent(signer=Signer("Ray Alder", capacity, authority))
        assert state("consent.capacity", signed, known=facts(ray={"birth_date": born})) is expected

    def test_a_minor_in_another_state(self) -> None:
        known = facts(ray={"birth_date": date(2010, 1, 1)}, site={"state": "OR"})
        assert state("consent.capacity", consent(), known=known) is VIOLATED

    @pytest.mark.parametrize(("hour", "expected"), [(7, VIOLATED), (8, SATISFIED)])
    def test_a_birthday_begins_at_the_site_s_midnight(self, hour: int, expected: State) -> None:
        signed = consent(
            signed_at=datetime(2026, 3, 3, hour, tzinfo=UTC), signer=Signer("Ida Alder", Capacity.GUARDIAN, "order")
        )
        assert state("consent.capacity", signed, known=facts(ray={"birth_date": date(2008, 3, 3)})) is expected


class TestOwnName:
    @pytest.mark.parametrize("name", ["Sam Example", "Ray", "Ráy Alder"])
    def test_another(self, name: str) -> None:
        assert state("consent.own-name", consent(signer=Signer(name, Capacity.SELF))) is VIOLATED

    def test_a_representative_has_one_of_their_own(self) -> None:
        assert state("consent.own-name", consent(signer=Signer("Ida", Capacity.GUARDIAN, "order"))) is MOOT

    @pytest.mark.parametrize("name", ["ray alder", " RAY\tALDER ", "RayAlder"])
    def test_the_same(self, name: str) -> None:
        assert state("consent.own-name", consent(signer=Signer(name, Capacity.SELF))) is SATISFIED


class TestTpo:
    @pytest.mark.parametrize("name", ["tpo.purpose", "tpo.statement", "tpo.since-2024", "tpo.recipient"])
    def test_another_kind(self, name: str) -> None:
        assert state(name, consent()) is MOOT

    def test_purpose(self) -> None:
        served = {p for p in P if state("tpo.purpose", consent(kind=TPO), {"purpose": p}) is SATISFIED}
        assert served == {P.TREATMENT, P.PAYMENT, P.OPERATIONS}

    @pytest.mark.parametrize(("text", "expected"), [(None, VIOLATED), (" ", VIOLATED), ("may be", SATISFIED)])
    def test_statement(self, text: str | None, expected: State) -> None:
        assert state("tpo.statement", consent(kind=TPO, tpo_statement=text)) is expected

    @pytest.mark.parametrize(("minute", "expected"), [(59, VIOLATED), (60, SATISFIED)])
    def test_since_the_site_s_16_april_2024(self, minute: int, expected: State) -> None:
        signed = datetime(2024, 4, 16, 6, tzinfo=UTC) + timedelta(minutes=minute)
        assert state("tpo.since-2024", consent(kind=TPO, signed_at=signed)) is expected

    @pytest.mark.parametrize(
        ("requester", "expected"),
        [("pa", VIOLATED), ("housing", VIOLATED), ("nobody", UNKNOWN), ("hospital", SATISFIED)],
    )
    def test_recipient(self, requester: str, expected: State) -> None:
        assert state("tpo.recipient", consent(kind=TPO), {"requester": requester}) is expected


class TestNotes:
    @pytest.mark.parametrize("name", ["notes.recipient", "notes.named"])
    def test_another_kind(self, name: str) -> None:
        assert state(name, consent()) is MOOT

    @pytest.mark.parametrize(
        ("requester", "expected"), [("pa", VIOLATED), ("housing", VIOLATED), ("nobody", UNKNOWN), ("clinic", SATISFIED)]
    )
    def test_recipient(self, requester: str, expected: State) -> None:
        assert state("notes.recipient", consent(kind=NOTES), {"requester": requester}) is expected

    def test_named(self) -> None:
        assert state("notes.named", consent(kind=NOTES)) is VIOLATED
        assert state("notes.named", consent(kind=NOTES), {"items": ("i1",)}) is SATISFIED


class TestProceedingAlone:
    def test_each_needs_the_other(self) -> None:
        assert state("proceeding.alone", consent(), {"purpose": P.PROCEEDING}) is VIOLATED
        assert state("proceeding.alone", consent(kind=PROCEEDING)) is VIOLATED

    def test_neither(self) -> None:
        assert state("proceeding.alone", consent()) is MOOT

    def test_both(self) -> None:
        assert state("proceeding.alone", consent(kind=PROCEEDING), {"purpose": P.PROCEEDING}) is SATISFIED


class TestProceedingTerms:
    @pytest.mark.parametrize(("cause", "counsel"), [(None, True), (" ", True), ("26-1", None), ("26-1", False)])
    def test_incomplete(self, cause: str | None, counsel: bool | None) -> None:  # noqa: FBT001  -- a fact of the test
        signed = consent(kind=PROCEEDING, proceeding_cause=cause, counsel_present=counsel)
        assert state("proceeding.terms", signed) is VIOLATED

    def test_another_kind(self) -> None:
        assert state("proceeding.terms", consent()) is MOOT

    def test_complete(self) -> None:
        signed = consent(kind=PROCEEDING, proceeding_cause="26-1", counsel_present=True)
        assert state("proceeding.terms", signed) is SATISFIED


class TestMonitoring:
    JUDGE: dict[str, Any] = {  # noqa: RUF012  -- never changed
        "requester": "court",
        "purpose": P.SUPERVISION_MONITORING,
        "person": Person("JUDGE linden", "judge"),
    }

    @pytest.mark.parametrize("name", ["cj.purpose", "cj.enabled", "cj.terms", "cj.monitor"])
    def test_another_kind(self, name: str) -> None:
        assert state(name, consent()) is MOOT

    def test_purpose(self) -> None:
        assert state("cj.purpose", consent(kind=CJ)) is VIOLATED
        assert state("cj.purpose", consent(), self.JUDGE) is VIOLATED
        assert state("cj.purpose", consent(kind=CJ), self.JUDGE) is SATISFIED

    def test_enabled(self) -> None:
        assert state("cj.enabled", consent(kind=CJ)) is VIOLATED
        assert state("cj.enabled", consent(kind=CJ), known=facts(site={"cj_2_35_enabled": True})) is SATISFIED

    @pytest.mark.parametrize(
        "terms",
        [
            None,
            CriminalJusticeTerms("", "26-1", "dismissal", "Judge Linden"),
            CriminalJusticeTerms("order", None, "dismissal", "Judge Linden"),
            CriminalJusticeTerms("order", "26-1", " ", "Judge Linden"),
            CriminalJusticeTerms("order", "26-1", "dismissal", ""),
        ],
    )
    def test_terms_incomplete(self, terms: CriminalJusticeTerms | None) -> None:
        assert state("cj.terms", consent(kind=CJ, cj=terms)) is VIOLATED

    def test_terms(self) -> None:
        assert state("cj.terms", consent(kind=CJ, cj=TERMS)) is SATISFIED

    @pytest.mark.parametrize(
        "change", [{"person": None}, {"person": Person("Judge Larch", "judge")}, {"requester": "housing"}]
    )
    def test_another_monitor(self, change: dict[str, Any]) -> None:
        assert state("cj.monitor", consent(kind=CJ, cj=TERMS), {**self.JUDGE, **change}) is VIOLATED

    def test_monitor(self) -> None:
        assert state("cj.monitor", consent(kind=CJ, cj=TERMS), self.JUDGE) is SATISFIED


def test_notes_grants_are_of_one_category() -> None:
    both = grant(categories=frozenset({C.COUNSELING_NOTES, C.PSYCHOTHERAPY_NOTES}))
    assert judged("grant.notes-category", matter(), consent(both, kind=NOTES), both).state is VIOLATED
