"""Borders of rules, to the exact set, day and letter."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from consent.codes import NOTES, Capacity, Category, ConsentKind, OrderFinding, OrderType, OrganizationKind, Purpose
from consent.days import day_of
from consent.decision import State
from consent.labels import label, under_part2
from consent.matter import matter_of
from consent.model import ContentLabels, Person, Restriction, Revocation, RevocationMode, Signer
from consent.rules.annexes import EFFECTIVE_2024
from consent.rules.ceilings import ceiling
from consent.rules.rule import Verdict, either, not_applicable, satisfied, unknown, violated
from consent.sensitivity import Confidentiality, Sensitivity
from tests.consent.builders import NOW, TERMS, C, K, P, consent, facts, grant, item, judged, matter, order, request

SATISFIED, VIOLATED, UNKNOWN = State.SATISFIED, State.VIOLATED, State.UNKNOWN
CIVIL = frozenset(
    {
        OrderFinding.NOTICE_GIVEN,
        OrderFinding.NO_OTHER_WAY,
        OrderFinding.PUBLIC_INTEREST_OUTWEIGHS,
        OrderFinding.SCOPE_LIMITED,
    }
)
CRIMINAL = CIVIL | {OrderFinding.EXTREMELY_SERIOUS_CRIME, OrderFinding.SUBSTANTIAL_VALUE}
CLASS = frozenset({"class:treating-providers"})


def test_either_says_its_words() -> None:
    assert either(condition=True, good="good", bad="bad") == satisfied("good")
    assert either(condition=False, good="good", bad="bad") == violated("bad")


@pytest.mark.parametrize(
    ("say", "state"),
    [
        (satisfied, State.SATISFIED),
        (violated, State.VIOLATED),
        (unknown, State.UNKNOWN),
        (not_applicable, State.NOT_APPLICABLE),
    ],
)
def test_every_verdict_says_why(say: Callable[[str], Verdict], state: State) -> None:
    assert say("the reason") == Verdict(state, "the reason")


class TestOrders:
    def test_exactly_the_findings_that_the_section_asks_for(self) -> None:
        assert judged("order.civil-findings", matter(), order(findings=CIVIL)).state is SATISFIED
        criminal = order(type=OrderType.O2_65, findings=CRIMINAL)
        assert judged("order.criminal-findings", matter(), criminal).state is SATISFIED

    @pytest.mark.parametrize("finding", sorted(CRIMINAL))
    def test_one_finding_less(self, finding: OrderFinding) -> None:
        short = order(type=OrderType.O2_65, findings=CRIMINAL - {finding})
        assert judged("order.criminal-findings", matter(), short).state is VIOLATED


class TestGrants:
    def test_a_class_counts_from_the_first_day_of_the_rule(self) -> None:
        zone = ZoneInfo("America/Los_Angeles")
        first = datetime(EFFECTIVE_2024.year, EFFECTIVE_2024.month, EFFECTIVE_2024.day, tzinfo=zone)
        given = grant(recipient=CLASS)
        for moment, state in ((first, SATISFIED), (first.replace(day=15, hour=23, minute=59), VIOLATED)):
            signed = consent(given, signed_at=moment)
            assert judged("grant.class", matter({"requester": "clinic"}), signed, given).state is state

    def test_all_purposes_of_a_proceeding_in_one_grant(self) -> None:
        given = grant(purposes=frozenset({P.PROCEEDING, P.INVESTIGATION, P.CHARGING, P.WARRANT, P.REVOCATION_HEARING}))
        signed = consent(given, kind=ConsentKind.PROCEEDING)
        assert judged("grant.proceeding-alone", matter(), signed, given).state is SATISFIED

    def test_both_notes_in_one_grant_are_notes_alone(self) -> None:
        given = grant(categories=NOTES)
        signed = consent(given, kind=ConsentKind.NOTES)
        assert judged("grant.notes-alone", matter(), signed, given).state is SATISFIED
        assert judged("grant.notes-category", matter(), signed, given).state is VIOLATED

    @pytest.mark.parametrize("name", ["a", "l", "all"])
    def test_a_whole_revocation_is_no_list_of_letters(self, name: str) -> None:
        """`"a" in "all"` is True in Python; a grant may be called so."""
        given = grant(id=name)
        signed = consent(given, revocations=(Revocation(NOW, "all", RevocationMode.ORAL),))
        assert judged("grant.not-revoked", matter(), signed, given).state is SATISFIED
        assert judged("consent.not-revoked", matter(), signed).state is VIOLATED

    def test_a_class_and_nobody_who_is_known(self) -> None:
        known = replace(facts(), participants={})
        given = grant(recipient=CLASS)
        before = matter_of(request(requester="clinic"), known)
        assert judged("grant.recipient", before, consent(given), given).state is UNKNOWN

    @pytest.mark.parametrize(
        ("made", "state"),
        [(datetime(2026, 3, 1, 8, tzinfo=UTC), SATISFIED), (datetime(2026, 3, 1, 7, 59, tzinfo=UTC), VIOLATED)],
    )
    def test_record_dates_are_days_of_the_site(self, made: datetime, state: State) -> None:
        given = grant(record_from=date(2026, 3, 1))
        assert judged("grant.record-dates", matter(), consent(given), given, item(created=made)).state is state


class TestSigning:
    @pytest.mark.parametrize(("birthday", "state"), [(date(2013, 8, 16), SATISFIED), (date(2013, 8, 17), VIOLATED)])
    def test_thirteen_on_the_day_of_signing(self, birthday: date, state: State) -> None:
        before = matter(known=facts(ray={"birth_date": birthday}))
        signed = consent(signer=Signer("Ray Alder", Capacity.SELF))  # on 16 August 2026 at the site
        assert judged("consent.capacity", before, signed).state is state


class TestMonitor:
    @pytest.mark.parametrize("name", ["XXXX", "", " "])
    def test_an_official_whom_nobody_named(self, name: str) -> None:
        signed = consent(kind=ConsentKind.CJ_2_35, cj=replace(TERMS, monitoring_official=None))
        before = matter({"purpose": P.SUPERVISION_MONITORING, "person": Person(name, "judge")})
        assert judged("cj.monitor", before, signed).state is VIOLATED


class TestCeilings:
    def test_a_kind_without_a_row_gets_nothing(self) -> None:
        nobody = "somebody-new"
        assert ceiling(nobody, Purpose.TREATMENT) == frozenset()  # type: ignore[arg-type]  # a kind that is added later

    def test_every_row_is_a_set_of_categories_without_notes(self) -> None:
        rows = [ceiling(kind, purpose) for kind in OrganizationKind for purpose in Purpose]
        assert all(row <= frozenset(Category) - NOTES for row in rows)


class TestDays:
    @pytest.mark.parametrize("moment", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)])
    def test_the_ends_of_the_calendar(self, moment: datetime) -> None:
        for zone in (ZoneInfo("America/Los_Angeles"), ZoneInfo("Pacific/Kiritimati")):
            assert day_of(moment, zone) in {moment.date()} | ({date.max} if moment.year > 1 else {date.min})


def kept(sensitivities: set[Sensitivity]) -> ContentLabels:
    return ContentLabels(
        part2=True, opaque=False, sensitivities=frozenset(sensitivities), confidentiality=Confidentiality.R
    )


class TestMatter:
    def test_days_are_looked_up_once(self) -> None:
        before = matter()
        assert before.day(NOW) is before.day(NOW)
        assert before.day(NOW) == date(2026, 11, 24)

    @pytest.mark.parametrize(
        ("restricted", "state"),
        [(C.PROGRESS, VIOLATED), (C.HIV_STI, VIOLATED), (C.MENTAL_HEALTH, SATISFIED), (C.GOALS, SATISFIED)],
    )
    def test_a_restriction_reaches_an_item_by_its_category_and_by_what_is_in_it(
        self, restricted: C, state: State
    ) -> None:
        found = kept({Sensitivity.HIV})
        thing = item(labels=found)
        agreed = Restriction("p1", "pa", agreed=True, categories=frozenset({restricted}))
        before = matter(known=facts(restrictions=(agreed,), record=(thing,)))
        assert judged("participant.restriction", before, thing).state is state

    def test_what_a_category_says_by_itself_asks_for_no_other(self) -> None:
        """A drug test tells of substance use, as its category does: whoever lists drug tests has described it."""
        found = kept({Sensitivity.SUD, Sensitivity.ETH})
        given = grant(categories=frozenset({C.DRUG_TESTS}))
        thing = item(category=C.DRUG_TESTS, labels=found)
        assert judged("grant.category", matter(), consent(given), given, thing).state is SATISFIED
        other = item(labels=found)
        given = grant(categories=frozenset({C.PROGRESS}))
        assert judged("grant.category", matter(), consent(given), given, other).state is VIOLATED

    def test_case_management_keeps(self) -> None:
        assert matter().keepers == {"cm", "cm2"}

    def test_an_item_without_a_source_has_none(self) -> None:
        known = facts()
        odd = {**known.organizations, None: known.organizations["hospital"]}
        broken = replace(known, organizations=odd)  # type: ignore[arg-type]  # broken on purpose
        assert label(item(source=None), broken).source is None
        assert under_part2(item(source=None), broken)

    def test_the_firewall_is_labelled(self) -> None:
        assert label(item(category=C.DRUG_TESTS), facts()).firewall is True
        assert label(item(category=C.GOALS), facts()).firewall is False
        assert ceiling(K.PROSECUTOR, P.CASE_ALIGNMENT).isdisjoint({C.DRUG_TESTS})
