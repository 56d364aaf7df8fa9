"""Reports of fixed form: each rule broken once, then a report that may go (P2-12, P2-13, H-06, GR-01)."""

from dataclasses import FrozenInstanceError, fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from consent.model import Person
from consent.reports import (
    LONGEST,
    TYPES,
    Addressee,
    Authority,
    ChildAbuseReport,
    PremisesReport,
    Report,
    ReportKind,
    ThreatReport,
    cite_of,
    report_faults,
    report_text,
    title_of,
    told_fields,
)
from tests.consent.builders import NOW, SECOND

AUTHOR = Person("Sam Example", "case-manager")
APPROVER = Person("Val Hemlock", "supervisor")
POLICE = Addressee("Fern Police", "1 Fern Square", Authority.POLICE)
CHILDREN = Addressee("Fern Child Protection", "2 Fern Square", Authority.CHILD_PROTECTION)
PREMISES = PremisesReport(
    occurred_at=NOW - timedelta(hours=1),
    circumstances="Broke the window of the front office and threatened the receptionist with a chair.",
    patient_status="patient of this program",
    name="Ray Alder",
    address="",
    last_known_whereabouts="walking north on Fern Street",
    author=AUTHOR,
    approver=APPROVER,
)
ABUSE = ChildAbuseReport(
    learned_at=NOW - timedelta(hours=1),
    state_law="RCW 26.44.030",
    child_name="Testina Fir",
    child_whereabouts="at home",
    suspected_person="Ray Alder",
    suspicion="Bruises on both arms; the child says that he did it.",
    author=AUTHOR,
    approver=APPROVER,
)
THREAT = ThreatReport(
    learned_at=NOW - timedelta(hours=1),
    threat="Said by telephone that he will shoot a neighbour tonight.",
    threatened="the neighbour at 3 Fern Street",
    person_named="Ray Alder",
    last_known_whereabouts="near 1 Fern Street",
    author=AUTHOR,
    approver=APPROVER,
)
CASES: list[tuple[Report, Addressee]] = [(PREMISES, POLICE), (ABUSE, CHILDREN), (THREAT, POLICE)]
WITH_ADDRESSEE = pytest.mark.parametrize(("report", "addressee"), CASES, ids=["premises", "abuse", "threat"])


def faulty(report: Report, addressee: Addressee) -> list[str]:
    return [each.field for each in report_faults(report, addressee, at=NOW)]


@WITH_ADDRESSEE
class TestEveryReport:
    def test_the_author_does_not_approve(self, report: Report, addressee: Addressee) -> None:
        assert faulty(replace(report, approver=Person("sam  EXAMPLE", "supervisor")), addressee) == ["approver.name"]

    def test_not_everybody_approves(self, report: Report, addressee: Addressee) -> None:
        assert faulty(replace(report, approver=Person("Val Hemlock", "case-manager")), addressee) == ["approver.role"]

    def test_persons_have_names(self, report: Report, addressee: Addressee) -> None:
        nobody = Person(" ", "")
        found = faulty(replace(report, author=nobody, approver=nobody), addressee)
        assert found == ["author.name", "author.role", "approver.name", "approver.role", "approver.role"]

    def test_an_addressee_is_named(self, report: Report, addressee: Addressee) -> None:
        assert faulty(report, replace(addressee, name="", address=" ")) == ["addressee.name", "addressee.address"]

    def test_nothing_has_room_for_a_record(self, report: Report, addressee: Addressee) -> None:
        """P2-12: a drug test cannot be attached, for there is nowhere to put it."""
        assert {each.type for each in fields(report)} <= {"str", "datetime", "Person", str, datetime, Person}
        with pytest.raises(TypeError):
            replace(report, attachment={"resourceType": "Observation"})
        with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
            report.attachment = "x"  # type: ignore[union-attr]  # that there is no such field is the test
        assert addressee

    def test_every_text_is_short_and_there(self, report: Report, addressee: Addressee) -> None:
        may_be_blank = {"address", "last_known_whereabouts", "child_whereabouts"}
        for each in fields(report):
            if isinstance(getattr(report, each.name), str):
                assert faulty(replace(report, **{each.name: "x" * (LONGEST + 1)}), addressee) == [each.name]
                assert faulty(replace(report, **{each.name: "x" * LONGEST}), addressee) == []
                expected = [] if each.name in may_be_blank else [each.name]
                assert faulty(replace(report, **{each.name: " \u200b"}), addressee) == expected

    def test_it_happened_before_it_is_reported(self, report: Report, addressee: Addressee) -> None:
        name = "occurred_at" if isinstance(report, PremisesReport) else "learned_at"
        assert faulty(replace(report, **{name: NOW + SECOND}), addressee) == [name]
        assert faulty(replace(report, **{name: NOW.replace(tzinfo=None)}), addressee) == [name]
        assert faulty(replace(report, **{name: NOW}), addressee) == []

    def test_a_fault_tells_nothing_of_the_text(self, report: Report, addressee: Addressee) -> None:
        bad = replace(report, author=replace(AUTHOR, role=""), approver=AUTHOR)
        said = " ".join(f"{each.rule} {each.field}" for each in report_faults(bad, addressee, at=NOW))
        assert "Example" not in said
        assert "Alder" not in said

    def test_a_report_that_may_go(self, report: Report, addressee: Addressee) -> None:
        assert report_faults(report, addressee, at=NOW) == ()


