"""Say why something was released or withheld, and prove it: the rules are run again on the facts as they were."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from consent.decision import Decision
from consent.request import DisclosureRequest
from gateway.disclosure import judge_again, same_decision
from gateway.store import codec
from gateway.store.unit_of_work import Store
from gateway.store.values import LedgerEntry, References


class ExplainError(LookupError):
    """There is no decision by that id."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """An entry of the ledger, its decision made again, and whether the two agree. `decision` None: nobody was found."""

    entry: LedgerEntry
    decision: Decision | None
    agrees: bool

    def as_json(self) -> dict[str, Any]:
        """Every finding with its citation, for staff."""
        findings = () if self.decision is None else self.decision.findings
        return {
            "id": str(self.entry.id),
            "kind": self.entry.kind,
            "at": self.entry.at.isoformat(),
            "recipient": self.entry.organization,
            "outcome": self.entry.content.get("outcome"),
            "refused": self.entry.content.get("refused"),
            "decision": self.entry.content.get("decision"),
            "agrees": self.agrees,
            "findings": [
                {
                    "rule": f.rule,
                    "cites": list(f.cites),
                    "state": f.state.value,
                    "because": f.because,
                    "evidence": list(f.evidence),
                }
                for f in findings
            ],
        }


async def explain(store: Store, identity: UUID) -> Explanation:
    """Explain one disclosure or denial. Raises ExplainError for an id that names neither."""
    async with store.unit_of_work() as uow:
        entry = await uow.accounting.get(identity)
        if entry is None or entry.kind not in ("disclosure", "denial", "proposal"):
            raise ExplainError("`ID`: names no disclosure, denial or proposal on the ledger")
        if entry.participant is None or "request" not in entry.content:
            return Explanation(entry, None, agrees=True)
        request = codec.load(DisclosureRequest, codec.dump(entry.content["request"]))
        references = codec.load(References, codec.dump(entry.content["references"]))
        facts, _ = await uow.load(entry.participant, at=references)
    decision = judge_again(request, facts)
    return Explanation(entry, decision, same_decision(decision, entry.content["decision"]))
