"""What travels with a release: statement, scope, obligations; and labels, words and days."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from consent.codes import HEALTH_KINDS, Category, ConsentKind, OrganizationKind, Part2Status
from consent.days import age_on, day_of
from consent.engine import decide
from consent.labels import label
from consent.model import Person
from consent.notices import STATEMENT_1, STATEMENT_2, notice_for
from consent.request import EmergencyDeclaration
from consent.scope import scope_text
from consent.wording import is_blank, same_name
from tests.consent.builders import (
    CM,
    HOSPITAL,
    NOW,
    ORGANIZATIONS,
    PA,
    SITE,
    C,
    P,
    consent,
    facts,
    grant,
    item,
    request,
)


class TestNotices:
    def test_the_texts_are_those_of_2024(self) -> None:
        texts = [hashlib.sha256(each.text.encode()).hexdigest() for each in (STATEMENT_1, STATEMENT_2)]
        assert texts == [
            "d82205a18044f9f45776343d91e26d8ddb44bf13e136af169ec73d755facd9a8",
            "79fee3d6dff7e052183c61b66bfed589f0f45dcf330bb277e07b396bd12e9774",
        ]

    @pytest.mark.parametrize("kind", list(OrganizationKind))
    def test_who_gets_which(self, kind: OrganizationKind) -> None:
        assert notice_for(kind).version == "2.32-2024-statement-1"
        short = kind in HEALTH_KINDS or kind is OrganizationKind.HEALTH_PLAN
        assert (notice_for(kind, constrained=True) is STATEMENT_2) == short


class TestScope:
    def text(self, **more: object) -> str:
        given = grant(recipient=frozenset({"pa", "housing", "otp"}), **more)
        return scope_text(consent(given), given, site=SITE, recipient=PA, disclosers=[CM], purpose=P.CASE_ALIGNMENT)

    def test_it_says_who_what_why_until_when(self) -> None:
        told = self.text()
        for word in (
            "c1",
            "g1",
            "Cm",
            "Pa",
            "liaison-prosecutor",
            "engagement, progress",
            "case-alignment",
            "2027-03-04",
        ):
            assert word in told

    def test_it_names_no_other_recipient_and_nothing_that_is_kept_back(self) -> None:
        told = self.text(purposes=frozenset({P.CASE_ALIGNMENT, P.FUNDRAISING, P.TREATMENT}))
        for word in ("Housing", "Otp", "otp", "drug-tests", "Alder", "fundraising", "treatment"):
            assert word not in told

    def test_it_holds_no_moment_of_sending(self) -> None:
        first = decide(request(), facts()).obligations
        assert decide(request(at=NOW + timedelta(hours=3)), facts()).obligations == first

    def test_dates_events_and_onward(self) -> None:
        assert "2026-01-01" in self.text(record_from=date(2026, 1, 1))
        assert "graduation" in self.text(expires="event:graduation")
        assert "revoked in writing" in self.text(expires="none")
        assert "9999" in self.text(expires=datetime(9999, 12, 31, tzinfo=UTC))
        onward = facts(consent(grant(redisclose_to=("court", "ghost"))))
        told = next(o.text for o in decide(request(), onward).obligations if o.kind == "consent-scope")
        assert "passed on to: Court." in (told or "")

    def test_no_name_breaks_a_line(self) -> None:
        broken = " {}\n\u2028\t{}\r "
        given = grant(id=broken.format("g", 1), role=broken.format("r", 2), expires="event:" + broken.format("e", 3))
        told = scope_text(
            consent(given, id=broken.format("c", 4)),
            given,
            site=replace(SITE, name=broken.format("S", 5)),
            recipient=replace(PA, name=broken.format("P", 6)),
            disclosers=[],
            redisclose_to=[replace(CM, name=broken.format("O", 7))],
            purpose=P.CASE_ALIGNMENT,
        )
        for text in ("consent c 4, grant g 1 (", "disclose: S 5.", "receive: P 6 (r 2).", "event 'e 3'", "to: O 7."):
            assert text in told
        assert " ".join(told.split()) == told

    def test_a_source_is_named_only_where_it_discloses(self) -> None:
        asked = request(requester="hospital", purpose=P.TREATMENT)
        about = {"purposes": frozenset({P.TREATMENT}), "categories": frozenset({C.MOUD}), "role": None}
        kept = grant(recipient=frozenset({"hospital"}), discloser=frozenset({"cm", "otp"}), **about)
        bare = replace(kept, discloser=frozenset({"otp"}))
        for given, named in ((kept, "Cm"), (bare, "Otp")):
            known = facts(consent(given), record=(item(category=C.MOUD, source="otp"),))
            told = next(o.text for o in decide(asked, known).obligations if o.kind == "consent-scope")
            assert f"May disclose: {named}." in (told or "")


class TestObligations:
    def kinds(self, requester: str, source: str | None, category: Category) -> list[str]:
        given = grant(
            recipient=frozenset({requester}),
            purposes=frozenset({P.CARE_COORDINATION}),
            categories=frozenset({category}),
            role=None,
            discloser=frozenset({"cm", "cm2"}),
        )
        known = facts(consent(given), record=(item(category=category, source=source),))
        asked = request(requester=requester, purpose=P.CARE_COORDINATION, person=None)
        return [o.kind for o in decide(asked, known).obligations]

    def test_by_recipient_and_protection(self) -> None:
        assert self.kinds("housing", "cm2", C.GOALS) == ["approval"]
        assert self.kinds("housing", None, C.GOALS) == ["notice", "consent-scope", "approval"]
        assert self.kinds("hospital", "cm2", C.GOALS) == []
        assert self.kinds("hospital", "otp", C.GOALS) == ["notice", "consent-scope"]

    def test_a_denial_owes_nothing(self) -> None:
        assert decide(request(purpose=P.CHARGING), facts()).obligations == ()

    def test_two_grants_two_scopes(self) -> None:
        one, other = grant(categories=frozenset({C.PROGRESS})), grant(id="g2", categories=frozenset({C.ENGAGEMENT}))
        known = facts(consent(one, other), record=(item("i1"), item("i2", C.ENGAGEMENT)))
        kinds = [o.kind for o in decide(request(), known).obligations]
        assert kinds == ["notice", "consent-scope", "consent-scope", "approval"]

    def test_an_emergency_owes_what_is_blank(self) -> None:
        declared = EmergencyDeclaration(" ", "Dr. Elm", "Brook Hospital", None)
        asked = request(
            requester="hospital", purpose=P.EMERGENCY, person=Person("Dr. Elm", "physician"), emergency=declared
        )
        owed = decide(asked, facts(record=(item(category=C.MOUD),))).obligations
        assert [(o.kind, o.owed) for o in owed] == [("document-emergency", ("nature", "discloser"))]


class TestLabels:
    @pytest.mark.parametrize(
        ("source", "category", "part2"),
        [
            (None, C.GOALS, True),
            ("ghost", C.GOALS, True),
            ("otp", C.APPOINTMENTS, True),
            ("cm", C.GOALS, True),
            ("hospital", C.GOALS, False),
            ("hospital", C.PSYCHOTHERAPY_NOTES, False),
            ("hospital", C.COUNSELING_NOTES, True),
            ("hospital", C.RELAPSE_USE, True),
            ("hospital", C.DRUG_TESTS, True),
        ],
    )
    def test_by_source_and_content(self, source: str | None, category: Category, part2: bool) -> None:  # noqa: FBT001  -- a fact of the test
        assert label(item(source=source, category=category), facts()).part2 is part2

    def test_a_status_that_is_unknown_acts_as_program(self) -> None:
        unknown = replace(HOSPITAL, part2_status=Part2Status.UNKNOWN)
        known = facts(organizations={**ORGANIZATIONS, "hospital": unknown})
        assert label(item(source="hospital", category=C.GOALS), known).part2


class TestWords:
    @pytest.mark.parametrize("text", [None, "", " \t\r\n", "\u00a0\u3000", "\u200b\u200d", "\ufeff", "\x00\x1f"])
    def test_blank(self, text: str | None) -> None:
        assert is_blank(text)

    @pytest.mark.parametrize("text", ["a", " .", "\u200ba", "名"])
    def test_not_blank(self, text: str) -> None:
        assert not is_blank(text)

    def test_names(self) -> None:
        assert same_name("J.  Lee", "j. lee")
        assert not same_name("", " ")
        assert not same_name("Ray", "Roy")


class TestDays:
    def test_beyond_the_calendar(self) -> None:
        west, east = ZoneInfo("America/Los_Angeles"), ZoneInfo("Asia/Tokyo")
        assert day_of(datetime.max.replace(tzinfo=UTC), east) == date.max
        assert day_of(datetime.min.replace(tzinfo=UTC), west) == date.min

    @pytest.mark.parametrize(("day", "age"), [(date(2022, 2, 28), 17), (date(2022, 3, 1), 18), (date(2004, 1, 1), -1)])
    def test_born_on_29_february(self, day: date, age: int) -> None:
        assert age_on(day, date(2004, 2, 29)) == age


def test_notes_in_the_scope_text() -> None:
    given = grant(recipient=frozenset({"clinic"}), categories=frozenset({C.COUNSELING_NOTES}))
    signed = consent(given, kind=ConsentKind.NOTES)
    told = scope_text(signed, given, site=SITE, recipient=ORGANIZATIONS["clinic"], disclosers=[], purpose=P.TREATMENT)
    assert "counseling-notes" in told
