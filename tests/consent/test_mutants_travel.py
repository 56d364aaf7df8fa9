"""What travels with a release is exactly what was decided: clearance, scope, redaction, documentation."""

import hashlib
import json
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from consent.clearance import ClearanceError, account, clear, clearance_from_json, clearance_to_json
from consent.codes import Category, ConsentKind, Purpose
from consent.decision import Decision, Obligation
from consent.disclosure import LedgerReceipt
from consent.engine import decide
from consent.facts import Policy
from consent.model import Person
from consent.obligations import _documentation
from consent.redaction import redact
from consent.request import EmergencyDeclaration
from consent.scope import scope_text
from tests.consent.builders import (
    CM,
    COURT,
    HOUSING,
    NOW,
    PA,
    SITE,
    C,
    K,
    P,
    consent,
    facts,
    grant,
    item,
    matter,
    request,
)

ROWS = {(K.PROSECUTOR, P.CASE_ALIGNMENT, C.PROGRESS): frozenset({"Task.status", "Task.intent"})}
TASK = {"resourceType": "Task", "id": "t1", "status": "ready", "intent": "plan", "description": "secret"}
RECORD = (item(resource=TASK), item("i2"))
DECISION = decide(request(), facts(policy=Policy("test", ROWS), record=RECORD))


class TestClearance:
    def test_it_repeats_the_decision(self) -> None:
        cleared = clear(DECISION, RECORD)
        assert (cleared.request, cleared.recipient, cleared.purpose) == ("r1", "pa", "case-alignment")
        assert cleared.participant == "p1"
        assert cleared.obligations == DECISION.obligations
        assert [(each.item, each.version, each.participant, each.part2) for each in cleared.items] == [
            ("i1", 1, "p1", True),
            ("i2", 1, "p1", True),
        ]
        assert cleared.items[0].resource == {"resourceType": "Task", "id": "t1", "status": "ready", "intent": "plan"}
        assert cleared.items[1].resource is None

    def test_a_first_version_is_a_version(self) -> None:
        with pytest.raises(ClearanceError, match="decided about"):
            clear(DECISION, (replace(RECORD[0], version=0), RECORD[1]))

    def test_a_record_that_is_not_part_2_leaves_without_a_statement(self) -> None:
        known = facts(
            consent(grant(recipient=frozenset({"otp"}), purposes=frozenset({P.TREATMENT}))),
            record=(item(source="hospital"),),
        )
        asked = request(requester="otp", purpose=P.TREATMENT, attested=None, person=Person("Sam Example", "nurse"))
        decision = decide(asked, known)
        assert decision.outcome == "permit"
        plain = replace(
            decision, released=tuple(each._replace(basis="consent:c1/g1", part2=False) for each in decision.released)
        )
        assert clear(replace(plain, obligations=()), known.record or ()).notice is None

    def test_part_2_on_another_basis_leaves_without_a_scope(self) -> None:
        released = tuple(each._replace(basis="order:o1") for each in DECISION.released)
        assert clear(replace(DECISION, released=released, obligations=()), RECORD).scope is None

    def test_accounted_for_at_the_moment_of_the_entry(self) -> None:
        cleared = clear(DECISION, RECORD)
        disclosed = account(cleared, LedgerReceipt("e1", cleared.digest, NOW))
        assert (disclosed.entry, disclosed.at, disclosed.clearance) == ("e1", NOW, cleared)

    def test_two_scopes_stand_on_two_lines(self) -> None:
        scope = next(each for each in DECISION.obligations if each.kind == "consent-scope")
        twice = replace(DECISION, obligations=(*DECISION.obligations, replace(scope, text="another")))
        assert clear(twice, RECORD).scope == f"{scope.text}\nanother"

    def test_without_a_statement_it_is_kept_and_read_again(self) -> None:
        released = tuple(each._replace(basis="order:o1") for each in DECISION.released)
        cleared = clear(
            replace(DECISION, released=released, obligations=(Obligation("approval", by="counsel"),)), RECORD
        )
        kept = json.loads(json.dumps(clearance_to_json(cleared)))
        assert kept["notice"] is None
        assert clearance_from_json(kept) == cleared

    def test_the_digest_is_over_utf_8_as_the_design_says(self) -> None:
        """A digest that is kept today must be the same in six years: its form is frozen here."""
        cleared = clear(DECISION, RECORD, summary="Grüße aus Fern")
        assert cleared.digest == frozen(cleared)
        with pytest.raises(ValueError, match="JSON compliant"):
            clear(DECISION, RECORD, summary=float("nan"))  # type: ignore[arg-type]  # no text, on purpose


