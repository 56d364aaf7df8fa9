"""A decision in words. To a requester a denial is one constant, and a permit says nothing of what stays."""

import json

import pytest

from consent.clearance import clear
from consent.codes import ConsentKind
from consent.engine import decide
from consent.explain import explain, for_participant, for_requester, neutral_answer, preview
from consent.model import Hold
from tests.consent.builders import NOW, C, P, consent, facts, item, order, request

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
    def test_staff_see_every_finding_and_its_citation(self) -> None:
        told = explain(decide(request(), TWO))
        assert "withheld i2: grant.ceiling" in told
        assert "42 CFR 2.13(a)" in told
        assert "Alder" not in told


class TestForParticipant:
    @pytest.mark.parametrize(("language", "word"), [("en", "Somebody"), ("es-MX", "Alguien"), ("tlh", "Somebody")])
    def test_plain_sentences(self, language: str, word: str) -> None:
        decision = decide(request(), TWO)
        assert word in for_participant(decision, language)
        assert "progress" in for_participant(decision, language)
        assert word in for_participant(decide(*SIX_REASONS[0]), language)

    def test_an_order(self) -> None:
        known = facts(consents=(), court_orders=(order(),))
        told = for_participant(decide(request(purpose=P.PROCEEDING), known))
        assert "court order" in told
        assert "stop" not in told

    def test_a_proceeding_consent(self) -> None:
        given = consent(kind=ConsentKind.PROCEEDING)
        assert "Nothing" in for_participant(decide(request(), facts(given)))
