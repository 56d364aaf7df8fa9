"""Say why something was released or withheld, and prove it: the rules are run again on the facts as they were."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from consent.decision import Decision, Finding
from consent.request import DisclosureRequest
from gateway.judged import judge_again
from gateway.store import codec
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry, References
from gateway.verdicts import same_decision

DECISIONS = ("disclosure", "denial", "proposal")


class ExplainError(LookupError):
    """There is no decision by that id."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """An entry of the ledger, its decision made again, and whether the two agree.

    `decision` None: the question was about nobody whom the site knows, so there was nothing to decide.
    """

    entry: LedgerEntry
    decision: Decision | None
    agrees: bool

    def as_json(self) -> dict[str, Any]:
        """Every finding with its citation, for staff."""
        content = self.entry.content
        return {
            "id": str(self.entry.id),
            "kind": self.entry.kind,
            "at": self.entry.at.isoformat(),
            "recipient": self.entry.organization,
            "outcome": content.get("outcome"),
            "refused": content.get("refused"),
            "rulebook": content.get("rulebook"),
            "decision": content.get("decision"),
            "agrees": self.agrees,
            "findings": [] if self.decision is None else [_finding(f) for f in self.decision.findings],
        }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "cites": list(finding.cites),
        "state": finding.state.value,
        "because": finding.because,
        "evidence": list(finding.evidence),
    }


async def explain(store: Store, identity: UUID) -> Explanation:
    """Explain one disclosure, denial or proposal, by the id of its ledger entry, its delivery or its proposal.

    Only what the decision referred to is looked at: versions never change, so what came since cannot matter.
    Raises ExplainError for an id that names none of these.
    """
    async with store.unit_of_work() as uow:
        entry = await _entry(uow, identity)
        if entry is None:
            raise ExplainError("`DECISION_ID`: names no disclosure, denial or proposal on the ledger")
        if "request" not in entry.content:
            return Explanation(entry, None, agrees=True)
        request = codec.load(DisclosureRequest, codec.dump(entry.content["request"]))
        references = codec.load(References, codec.dump(entry.content["references"]))
        facts, _ = await uow.load(UUID(request.participant), request.at, at=references)
    decision = judge_again(request, facts)
    return Explanation(entry, decision, same_decision(decision, entry.content["decision"]))


async def _entry(uow: UnitOfWork, identity: UUID) -> LedgerEntry | None:
    entry = await uow.accounting.get(identity)
    if entry is not None:
        return entry if entry.kind in DECISIONS else None
    delivery = await uow.deliveries.get(identity)
    if delivery is not None:
        return None if delivery.entry is None else await uow.accounting.get(delivery.entry)
    return await _of_proposal(uow, identity)


async def _of_proposal(uow: UnitOfWork, identity: UUID) -> LedgerEntry | None:
    proposal = await uow.proposals.get(identity)
    entries = [] if proposal is None else await uow.accounting.of(proposal.participant)
    made = (e for e in entries if e.kind == "proposal" and e.content.get("proposal") == str(identity))
    return next(made, None)
