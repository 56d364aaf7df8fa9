"""clear refuses rather than clears a little; account joins only what belongs together."""

import json
from dataclasses import replace
from typing import Any

import pytest

from consent.clearance import (
    ClearanceError,
    account,
    clear,
    clearance_from_json,
    clearance_to_json,
    end_of_permission,
    neutral,
)
from consent.codes import Category
from consent.decision import Decision, Obligation
from consent.disclosure import Clearance, Disclosure, EndOfPermission, LedgerReceipt, NeutralAnswer, SealError
from consent.engine import decide
from consent.facts import Policy
from tests.consent.builders import NOW, C, K, P, facts, item, request

ROWS = {
    (K.PROSECUTOR, P.CASE_ALIGNMENT, C.PROGRESS): frozenset({"Task.status", "Task.intent", "Task.code.coding.code"})
}
TASK = {"resourceType": "Task", "id": "t1", "status": "ready", "intent": "plan", "description": "secret"}
RECORD = (item(resource=TASK, version=3),)
DECISION = decide(request(), facts(policy=Policy("test", ROWS), record=RECORD))
CLEARANCE = clear(DECISION, RECORD)


class TestClearRefuses:
    def test_a_denial(self) -> None:
        with pytest.raises(ClearanceError, match="does not permit"):
            clear(decide(request(purpose=P.CHARGING), facts()), RECORD)
        with pytest.raises(ClearanceError):
            clear(replace(DECISION, released=()), RECORD)

    @pytest.mark.parametrize(
        "record",
        [
            (),
            (*RECORD, *RECORD),
            (replace(RECORD[0], participant="p2"),),
            (replace(RECORD[0], category=Category.GOALS),),
            (replace(RECORD[0], version=0),),
            (replace(RECORD[0], resource={**TASK, "modifierExtension": [{"url": "urn:x"}]}),),
            (replace(RECORD[0], resource={"resourceType": "Observation"}),),
        ],
    )
    def test_another_record(self, record: Any) -> None:
        with pytest.raises(ClearanceError, match="`record`"):
            clear(DECISION, record)

    @pytest.mark.parametrize(
        "change",
        [
            lambda os: tuple(o for o in os if o.kind != "notice"),
            lambda os: tuple(o for o in os if o.kind != "consent-scope"),
            lambda os: tuple(replace(o, version="2.32-2018") if o.kind == "notice" else o for o in os),
            lambda os: tuple(replace(o, text=" ") if o.kind == "consent-scope" else o for o in os),
            lambda os: (*os, Obligation("notice", version="2.32-2024-statement-2")),
        ],
    )
    def test_an_obligation_that_cannot_be_discharged(self, change: Any) -> None:
        with pytest.raises(ClearanceError, match="`obligations`"):
            clear(replace(DECISION, obligations=change(DECISION.obligations)), RECORD)


class TestClear:
    def test_it_is_redacted_with_statement_and_scope(self) -> None:
        assert CLEARANCE.notice is not None
        assert CLEARANCE.scope is not None
        assert CLEARANCE.items[0].resource == {
            "resourceType": "Task",
            "id": "t1",
            "status": "ready",
            "intent": "plan",
        }
        assert (CLEARANCE.items[0].version, CLEARANCE.items[0].participant) == (3, "p1")

    def test_the_digest_binds_what_is_told(self) -> None:
        changed = (replace(RECORD[0], version=4),)
        other = (replace(RECORD[0], resource={**TASK, "status": "failed"}),)
        digests = {
            CLEARANCE.digest,
            clear(DECISION, changed).digest,
            clear(DECISION, other).digest,
            clear(DECISION, RECORD, summary="doing well").digest,
            clear(replace(DECISION, requester="court"), RECORD).digest,
            clear(replace(DECISION, purpose="warm-handoff"), RECORD).digest,
        }
        assert len(digests) == 6

    def test_the_digest_holds_no_clock_and_nothing_that_stays(self) -> None:
        later = decide(request(id="r2", at=NOW.replace(hour=23)), facts(policy=Policy("test", ROWS), record=RECORD))
        assert clear(later, RECORD).digest == CLEARANCE.digest
        unseen = (replace(RECORD[0], resource={**TASK, "description": "another secret"}),)
        assert clear(DECISION, unseen).digest == CLEARANCE.digest


