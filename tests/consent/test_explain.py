"""A decision in words. To a requester a denial is one constant, and a permit says nothing of what stays."""

import json
from dataclasses import replace

import pytest

from consent.clearance import clear
from consent.codes import ConsentKind
from consent.decision import Obligation, State, finding
from consent.engine import decide
from consent.explain import LANGUAGES, explain, for_participant, for_requester, neutral_answer, preview
from consent.facts import Policy
from consent.model import Hold, Restriction
from consent.notices import STATEMENT_1
from consent.wording_staff import UNLOCKS
from tests.consent.builders import (
    HOSPITAL,
    NOW,
    ORGANIZATIONS,
    OTP,
    PA,
    C,
    K,
    P,
    consent,
    facts,
    grant,
    item,
    order,
    request,
)

TWO = facts(record=(item("i1"), item("i2", C.DRUG_TESTS), item("i3", C.MOUD)))
SIX_REASONS = [
    (request(), facts(consents=())),
    (request(participant="p9"), TWO),
    (request(requester="nobody"), TWO),
    (request(), facts(holds=(Hold("p1", NOW, "all"),))),
    (request(items=("i2",)), TWO),
    (request(items=("i9",)), TWO),
    (request(), facts(record=())),
]


class TestForRequester:
    def test_every_refusal_is_the_same(self) -> None:
        answers = {json.dumps(preview(decide(*each), each[1].record or ())) for each in SIX_REASONS}
        assert answers == {json.dumps(neutral_answer())}
        assert for_requester(decide(*SIX_REASONS[0]), None) == neutral_answer()

    def test_it_echoes_nothing(self) -> None:
        told = json.dumps(neutral_answer())
        assert all(word not in told for word in ("r1", "p1", "pa", "case-alignment", "i1"))

    def test_a_permit_says_nothing_of_what_stays(self) -> None:
        decision = decide(request(), TWO)
        for told in (preview(decision, TWO.record or ()), for_requester(decision, clear(decision, TWO.record or ()))):
            text = json.dumps(told)
            assert [each["item"] for each in told["resources"]] == ["i1"]
            assert all(word not in text for word in ("i2", "i3", "withheld", "drug-tests", "moud", "case-manager"))
            assert told["statement"].startswith("This record which has been disclosed")
            assert told["scope"][0].startswith("Scope of consent c1")

    def test_the_answer_to_part_is_the_answer_to_that_part_alone(self) -> None:
        all_of_it, part = decide(request(), TWO), decide(request(items=("i1",)), TWO)
        assert preview(all_of_it, TWO.record or ()) == preview(part, TWO.record or ())

    def test_the_words_of_every_refusal(self) -> None:
        assert neutral_answer() == {"answer": "nothing-to-share", "text": "nothing helpful to share at this time"}

    def test_a_permit_word_for_word(self) -> None:
        """The same to the letter, whether it is looked at beforehand or was cleared."""
        task = {"resourceType": "Task", "id": "t1", "status": "ready", "intent": "plan", "description": "secret"}
        rows = {(K.PROSECUTOR, P.CASE_ALIGNMENT, C.PROGRESS): frozenset({"Task.status", "Task.intent"})}
        known = facts(record=(item(resource=task), item("i4")), policy=Policy("test", rows))
        decision = decide(request(), known)
        redacted = {"resourceType": "Task", "id": "t1", "status": "ready", "intent": "plan"}
        scope = next(each.text for each in decision.obligations if each.kind == "consent-scope")
        told = {
            "answer": "disclosed",
            "statement": STATEMENT_1.text,
            "scope": [scope],
            "resources": [
                {"item": "i1", "category": "progress", "resource": redacted},
                {"item": "i4", "category": "progress"},
            ],
        }
        assert preview(decision, known.record or ()) == told
        assert for_requester(decision, clear(decision, known.record or ())) == told

    def test_a_preview_of_a_denial_and_of_nothing(self) -> None:
        permit, record = decide(request(), TWO), TWO.record or ()
        assert preview(replace(permit, outcome="deny"), record) == neutral_answer()
        assert preview(permit, ()) == neutral_answer()

    def test_a_preview_attaches_only_what_is_owed(self) -> None:
        odd = (
            Obligation("notice"),
            Obligation("approval", version="2.32-2018", text="by a supervisor"),
            Obligation("consent-scope"),
        )
        permit = decide(request(), TWO)
        told = preview(replace(permit, obligations=(*odd, *permit.obligations)), TWO.record or ())
        assert told == preview(permit, TWO.record or ())

    def test_a_denial_stays_one_whatever_was_cleared(self) -> None:
        """Neither half is enough: no clearance, no answer; no permit, no answer."""
        permit = decide(request(), TWO)
        cleared = clear(permit, TWO.record or ())
        assert for_requester(permit, None) == neutral_answer()
        assert for_requester(replace(permit, outcome="deny"), cleared) == neutral_answer()

    def test_what_an_order_lets_go_has_neither_statement_nor_scope(self) -> None:
        known = facts(consents=(), court_orders=(order(),))
        decision = decide(request(purpose=P.PROCEEDING), known)
        told = for_requester(decision, clear(decision, known.record or ()))
        assert told == {
            "answer": "disclosed",
            "statement": None,
            "scope": [],
            "resources": [{"item": "i1", "category": "progress"}],
        }