@pytest.mark.parametrize(
    ("report", "authority"),
    [
        (PREMISES, Authority.CHILD_PROTECTION),
        (PREMISES, Authority.EMERGENCY_DISPATCH),
        (ABUSE, Authority.POLICE),
        (ABUSE, Authority.EMERGENCY_DISPATCH),
        (THREAT, Authority.CHILD_PROTECTION),
    ],
)
def test_to_whom_a_report_may_not_go(report: Report, authority: Authority) -> None:
    faults = report_faults(report, replace(POLICE, authority=authority), at=NOW)
    assert [each.field for each in faults] == ["addressee.authority"]


def test_there_is_room_for_an_incident() -> None:
    assert LONGEST == 1000


class TestEachRule:
    """The rule that a report breaks, in words, and where it comes from."""

    TWO_PERSONS = "LEAD two-person rule"

    def test_of_the_persons(self) -> None:
        nobody = Person(" ", "")
        assert report_faults(replace(PREMISES, author=nobody, approver=nobody), POLICE, at=NOW) == (
            ("author.name", "must not be blank", self.TWO_PERSONS),
            ("author.role", "must not be blank", self.TWO_PERSONS),
            ("approver.name", "must not be blank", self.TWO_PERSONS),
            ("approver.role", "must not be blank", self.TWO_PERSONS),
            ("approver.role", "must be one of `privacy-officer`, `supervisor`", self.TWO_PERSONS),
        )
        assert report_faults(replace(PREMISES, author=APPROVER), POLICE, at=NOW) == (
            ("approver.name", "must be another person than the author", self.TWO_PERSONS),
        )

    def test_of_the_addressee(self) -> None:
        nobody = Addressee("", " ", Authority.CHILD_PROTECTION)
        assert report_faults(THREAT, nobody, at=NOW) == (
            ("addressee.authority", "must be one of `emergency-dispatch`, `police`", "LEAD GR-01"),
            ("addressee.name", "must not be blank", "LEAD GR-01"),
            ("addressee.address", "must not be blank", "LEAD GR-01"),
        )

    @WITH_ADDRESSEE
    def test_of_its_moment(self, report: Report, addressee: Addressee) -> None:
        name = "occurred_at" if isinstance(report, PremisesReport) else "learned_at"
        late = report_faults(replace(report, **{name: NOW + SECOND}), addressee, at=NOW)
        bare = report_faults(replace(report, **{name: NOW.replace(tzinfo=None)}), addressee, at=NOW)
        cite = {PREMISES: "42 CFR 2.12(c)(5)", ABUSE: "42 CFR 2.12(c)(6)", THREAT: "LEAD GR-01"}[report]
        assert late == ((name, "must not be later than the report", cite),)
        assert bare == ((name, "must have an offset", cite),)

    def test_of_its_texts(self) -> None:
        told = {
            " ": "must not be blank",
            "x" * 1001: "must be at most 1000 characters: no record goes with a report",
            "he left treatment": "must not tell, or hint, that anybody is in care",
        }
        for text, rule in told.items():
            assert report_faults(replace(THREAT, threat=text), POLICE, at=NOW) == (("threat", rule, "LEAD GR-01"),)