class TestAccount:
    def receipt(self, **more: Any) -> LedgerReceipt:
        return LedgerReceipt(**({"entry": "e1", "digest": CLEARANCE.digest, "at": NOW} | more))

    @pytest.mark.parametrize(
        "change", [{"digest": ""}, {"digest": "0" * 64}, {"entry": " "}, {"at": NOW.replace(tzinfo=None)}]
    )
    def test_another_entry(self, change: dict[str, Any]) -> None:
        with pytest.raises(SealError):
            account(CLEARANCE, self.receipt(**change))

    def test_something_else_than_a_clearance(self) -> None:
        with pytest.raises(SealError):
            account(DECISION, self.receipt())  # type: ignore[arg-type]  # that is the point

    def test_the_same(self) -> None:
        disclosure = account(CLEARANCE, self.receipt())
        assert (disclosure.clearance, disclosure.entry) == (CLEARANCE, "e1")

    def test_a_neutral_answer_is_on_the_ledger(self) -> None:
        with pytest.raises(SealError):
            neutral("pa", "q1", self.receipt(entry=""))
        answer = neutral("pa", "q1", self.receipt(digest=""))
        assert (answer.recipient, answer.reference, answer.entry) == ("pa", "q1", "e1")


class TestEndOfPermission:
    """P2-71(5): whoever got something under a permission is told that nothing more will come, and not why."""

    RECEIPT = LedgerReceipt("e9", "", NOW)

    @pytest.mark.parametrize(
        ("recipient", "reference", "entry", "told"),
        [
            (" ", "msg-1", "e9", "names its recipient and the earlier message"),
            ("pa", "", "e9", "names its recipient and the earlier message"),
            ("", " ", "e9", "names its recipient and the earlier message"),
            ("pa", "msg-1", " ", "is on the ledger, too"),
        ],
    )
    def test_it_names_whom_what_and_its_entry(self, recipient: str, reference: str, entry: str, told: str) -> None:
        with pytest.raises(SealError, match=told):
            end_of_permission(recipient, reference, replace(self.RECEIPT, entry=entry))

    def test_nobody_else_makes_one(self) -> None:
        with pytest.raises(SealError, match=r"only `consent\.clearance`"):
            EndOfPermission(seal=object(), recipient="pa", reference="msg-1", entry="e9")

    def test_one_that_may_go(self) -> None:
        notice = end_of_permission("pa", "msg-1", self.RECEIPT)
        assert (notice.recipient, notice.reference, notice.entry) == ("pa", "msg-1", "e9")


class TestStored:
    def stored(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(json.dumps(clearance_to_json(CLEARANCE)))
        return found

    def test_it_comes_back(self) -> None:
        assert clearance_from_json(self.stored()) == CLEARANCE

    @pytest.mark.parametrize("name", ["recipient", "purpose", "scope", "summary"])
    def test_a_changed_word(self, name: str) -> None:
        with pytest.raises(SealError):
            clearance_from_json({**self.stored(), name: "changed"})

    def test_a_changed_item(self) -> None:
        stored = self.stored()
        stored["items"][0]["resource"]["status"] = "failed"
        with pytest.raises(SealError):
            clearance_from_json(stored)

    @pytest.mark.parametrize("stored", [{}, {"digest": "0"}])
    def test_something_else(self, stored: dict[str, Any]) -> None:
        with pytest.raises(SealError):
            clearance_from_json(stored)

    @pytest.mark.parametrize("change", [{"notice": "2.32-2018"}, {"items": [{"item": "i1"}]}, {"items": 7}])
    def test_what_cannot_be_read(self, change: dict[str, Any]) -> None:
        with pytest.raises(SealError):
            clearance_from_json({**self.stored(), **change})


@pytest.mark.parametrize("sealed", [Clearance, Disclosure, EndOfPermission, NeutralAnswer])
def test_nobody_makes_a_sealed_type_of_their_own(sealed: type) -> None:
    """A subclass with a `__post_init__` of its own would never be asked for the seal."""
    with pytest.raises(SealError, match="`Forged`: a sealed type has no subclasses"):
        type("Forged", (sealed,), {})


def test_the_types() -> None:
    assert isinstance(DECISION, Decision)
    assert isinstance(CLEARANCE, Clearance)
