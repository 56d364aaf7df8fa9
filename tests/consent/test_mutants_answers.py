"""A decision says exactly what was asked, what was found and where; also when it breaks."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from consent.decision import Decision, Finding, Obligation, State, Withheld, finding
from consent.engine import decide
from consent.facts import Facts, Policy
from consent.judging import Rules
from consent.model import Hold
from consent.rules import RULES
from consent.rules.rule import EVERY_BASIS, Allowed, Effect, Rule, Scope, Verdict, not_applicable, satisfied, unknown
from tests.consent.builders import C, K, P, consent, facts, grant, item, matter, order, request

NEUTRAL = ("42 CFR 2.13(c)(2)", "42 CFR 2.13(c)(1)", "42 CFR 2.13(b)", "LEAD GR-03", "LEAD GR-06")
BARE = ("42 CFR 2.13(a)", "42 CFR 2.31(a)", "42 CFR 2.31(a)(4)(i)", "42 CFR 2.33(a)", "45 CFR 164.502(a)")
OF_NOTES = ("42 CFR 2.31(b)", "42 CFR 2.11", "45 CFR 164.508(a)(2)")


def found(decision: Decision, rule: str) -> list[Finding]:
    return [each for each in decision.findings if each.rule == rule]


def limit(identifier: str, *fields: str, fails: bool = False) -> Rule:
    verdict = Verdict(State.VIOLATED, "no") if fails else satisfied("yes")
    return Rule(
        identifier, Scope.LIMIT, Effect.NARROW, ("x",), lambda *_: Allowed(verdict, frozenset(fields)), EVERY_BASIS
    )


def without_limits(*more: Rule) -> tuple[Rule, ...]:
    return (*(rule for rule in RULES if rule.scope is not Scope.LIMIT), *more)


class TestWholeAnswers:
    def test_a_permit_repeats_the_request(self) -> None:
        known = facts(record=(item("i1"), item("i2", C.DRUG_TESTS)))
        decision = decide(request(items=("i1", "i2", "i9")), known)
        assert (decision.id, decision.at, decision.participant) == ("r1", request().at, "p1")
        assert (decision.requester, decision.purpose, decision.rulebook) == ("pa", "case-alignment", "test")
        assert decision.outcome == "permit"
        assert found(decision, "basis.none")[0][:3] == ("basis.none", (*BARE, "LEAD GR-02"), State.VIOLATED)
        assert found(decision, "basis.none")[0].evidence == ("i2", "i9")
        one = finding(
            "basis.one",
            ("LEAD GR-08", "LEAD GR-04", "42 CFR 2.13(a)"),
            State.SATISFIED,
            "each of these items is covered wholly by one basis",
            ("i1",),
        )
        assert found(decision, "basis.one") == [one]
        assert found(decision, "answer.neutral") == []

    @pytest.mark.parametrize(
        ("category", "cites"),
        [(C.COUNSELING_NOTES, BARE + OF_NOTES), (C.PSYCHOTHERAPY_NOTES, BARE + OF_NOTES), (C.HIV_STI, BARE)],
    )
    def test_notes_need_a_consent_of_their_own(self, category: C, cites: tuple[str, ...]) -> None:
        told = found(decide(request(), facts(record=(item(category=category),))), "basis.none")
        assert [each.cites for each in told] == [cites]

    def test_what_is_not_on_record_is_said(self) -> None:
        decision = decide(request(items=("i1", "i9", "i8")), facts())
        missing = finding("item.known", ("42 CFR 2.13(a)",), State.VIOLATED, "no such item is on record", ("i9", "i8"))
        assert found(decision, "item.known") == [missing]
        assert found(decide(request(), facts()), "item.known") == []

    def test_nothing_is_said_of_items_without_a_basis_where_there_are_none(self) -> None:
        assert found(decide(request(), facts()), "basis.none") == []

    def test_a_denial_is_neutral_and_bare(self) -> None:
        decision = decide(request(items=()), facts())
        assert found(decision, "answer.neutral")[0][:3] == ("answer.neutral", NEUTRAL, State.SATISFIED)
        assert found(decision, "basis.none")[0].evidence == ()

    def test_what_is_withheld_by_a_limit_has_a_basis(self) -> None:
        decision = decide(request(), facts(), without_limits(limit("l1", fails=True)))
        assert decision.withheld == (Withheld("i1", ("l1",)),)
        assert found(decision, "basis.none")[0].evidence == ()

    def test_a_decision_that_breaks_denies_everything_that_was_asked(self) -> None:
        decision = decide(request(items=("i2", "i1", "i2")), facts(site={"timezone": "Nowhere/Fern"}))
        broken = finding("engine", ("42 CFR 2.13(a)",), State.ERROR, "the decision failed: ZoneInfoNotFoundError")
        assert decision == Decision(
            id="r1",
            at=request().at,
            participant="p1",
            requester="pa",
            purpose="case-alignment",
            rulebook="test",
            outcome="deny",
            released=(),
            withheld=(Withheld("i2", ("engine",)), Withheld("i1", ("engine",))),
            obligations=(),
            findings=(broken,),
        )

    def test_a_decision_that_breaks_on_everything_on_record_names_nothing(self) -> None:
        assert decide(request(), facts(site={"timezone": "Nowhere/Fern"})).withheld == ()


class TestLimits:
    def test_two_limits_narrow_together(self) -> None:
        rules = without_limits(limit("l1", "a", "b"), limit("l2", "b", "c"))
        assert [released.fields for released in decide(request(), facts(), rules).released] == [("b",)]

    @pytest.mark.parametrize("second", [False, True])
    def test_either_of_two_limits_withholds(self, second: bool) -> None:  # noqa: FBT001  -- which of the two fails
        rules = without_limits(limit("l1", "a", fails=not second), limit("l2", "a", fails=second))
        assert decide(request(), facts(), rules).withheld == (Withheld("i1", ("l1", "l2")),)

    def test_equal_fields_are_put_in_order_once(self) -> None:
        rules = without_limits(limit("l1", "b", "a"))
        one, other = decide(request(), facts(record=(item("i1"), item("i2"))), rules).released
        assert one.fields == ("a", "b")
        assert one.fields is other.fields

    def test_a_limit_that_breaks_says_so(self) -> None:
        def breaks(*_: object) -> Any:
            raise KeyError("Ray Alder")

        rules = without_limits(replace(limit("l1", "a"), check=breaks))
        told = found(decide(request(), facts(), rules), "l1")
        assert told == [finding("l1", ("x",), State.ERROR, "the rule failed: KeyError", ("i1",))]
        rules = without_limits(replace(limit("l1", "a"), check=lambda *_: satisfied("all")))
        told = found(decide(request(), facts(), rules), "l1")
        assert told == [finding("l1", ("x",), State.ERROR, "the rule failed: answers no limit", ("i1",))]


class TestFindings:
    def test_each_rule_speaks_once_of_each_consent_and_each_grant(self) -> None:
        """All rules run, also on grants that name somebody else; what is said in the same words is said once."""
        known = facts(
            consent(grant(id="g1"), grant(id="g2", recipient=frozenset({"court"}))), consent(grant(), id="c2")
        )
        told = decide(request(), known).findings
        for scope, ids in (
            (Scope.CONSENT, [("c1",), ("c2",)]),
            (Scope.GRANT, [("c1", "g1"), ("c1", "g2"), ("c2", "g1")]),
            (Scope.REQUEST, [()]),
        ):
            for rule in RULES:
                if rule.scope is scope:
                    said = [each.things for each in told if each.rule == rule.id]
                    assert sorted(thing for things in said for thing in things) == ids, rule.id
        assert [each.things for each in told if each.rule == "grant.role"] == [
            (("c1", "g1"), ("c1", "g2"), ("c2", "g1"))
        ]
        assert [(each.state, each.things) for each in told if each.rule == "grant.recipient"] == [
            (State.SATISFIED, (("c1", "g1"), ("c2", "g1"))),
            (State.VIOLATED, (("c1", "g2"),)),
        ]

    def test_what_a_grant_to_somebody_else_covers_is_no_matter(self) -> None:
        known = facts(consent(grant(id="g1"), grant(id="g2", recipient=frozenset({"court"}))))
        assert {f.evidence[:2] for f in found(decide(request(), known), "grant.category")} == {("c1", "g1")}

    def test_one_broken_check_is_broken_for_its_thing_alone(self) -> None:
        def check(_matter: object, signed: Any) -> Verdict:
            if signed.id == "c1":
                raise ValueError("Ray Alder")
            return satisfied("fine")

        rules = tuple(replace(rule, check=check) if rule.id == "consent.dated" else rule for rule in RULES)
        decision = decide(request(), facts(consent(), consent(id="c2")), rules)
        assert [(f.state, f.because, f.evidence) for f in found(decision, "consent.dated")] == [
            (State.ERROR, "the rule failed: ValueError", ("c1",)),
            (State.SATISFIED, "fine", ("c2",)),
        ]
        assert [released.basis for released in decision.released] == ["consent:c2/g1"]

    def test_an_answer_that_is_no_verdict_is_an_error(self) -> None:
        rules = tuple(replace(rule, check=lambda *_: True) if rule.id == "consent.dated" else rule for rule in RULES)
        (told,) = found(decide(request(), facts(), rules), "consent.dated")
        assert (told.state, told.because) == (State.ERROR, "the rule failed: answers no verdict")

    def test_by_verdict_with_the_items_of_each(self) -> None:
        record = (item("i1"), item("i2", C.GOALS), item("i3"))
        told = found(decide(request(), facts(record=record)), "grant.category")
        assert [(f.state, f.evidence) for f in told] == [
            (State.SATISFIED, ("c1", "g1", "i1", "i3")),
            (State.VIOLATED, ("c1", "g1", "i2")),
        ]
        assert told[0].cites == ("42 CFR 2.31(a)(3)",)

    def test_grants_that_are_alike_are_named_each(self) -> None:
        other = grant(id="g2", categories=frozenset({C.GOALS}))
        known = facts(consent(grant(id="g1"), other, grant(id="g3")), consent(grant(id="g1"), id="c2"))
        told = found(decide(request(), known), "grant.category")
        assert [(f.state, f.things, f.items) for f in told] == [
            (State.SATISFIED, (("c1", "g1"), ("c1", "g3"), ("c2", "g1")), ("i1",)),
            (State.VIOLATED, (("c1", "g2"),), ("i1",)),
        ]
        assert told[0].evidence == ("c1", "g1", "c1", "g3", "c2", "g1", "i1")

    def test_grants_that_differ_and_come_to_the_same_are_named_together_in_file_order(self) -> None:
        """g1 and g3 are the same to the rule, g2 is not, and covers the same items."""
        wider = frozenset({C.PROGRESS, C.GOALS})
        grants = (grant(id="g1"), grant(id="g2", categories=wider), grant(id="g3"))
        told = found(decide(request(), facts(consent(*grants))), "grant.category")
        assert [f.things for f in told] == [(("c1", "g1"), ("c1", "g2"), ("c1", "g3"))]

    def test_other_items_are_another_finding(self) -> None:
        """A verdict about other items is not joined: each thing named is meant with each item named."""
        known = facts(
            consent(grant(id="g1"), grant(id="g2", categories=frozenset({C.PROGRESS}))),
            record=(item("i1"), item("i2", C.ENGAGEMENT)),
        )
        told = found(decide(request(), known), "grant.category")
        assert [(f.state, f.things, f.items) for f in told] == [
            (State.SATISFIED, (("c1", "g1"),), ("i1", "i2")),
            (State.SATISFIED, (("c1", "g2"),), ("i1",)),
            (State.VIOLATED, (("c1", "g2"),), ("i2",)),
        ]

    def test_an_equal_tuple_is_no_verdict_beside_real_ones(self) -> None:
        def check(_matter: object, signed: Any) -> Any:
            return tuple(satisfied("fine")) if signed.id == "c1" else satisfied("fine")

        rules = tuple(replace(rule, check=check) if rule.id == "consent.dated" else rule for rule in RULES)
        decision = decide(request(), facts(consent(), consent(id="c2")), rules)
        assert [(f.state, f.things) for f in found(decision, "consent.dated")] == [
            (State.ERROR, (("c1",),)),
            (State.SATISFIED, (("c2",),)),
        ]

    def test_bases_that_do_not_stand_for_the_same_reasons_are_summed_up_together(self) -> None:
        known = facts(consent(grant(id="g1"), grant(id="g2"), grant(id="g3", purposes=frozenset({P.WARM_HANDOFF}))))
        told = found(decide(request(attested=None), known), "basis.stands")
        assert [f.evidence for f in told] == [("consent:c1/g1", "consent:c1/g2"), ("consent:c1/g3",)]


class TestDays:
    """The days of a grant: both ends count, and days that end before they begin are none."""

    @pytest.mark.parametrize(
        ("first", "last", "released"),
        [(13, 15, ["i14"]), (14, 14, ["i14"]), (15, 13, []), (15, 14, []), (10, 13, []), (15, 20, [])],
    )
    def test_a_day(self, first: int, last: int, released: list[str]) -> None:
        days = {"record_from": date(2026, 11, first), "record_to": date(2026, 11, last)}
        record = (item("i14"), item("i9", created=request().at.replace(day=9)))
        assert [r.item for r in decide(request(), facts(consent(grant(**days)), record=record)).released] == released


class TestOpening:
    """Which things are in play, and which rules sink them."""

    @pytest.mark.parametrize(
        ("verdict", "released", "summed_up"),
        [
            (satisfied("yes"), True, False),
            (not_applicable("moot"), False, False),
            (Verdict(State.VIOLATED, "no"), False, False),
            (unknown("who knows"), False, True),
            (Verdict(State.ERROR, "broken"), False, True),
        ],
    )
    def test_an_open_rule(self, verdict: Verdict, released: bool, summed_up: bool) -> None:  # noqa: FBT001  -- columns of a table
        rules = tuple(
            replace(rule, check=lambda *_: verdict) if rule.id == "grant.recipient" else rule for rule in RULES
        )
        decision = decide(request(), facts(), rules)
        assert (decision.outcome == "permit") == released
        assert bool(found(decision, "basis.stands")) == summed_up

    def test_of_several_open_rules_each_must_be_satisfied(self) -> None:
        opens = next(rule for rule in RULES if rule.id == "grant.recipient")
        for verdict in (not_applicable("moot"), Verdict(State.VIOLATED, "no"), unknown("who knows")):
            second = replace(opens, id="second", check=lambda *_, said=verdict: said)
            assert decide(request(), facts(), (second, *RULES)).outcome == "deny"
            assert decide(request(), facts(), (*RULES, second)).outcome == "deny"
        assert decide(request(), facts(), (*RULES, replace(opens, id="second"))).outcome == "permit"

    def test_the_reasons_come_in_the_order_of_the_table_and_only_from_what_is_in_play(self) -> None:
        narrow = grant(id="g1", purposes=frozenset({P.WARM_HANDOFF}), categories=frozenset({C.GOALS}))
        other = grant(id="g2", recipient=frozenset({"court"}), expires="none")
        decision = decide(request(items=("i1",)), facts(consent(narrow, other)))
        assert decision.withheld[0].because == ("grant.purpose", "grant.category", "basis.none")

    def test_the_reasons_of_a_statute_that_is_not_asked_for_do_not_count(self) -> None:
        decision = decide(request(purpose=P.CHARGING, items=("i1",)), facts())
        assert decision.withheld[0].because == (
            "purpose.against-participant",
            "purpose.justice",
            "grant.purpose",
            "grant.ceiling",
            "basis.none",
        )

    def test_a_statute_that_does_not_stand_is_summed_up_under_its_name(self) -> None:
        asked = {"purpose": P.CUSTODY_CONTINUITY, "requester": "jail-health", "attested": None}
        decision = decide(request(**asked), facts(consents=(), ray={"in_custody": False}))
        assert [f.evidence for f in found(decision, "basis.stands")] == [("164.512(k)(5)",)]

    def test_an_order_that_is_not_asked_for_is_not_summed_up(self) -> None:
        known = facts(court_orders=(order(findings=frozenset()),))
        told = [f for f in decide(request(), known).findings if f.rule == "basis.stands"]
        assert told == []
        told = [f for f in decide(request(purpose=P.PROCEEDING), known).findings if f.rule == "basis.stands"]
        assert ("order:o1",) in [f.evidence for f in told]


class TestRules:
    def test_ids_that_are_not_in_the_table_come_last(self) -> None:
        rules = Rules(RULES)
        names = [rule.id for rule in RULES]
        assert rules.in_order(["nowhere", names[5], names[0], names[-1]]) == [names[0], names[5], names[-1], "nowhere"]

    def test_the_first_of_two_rules_by_one_name_gives_the_place(self) -> None:
        first, second = RULES[0], RULES[1]
        assert Rules((first, second, first)).in_order([second.id, first.id]) == [first.id, second.id]

    def test_only_a_dated_table_is_looked_at_again(self) -> None:
        undated = Rules(RULES)
        assert undated.on(date(2026, 11, 24)) is undated
        for days in ({"since": date(2027, 1, 1)}, {"until": date(2026, 1, 1)}):
            dated = Rules((replace(RULES[0], **days), *RULES[1:]))
            assert len(dated.on(date(2026, 11, 24)).of(RULES[0].scope)) + 1 == len(undated.of(RULES[0].scope))


class TestStops:
    HOLD_AT = request().at

    def hold(self, *grants: str, **more: Any) -> Hold:
        return Hold(**{"participant": "p1", "at": self.HOLD_AT, "grants": frozenset(grants), **more})

    def two(self, *holds: Hold) -> Facts:
        return facts(consent(grant(id="g1"), grant(id="g2"), grant(id="g3")), holds=holds)

    def test_holds_add_up(self) -> None:
        stops = matter(known=self.two(self.hold("g1"), self.hold("g2"))).stops
        assert stops is not None
        assert (stops.everything, stops.grants) == (False, frozenset({"g1", "g2"}))

    def test_a_hold_of_another_person_does_not_end_the_count(self) -> None:
        stops = matter(known=self.two(self.hold("g1", participant="p2"), self.hold("g2"))).stops
        assert stops is not None
        assert stops.grants == {"g2"}

    def test_a_kind_is_stopped_by_the_rules_that_stop_it_only(self) -> None:
        known = facts(court_orders=(order(),), holds=(Hold("p1", self.HOLD_AT, "all"),))
        assert [r.basis for r in decide(request(purpose=P.PROCEEDING), known).released] == ["order:o1"]


class TestObligations:
    def test_consent_and_order_owe_what_each_owes(self) -> None:
        known = facts(
            consent(
                grant(purposes=frozenset({P.PROCEEDING})),
                kind=next(k for k in type(consent().kind) if k.value == "proceeding"),
                proceeding_cause="26-1",
                counsel_present=True,
            ),
            court_orders=(order(items=frozenset({"i2"})),),
            record=(item("i1"), item("i2", C.GOALS)),
        )
        decision = decide(request(purpose=P.PROCEEDING), known)
        assert [r.basis for r in decision.released] == ["consent:c1/g1", "order:o1"]
        assert [(o.kind, o.by) for o in decision.obligations] == [
            ("notice", None),
            ("consent-scope", None),
            ("approval", "case-manager"),
            ("approval", "counsel"),
            ("approval", "privacy-officer"),
        ]
        assert decision.obligations[1].cites == ("42 CFR 2.32(b)",)
        assert decision.obligations[3:] == (
            Obligation("approval", by="counsel"),
            Obligation("approval", by="privacy-officer"),
        )


def test_a_row_of_another_kind_is_not_used() -> None:
    rows = {(K.COURT, P.CASE_ALIGNMENT, C.PROGRESS): frozenset({"Goal.startDate"})}
    assert decide(request(), facts(policy=Policy("test", rows))).released[0].fields == ()