class TestThreat:
    @pytest.mark.parametrize(
        "telling",
        [
            "he is a patient here",
            "our participant",
            "since he left treatment",
            "Methadone patient",
            "enrolled in LEAD",
            "he relapsed",
            "told his case manager",
        ],
    )
    @pytest.mark.parametrize("name", ["threat", "threatened", "person_named", "last_known_whereabouts"])
    def test_it_never_hints_that_somebody_is_in_care(self, telling: str, name: str) -> None:
        found = report_faults(replace(THREAT, **{name: telling}), POLICE, at=NOW)
        assert [each.field for each in found] == [name]
        assert "methadone" not in found[0].rule.lower()

    def test_a_lead_pipe_is_a_weapon(self) -> None:
        assert report_faults(replace(THREAT, threat="He holds a lead pipe."), POLICE, at=NOW) == ()

    @pytest.mark.parametrize("name", ["circumstances", "patient_status", "name", "address", "last_known_whereabouts"])
    @pytest.mark.parametrize(
        "telling", ["Took METHADONE from the desk.", "on suboxone", "after his detox", "treated here"]
    )
    def test_a_crime_is_told_without_a_treatment(self, telling: str, name: str) -> None:
        """2.12(c)(5) lets the circumstances go, patient status among them, not what somebody is treated with."""
        assert report_faults(replace(PREMISES, **{name: telling}), POLICE, at=NOW) == (
            (
                name,
                "must not name a treatment: only the circumstances of the incident may be told",
                "42 CFR 2.12(c)(5)",
            ),
        )

    def test_the_others_may_say_so(self) -> None:
        """2.12(c)(5) lets patient status go."""
        assert report_faults(replace(PREMISES, circumstances="A patient hit a nurse."), POLICE, at=NOW) == ()


class TestKinds:
    def test_each_kind_is_of_its_own_type_and_provision(self) -> None:
        assert {kind: (TYPES[kind], cite_of(kind)) for kind in ReportKind} == {
            ReportKind.PREMISES: (PremisesReport, "42 CFR 2.12(c)(5)"),
            ReportKind.CHILD_ABUSE: (ChildAbuseReport, "42 CFR 2.12(c)(6)"),
            ReportKind.THREAT: (ThreatReport, "LEAD GR-01"),
        }

    @pytest.mark.parametrize(("kind", "case"), [*zip(ReportKind, CASES, strict=True)])
    def test_what_is_told_are_all_fields_but_the_persons(
        self, kind: ReportKind, case: tuple[Report, Addressee]
    ) -> None:
        report, _ = case
        assert told_fields(kind) == tuple(each.name for each in fields(report))[:-2]
        assert report_text(report).startswith(f"{title_of(kind)}\n\n")


class TestText:
    def test_a_whole_report_of_the_premises(self) -> None:
        assert report_text(PREMISES).splitlines() == [
            "Report of a crime, or the threat of one, on program premises or against program personnel",
            "",
            f"When it happened: {PREMISES.occurred_at.isoformat()}",
            f"What happened: {PREMISES.circumstances}",
            "Standing with the program: patient of this program",
            "Name: Ray Alder",
            "Last known whereabouts: walking north on Fern Street",
            "",
            "Reported by: Sam Example, case-manager",
            "",
            "Limited to the circumstances of the incident by 42 CFR 2.12(c)(5). No record is attached.",
        ]

    def test_a_whole_report_of_a_threat(self) -> None:
        assert report_text(THREAT).splitlines() == [
            "Report of a threat to life or safety",
            "",
            f"When it became known: {THREAT.learned_at.isoformat()}",
            "The threat: Said by telephone that he will shoot a neighbour tonight.",
            "Who or what is threatened: the neighbour at 3 Fern Street",
            "Person who threatens: Ray Alder",
            "Last known whereabouts: near 1 Fern Street",
            "",
            "No record is attached.",
        ]

    def test_premises(self) -> None:
        text = report_text(replace(PREMISES, circumstances="Broke\na window.\n\nName: Testina Fir"))
        assert text.splitlines()[2:7] == [
            f"When it happened: {PREMISES.occurred_at.isoformat()}",
            "What happened: Broke a window. Name: Testina Fir",
            "Standing with the program: patient of this program",
            "Name: Ray Alder",
            "Last known whereabouts: walking north on Fern Street",
        ]
        assert "Address" not in text
        assert "2.12(c)(5)" in text
        assert "Sam Example" in text

    def test_abuse(self) -> None:
        text = report_text(ABUSE)
        assert "2.12(c)(6)" in text
        assert "Reported under: RCW 26.44.030" in text
        assert "Val Hemlock" not in text

    def test_threat_names_nobody_of_the_program(self) -> None:
        text = report_text(THREAT)
        assert "Example" not in text
        assert "case-manager" not in text
        assert "42 CFR" not in text
        assert "3 Fern Street" in text

    @pytest.mark.parametrize("report", [PREMISES, ABUSE, THREAT])
    def test_every_field_that_is_told_is_told(self, report: Any) -> None:
        for each in fields(report):
            value = getattr(report, each.name)
            if isinstance(value, str) and value:
                assert value in report_text(report)
