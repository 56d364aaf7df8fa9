"""What the ledger keeps of a decision: references and outcome, never content; and whether another one is the same."""

from typing import Any

from consent.decision import Decision
from consent.disclosure import Clearance
from consent.request import DisclosureRequest
from gateway.store import codec
from gateway.store.values import References


def decided(
    request: DisclosureRequest,
    decision: Decision,
    references: References,
    clearance: Clearance | None,
    refused: str | None,
) -> dict[str, Any]:
    """Give what an entry says of a decision. `refused`: why nothing left, as a code. No summary is quoted."""
    return {
        "request": codec.load_json(codec.dump(request)),
        "outcome": "permit" if refused is None else "deny",
        "refused": refused,
        "rulebook": decision.rulebook,
        "decision": _outcome(decision),
        "references": codec.load_json(codec.dump(references)),
        "digest": None if clearance is None else clearance.digest,
        "notice": None if clearance is None or clearance.notice is None else clearance.notice.version,
        "scope": None if clearance is None else clearance.scope,
        "summary": clearance is not None and clearance.summary is not None,
    }


def _outcome(decision: Decision) -> dict[str, Any]:
    return {
        "outcome": decision.outcome,
        "released": [[r.item, r.basis, r.category.value, list(r.fields), r.part2] for r in decision.released],
        "withheld": [[w.item, list(w.because)] for w in decision.withheld],
    }


def same_decision(decision: Decision, recorded: dict[str, Any]) -> bool:
    """Say whether a decision agrees with one that the ledger holds."""
    return _outcome(decision) == recorded
