"""A decision in words. To a requester a denial is one constant, and a permit says nothing of what stays."""

import json
from dataclasses import replace

import pytest

from consent.clearance import clear
from consent.codes import ConsentKind
from consent.engine import decide
from consent.explain import explain, for_participant, for_requester, neutral_answer, preview
from consent.model import Hold, Restriction
from tests.consent.builders import (
    HOSPITAL,
    NOW,
    ORGANIZATIONS,
    OTP,
    PA,
    C,
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


class TestExplain:
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

    def test_a_proceeding_consent(self) -> None:
        given = consent(kind=ConsentKind.PROCEEDING)
        assert "A court case needs a form of its own." in for_participant(decide(request(), facts(given)))