class TestExplain:
    def test_the_whole_of_a_small_decision(self) -> None:
        """One thing a line; several of a kind with a comma, several citations with a semicolon."""
        found = (
            finding("requester.known", ("42 CFR 2.13(a)", "LEAD P2-21"), State.SATISFIED, "registered"),
            finding("grant.category", ("42 CFR 2.31(a)(3)",), State.VIOLATED, "not listed", ("c1/g1", "i2")),
        )
        owed = (
            Obligation("notice", ("42 CFR 2.32(a)(1)", "42 CFR 2.32(b)"), version="v1"),
            Obligation("consent-scope", ("42 CFR 2.32(b)",), text="Scope"),
            Obligation("document-emergency", ("42 CFR 2.51(c)",), owed=("nature", "discloser")),
            Obligation("approval", by="counsel"),
        )
        decision = decide(request(), TWO)
        kept = decision.withheld[0]._replace(because=("grant.ceiling", "grant.category"))
        small = replace(decision, findings=found, obligations=owed, withheld=(kept,))
        assert explain(small).splitlines() == [
            f"permit: request r1, case-alignment, under {decision.rulebook}",
            "released i1 on consent:c1/g1",
            "owed with it: notice v1 (42 CFR 2.32(a)(1); 42 CFR 2.32(b))",
            "owed with it: consent-scope (42 CFR 2.32(b))",
            "owed with it: document-emergency nature, discloser (42 CFR 2.51(c))",
            "owed with it: approval counsel",
            "withheld i2: grant.ceiling, grant.category",
            f"to unlock grant.ceiling: {UNLOCKS['grant.ceiling']}",
            f"to unlock grant.category: {UNLOCKS['grant.category']}",
            "satisfied requester.known: registered (42 CFR 2.13(a); LEAD P2-21)",
            "violated grant.category [c1/g1, i2]: not listed (42 CFR 2.31(a)(3))",
        ]

    def test_a_finding_names_each_thing_and_each_item(self) -> None:
        """A grant as a basis names it, consents and grants before items."""
        known = replace(TWO, consents=(consent(grant(id="g1"), grant(id="g2")), consent(id="c2")))
        lines = explain(decide(request(), known)).splitlines()
        told = [line for line in lines if " grant.category " in line or " consent.dated " in line]
        assert told == [
            "satisfied consent.dated [c1, c2]: signed before the request (42 CFR 2.31(a)(9))",
            "satisfied grant.category [c1/g1, c1/g2, c2/g1, i1, i2]: the grant lists the category (42 CFR 2.31(a)(3))",
            (
                "violated grant.category [c1/g1, c1/g2, c2/g1, i3]: the grant does not list the category "
                "(42 CFR 2.31(a)(3))"
            ),
        ]

    def test_staff_see_what_stays_and_what_would_unlock_it(self) -> None:
        told = explain(decide(request(), TWO))
        assert "withheld i2: grant.ceiling" in told
        assert "to unlock grant.ceiling: nothing" in told
        assert "to unlock grant.category: a grant that lists this category" in told
        assert "released i1 on consent:c1/g1" in told

    def test_staff_see_every_finding_and_its_citation(self) -> None:
        decision = decide(request(), TWO)
        lines = explain(decision).splitlines()
        assert len([line for line in lines if line.endswith(")")]) >= len(decision.findings)
        assert all(f"{f.state.value} {f.rule}" in "\n".join(lines) for f in decision.findings)
        assert all(cite in "\n".join(lines) for f in decision.findings for cite in f.cites)

    def test_staff_see_what_is_owed(self) -> None:
        told = explain(decide(request(), TWO))
        assert "owed with it: notice 2.32-2024-statement-1 (42 CFR 2.32(a)(1))" in told
        assert "owed with it: approval case-manager" in told

    def test_no_name(self) -> None:
        assert "Alder" not in explain(decide(request(), TWO))

    def test_a_rule_that_nobody_knows_any_more(self) -> None:
        """A decision of an older rulebook may name one."""
        decision = decide(request(items=("i2",)), TWO)
        older = replace(decision, withheld=(decision.withheld[0]._replace(because=("gone.rule",)),))
        assert "to unlock gone.rule: a privacy officer looks at the rule" in explain(older)
        assert "No form from you and no law lets us tell them." in for_participant(older)


