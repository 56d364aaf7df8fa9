"""clear, account, neutral: the only constructors of what may leave (tests/architecture hold that).

clear refuses rather than clears a little: a decision that does not permit, an item that is not the one decided about,
an obligation that cannot be discharged.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from consent.codes import Category
from consent.decision import Decision, Obligation, Released
from consent.disclosure import (
    _SEAL,
    Clearance,
    ClearedItem,
    Disclosure,
    LedgerReceipt,
    NeutralAnswer,
    Notice,
    SealError,
)
from consent.model import Item
from consent.notices import NOTICES
from consent.redaction import redact
from consent.wording import is_blank


class ClearanceError(ValueError):
    """A decision cannot be cleared. Names the field and the rule, never anything of a person."""


def clear(decision: Decision, record: Sequence[Item], *, summary: str | None = None) -> Clearance:
    """Redact what was released, attach statement and scope, and bind all of it by its digest.

    `record`: must hold every released item, once, in the version that was decided about. `summary`: a person's own
    words to the recipient, which the digest covers. Obligations that a person discharges (an approval, the
    documentation of an emergency) travel on. Raises ClearanceError; then nothing is cleared.
    """
    if decision.outcome != "permit" or not decision.released:
        raise ClearanceError("`decision`: does not permit")
    items = tuple(_cleared(decision, released, record) for released in decision.released)
    notice, scope = _notice(decision.obligations), _scope(decision.obligations)
    consented = any(item.part2 and item.basis.startswith("consent:") for item in items)
    if consented and (notice is None or scope is None):
        raise ClearanceError("`obligations`: a record under part 2 leaves with statement and scope (42 CFR 2.32)")
    return _sealed(
        request=decision.id,
        recipient=decision.requester,
        purpose=decision.purpose,
        participant=decision.participant,
        items=items,
        notice=notice,
        scope=scope,
        summary=summary,
        obligations=decision.obligations,
    )


def account(clearance: Clearance, receipt: LedgerReceipt) -> Disclosure:
    """Join a clearance with the ledger entry that is committed for it. Raises SealError unless the digests match."""
    if not isinstance(clearance, Clearance):
        raise SealError("only a clearance is accounted for")
    _check_digest(clearance)
    if receipt.digest != clearance.digest or is_blank(receipt.entry) or receipt.at.tzinfo is None:
        raise SealError("the ledger entry is not about this clearance")
    return Disclosure(seal=_SEAL, clearance=clearance, entry=receipt.entry, at=receipt.at)


def neutral(recipient: str, reference: str, receipt: LedgerReceipt) -> NeutralAnswer:
    """Make the neutral answer to a question that is on the ledger, whatever the reason (GR-03)."""
    if is_blank(receipt.entry):
        raise SealError("a neutral answer is on the ledger, too")
    return NeutralAnswer(seal=_SEAL, recipient=recipient, reference=reference, entry=receipt.entry)


def clearance_to_json(clearance: Clearance) -> dict[str, Any]:
    """Return a clearance as plain JSON, to be kept (encrypted) as a proposal."""
    return {
        "request": clearance.request,
        "recipient": clearance.recipient,
        "purpose": clearance.purpose,
        "participant": clearance.participant,
        "items": [{**asdict(item), "category": item.category.value} for item in clearance.items],
        "notice": None if clearance.notice is None else clearance.notice.version,
        "scope": clearance.scope,
        "summary": clearance.summary,
        "obligations": [asdict(obligation) for obligation in clearance.obligations],
        "digest": clearance.digest,
    }


def clearance_from_json(stored: Mapping[str, Any]) -> Clearance:
    """Read a clearance that was kept. Raises SealError unless its digest still binds all of it."""
    try:
        clearance = _sealed(
            **{name: stored[name] for name in ("request", "recipient", "purpose", "participant", "scope", "summary")},
            items=tuple(_stored_item(item) for item in stored["items"]),
            notice=None if stored["notice"] is None else NOTICES[stored["notice"]],
            obligations=tuple(_stored_obligation(each) for each in stored["obligations"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SealError(f"a stored clearance cannot be read: {type(error).__name__}") from None
    if clearance.digest != stored.get("digest"):
        raise SealError("a stored clearance is not what was cleared")
    return clearance


def _cleared(decision: Decision, released: Released, record: Iterable[Item]) -> ClearedItem:
    found = [item for item in record if item.id == released.item]
    if len(found) != 1:
        raise ClearanceError("`record`: holds a released item not exactly once")
    item = found[0]
    if item.participant != decision.participant:
        raise ClearanceError("`record`: an item is about another participant than the decision")
    if item.category is not released.category or is_blank(item.id) or item.version < 1:
        raise ClearanceError("`record`: an item is not the one that was decided about")
    resource = None if item.resource is None else redact(item.resource, frozenset(released.fields))
    if item.resource is not None and resource is None:
        raise ClearanceError("`record`: the redaction leaves nothing of a released item")
    return ClearedItem(item.id, item.version, item.participant, item.category, released.basis, released.part2, resource)


def _notice(obligations: Iterable[Obligation]) -> Notice | None:
    versions = [each.version for each in obligations if each.kind == "notice"]
    if not versions:
        return None
    if len(versions) != 1 or versions[0] not in NOTICES:
        raise ClearanceError("`obligations`: the statement that is owed cannot be attached")
    return NOTICES[versions[0]]


def _scope(obligations: Iterable[Obligation]) -> str | None:
    texts = [each.text for each in obligations if each.kind == "consent-scope"]
    if any(is_blank(text) for text in texts):
        raise ClearanceError("`obligations`: the scope of the consent that is owed cannot be attached")
    return "\n".join(text for text in texts if text) or None


def _sealed(**values: Any) -> Clearance:
    return Clearance(seal=_SEAL, **values, digest=_digest(**values))


def _digest(**values: Any) -> str:
    """Return the digest of what a recipient would get. A JSON number keeps its Python form, as on the wire."""
    notice: Notice | None = values["notice"]
    bound = {
        "recipient": values["recipient"],
        "purpose": values["purpose"],
        "items": [[item.item, item.version, item.category.value, item.resource] for item in values["items"]],
        "summary": values["summary"],
        "notice": None if notice is None else notice.version,
        "scope": values["scope"],
    }
    text = json.dumps(bound, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _check_digest(clearance: Clearance) -> None:
    names = ("recipient", "purpose", "items", "summary", "notice", "scope")
    if clearance.digest != _digest(**{name: getattr(clearance, name) for name in names}):
        raise SealError("a clearance is not what was cleared")


def _stored_item(stored: Mapping[str, Any]) -> ClearedItem:
    return ClearedItem(**{**stored, "category": Category(stored["category"])})


def _stored_obligation(stored: Mapping[str, Any]) -> Obligation:
    return Obligation(**{**stored, "cites": tuple(stored["cites"]), "owed": tuple(stored["owed"])})