def frozen(cleared: Any) -> str:
    """The digest as the design page has it, written out apart from the product."""
    items = [[each.item, each.version, each.category.value, each.resource] for each in cleared.items]
    bound = {
        "items": items,
        "notice": cleared.notice.version,
        "purpose": cleared.purpose,
        "recipient": cleared.recipient,
        "scope": cleared.scope,
        "summary": cleared.summary,
    }
    text = json.dumps(bound, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def scope(given: Any, kind: ConsentKind = ConsentKind.ROI, recipient: Any = PA, **more: Any) -> str:
    fixed = {"site": SITE, "recipient": recipient, "disclosers": [CM], "purpose": P.CASE_ALIGNMENT}
    return scope_text(consent(given, kind=kind), given, **(fixed | more))


class TestScope:
    def test_all_of_it(self) -> None:
        given = grant(
            record_from=date(2026, 1, 1), record_to=date(2026, 6, 30), expires="event:release", role=" liaison "
        )
        assert scope(given, redisclose_to=[COURT, HOUSING]) == (
            "Scope of consent c1, grant g1 (42 CFR 2.32(b)). May disclose: Cm. May receive: Pa (liaison). "
            "Information: engagement, progress. Records made from 2026-01-01 to 2026-06-30 only. "
            "Purpose: case-alignment. Valid until: the event 'release'. "
            "Neither revoked nor held; the person concerned may revoke it at any time. "
            "May be passed on to: Court; Housing."
        )

    @pytest.mark.parametrize("role", [None, " "])
    def test_no_role(self, role: str | None) -> None:
        assert "May receive: Pa. " in scope(grant(role=role))

    def test_without_an_end(self) -> None:
        told = scope(grant(expires="none", record_to=date(2026, 6, 30)), ConsentKind.TPO)
        assert "Valid until: revoked in writing. " in told
        assert "Records made to 2026-06-30 only." in told
        assert "Records" not in scope(grant())

    def test_an_event_that_is_called_like_the_prefix(self) -> None:
        assert "the event 'after event:'" in scope(grant(expires="event:after event:"))

    def test_notes_alone_under_a_consent_for_notes(self) -> None:
        given = grant(categories=frozenset({Category.COUNSELING_NOTES}))
        assert "Information: counseling-notes. " in scope(given, ConsentKind.NOTES)

    @pytest.mark.parametrize(
        ("kind", "recipient", "told"),
        [
            (ConsentKind.ROI, PA, "case-alignment"),
            (ConsentKind.ROI, HOUSING, "case-alignment, proceeding"),
            (ConsentKind.PROCEEDING, PA, "case-alignment, proceeding"),
            (ConsentKind.CJ_2_35, PA, "supervision-monitoring"),
        ],
    )
    def test_only_purposes_that_can_be_served(self, kind: ConsentKind, recipient: Any, told: str) -> None:
        given = grant(
            purposes=frozenset({P.CASE_ALIGNMENT, P.PROCEEDING, P.SUPERVISION_MONITORING, P.CHARGING, P.INTELLIGENCE})
        )
        assert f"Purpose: {told}. " in scope(given, kind, recipient)

    def test_each_grant_tells_of_the_disclosers_of_its_own_items(self) -> None:
        one = grant(id="g1", categories=frozenset({C.PROGRESS}))
        other = grant(id="g2", discloser=frozenset({"cm2"}), categories=frozenset({C.ENGAGEMENT}))
        known = facts(consent(one, other), record=(item("i1"), item("i2", C.SUD_TREATMENT), item("i3", source="otp")))
        record = (item("i1"), item("i2", C.ENGAGEMENT, "otp"))
        told = [
            o.text for o in decide(request(), replace(known, record=record)).obligations if o.kind == "consent-scope"
        ]
        assert ["May disclose: Cm." in (text or "") for text in told] == [True, False]
        assert ["May disclose: Cm2." in (text or "") for text in told] == [False, True]

    def test_the_source_that_keeps_its_own_is_named_before_the_keeper(self) -> None:
        given = grant(discloser=frozenset({"cm", "cm2"}))
        (told,) = [o.text for o in decide(request(), facts(consent(given))).obligations if o.kind == "consent-scope"]
        assert "May disclose: Cm. " in (told or "")


class TestEmergency:
    WHO = Person("Sam Example", "nurse")

    def owed(self, **declared: str | None) -> Decision:
        complete = {"personnel_name": "Sam Example", "personnel_affiliation": "Fern Hospital"}
        asked = request(
            requester="hospital",
            purpose=Purpose.EMERGENCY,
            person=self.WHO,
            attested=None,
            emergency=EmergencyDeclaration(**(complete | declared)),
        )
        return decide(asked, facts(consents=(), record=(item(category=C.MEDICATIONS),)))

    @pytest.mark.parametrize(
        ("declared", "owed"),
        [
            ({}, ("nature", "discloser")),
            ({"nature": "overdose"}, ("discloser",)),
            ({"discloser": "Dana Cedar"}, ("nature",)),
            ({"nature": "overdose", "discloser": "Dana Cedar"}, ()),
        ],
    )
    def test_what_is_still_owed(self, declared: dict[str, str], owed: tuple[str, ...]) -> None:
        assert self.owed(**declared).obligations == (Obligation("document-emergency", ("42 CFR 2.51(c)",), owed=owed),)

    def test_all_is_owed_where_nothing_is_declared(self) -> None:
        every = ("nature", "personnel_name", "personnel_affiliation", "discloser")
        assert _documentation(matter()) == Obligation("document-emergency", ("42 CFR 2.51(c)",), owed=every)
        nothing = matter({"emergency": EmergencyDeclaration()})
        assert _documentation(nothing).owed == every


class TestRedaction:
    def test_a_primitive_where_an_object_is_listed_stays(self) -> None:
        resource = {"resourceType": "Location", "mode": "kind", "position": "at home"}
        kept = redact(resource, frozenset({"Location.mode", "Location.position.longitude"}))
        assert kept == {"resourceType": "Location", "mode": "kind"}

    @pytest.mark.parametrize(("kind", "name"), [("Task", "for"), ("EpisodeOfCare", "patient"), ("CarePlan", "subject")])
    def test_the_own_participant_may_be_named(self, kind: str, name: str) -> None:
        resource = {"resourceType": kind, "status": "active", "intent": "plan", name: {"reference": "Patient/p1"}}
        fields = frozenset({f"{kind}.status", f"{kind}.intent", f"{kind}.{name}.reference"})
        kept = redact(resource, fields)
        assert kept is not None
        assert kept[name] == {"reference": "Patient/p1"}

    def test_a_stand_in_says_only_what_the_resource_is(self) -> None:
        kept = redact(
            {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}, frozenset({"Observation.status"})
        )
        assert kept == {
            "resourceType": "Observation",
            "status": "final",
            "code": {"coding": [{"system": "http://hl7.org/fhir/resource-types", "code": "Observation"}]},
        }

    def test_a_type_of_which_nothing_is_required(self) -> None:
        kept = redact({"resourceType": "Location", "name": "Fern", "mode": "kind"}, frozenset({"Location.mode"}))
        assert kept == {"resourceType": "Location", "mode": "kind"}

    def test_a_modifier_that_is_not_there_is_not_missed(self) -> None:
        kept = redact({"resourceType": "Patient", "gender": "other"}, frozenset({"Patient.gender"}))
        assert kept == {"resourceType": "Patient", "gender": "other"}

    def test_an_object_where_a_primitive_is_listed_stays(self) -> None:
        resource = {"resourceType": "Location", "mode": {"extra": "secret"}, "name": "Fern"}
        assert redact(resource, frozenset({"Location.mode", "Location.name"})) == {
            "resourceType": "Location",
            "name": "Fern",
        }