class TestForParticipant:
    def test_a_permit(self) -> None:
        told = for_participant(decide(request(), TWO), "en", PA)
        assert told == (
            "The office of the prosecutor asked about you. Their name is Pa. "
            "They said it was to fit your court case to your care plan. They were told how you are doing. "
            "A form that you signed, or that was signed for you, lets us tell them this. "
            "You can stop this at any time. Just tell any of us, or write to us. We kept some things back. "
            "We tell them no more than they need to help you. The form does not cover this kind of thing."
        )

    def test_a_permit_in_spanish(self) -> None:
        told = for_participant(decide(request(items=("i1",)), TWO), "es-MX", PA)
        assert told == (
            "La oficina del fiscal preguntó por usted. Se llama Pa. "
            "Dijo que era para que su caso en la corte vaya con su plan. Quien preguntó supo cómo le va. "
            "Un papel que firmó usted, o alguien por usted, nos deja decir esto. "
            "Usted puede parar esto cuando quiera. Solo díganos que no, o escriba una carta."
        )

    def test_a_denial(self) -> None:
        told = for_participant(decide(*SIX_REASONS[3]), "en", PA)
        assert told.endswith(
            "They were told nothing. There was a stop on all sharing about you. There is nothing you need to stop."
        )

    @pytest.mark.parametrize("language", ["tlh", "", "EN-us", "en"])
    def test_english_where_there_are_no_words(self, language: str) -> None:
        assert for_participant(decide(request(), TWO), language).startswith("Someone asked about you.")

    @pytest.mark.parametrize("case", SIX_REASONS)
    def test_a_denial_says_that_nothing_was_told(self, case: tuple[object, object]) -> None:
        decision = decide(*case)  # type: ignore[arg-type]  # a request and its facts
        assert "They were told nothing." in for_participant(decision)
        assert "Quien preguntó no supo nada." in for_participant(decision, "es")

    def test_what_nothing_is_on_file_for(self) -> None:
        assert "We have nothing like that on file." in for_participant(decide(request(), facts(record=())))

    def test_what_is_refused_before_anybody_looks_for_it(self) -> None:
        told = for_participant(decide(request(purpose=P.CHARGING), facts(record=())))
        assert "We never help to build a case against you." in told

    def test_what_broke(self) -> None:
        told = for_participant(decide(request(), facts(site={"timezone": "No/Where"})))
        assert "Something broke on our side, so we sent nothing." in told

    def test_nobody_but_the_requester_is_named(self) -> None:
        """The consent lets others know things, and a hospital must not: the participant hears of the asker only."""
        others = grant(id="g2", recipient=frozenset({"otp", "housing"}), redisclose_to=("clinic",))
        known = replace(TWO, consents=(consent(grant(), others),), restrictions=(Restriction("p1", "hospital", True),))  # noqa: FBT003  -- a fact of the test
        for requester in (None, PA, OTP, HOSPITAL):
            told = for_participant(decide(request(), known), "en", requester)
            named = {each.id for each in ORGANIZATIONS.values() if each.name in told}
            assert named == ({"pa"} if requester is PA else set())

    def test_an_order(self) -> None:
        known = facts(consents=(), court_orders=(order(),))
        told = for_participant(decide(request(purpose=P.PROCEEDING), known))
        assert "A judge's order lets us tell them this." in told
        assert "You can stop" not in told

    def test_a_statute(self) -> None:
        """A basis without a colon in it: treatment among health organizations, of what is not Part 2."""
        known = facts(consents=(), record=(item(category=C.PHYSICAL_HEALTH, source="hospital"),))
        told = for_participant(decide(request(requester="clinic", purpose=P.TREATMENT), known))
        assert LANGUAGES["en"].bases["164.506"] in told

    def test_a_consent_whose_id_has_a_colon(self) -> None:
        decision = decide(request(), facts(consent(id="urn:c1")))
        assert [each.basis for each in decision.released] == ["consent:urn:c1/g1"]
        assert LANGUAGES["en"].bases["consent"] in for_participant(decision)

    def test_a_proceeding_consent(self) -> None:
        given = consent(kind=ConsentKind.PROCEEDING)
        assert "A court case needs a form of its own." in for_participant(decide(request(), facts(given)))
