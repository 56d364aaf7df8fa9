"""clear, account, neutral, end_of_permission: the only constructors of what may leave (tests/architecture hold that).

clear refuses rather than clears a little: a decision that does not permit, an item that is not the one decided about,
an obligation that cannot be discharged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from consent.cleared import NotClearedError, cleared_items, digest_of
from consent.codes import Category
from consent.decision import Decision, Obligation
from consent.disclosure import (
    _SEAL,
    Clearance,
    ClearedItem,
    Disclosure,
    EndOfPermission,
    LedgerReceipt,
    NeutralAnswer,
    Notice,
    SealError,
)
from consent.model import Item
from consent.notices import NOTICES
from consent.redaction import Written, nothing_is_written
from consent.wording import is_blank


class ClearanceError(ValueError):
    """A decision cannot be cleared. Names the field and the rule, never anything of a person."""


def clear(
    decision: Decision, record: Iterable[Item], *, summary: str | None = None, written: Written = nothing_is_written
) -> Clearance:
    """Redact what was released, attach statement and scope, and bind all of it by its digest.

    `record`: must hold every released item, once, in the version that was decided about. `summary`: a person's own
    words to the recipient, which the digest covers. `written`: see consent.redaction; with it a long record is cleared
    in a third of the time, and says the same. Obligations that a person discharges (an approval, the
    documentation of an emergency) travel on. Raises ClearanceError; then nothing is cleared.
    """
    if decision.outcome != "permit" or not decision.released:
        raise ClearanceError("`decision`: does not permit")
    try:
        items = cleared_items(decision, record, written)
    except NotClearedError as error:
        raise ClearanceError(*error.args) from None
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
    return Clearance(seal=_SEAL, **values, digest=_digest(values))


def _digest(values: Mapping[str, Any]) -> str:
    notice: Notice | None = values["notice"]
    words = {name: values[name] for name in ("recipient", "purpose", "summary", "scope")}
    return digest_of(values["items"], {**words, "notice": None if notice is None else notice.version})


def _check_digest(clearance: Clearance) -> None:
    names = ("recipient", "purpose", "items", "summary", "notice", "scope")
    if clearance.digest != _digest({name: getattr(clearance, name) for name in names}):
        raise SealError("a clearance is not what was cleared")


def _stored_item(stored: Mapping[str, Any]) -> ClearedItem:
    return ClearedItem(**{**stored, "category": Category(stored["category"])})


def _stored_obligation(stored: Mapping[str, Any]) -> Obligation:
    return Obligation(**{**stored, "cites": tuple(stored["cites"]), "owed": tuple(stored["owed"])})


def end_of_permission(recipient: str, reference: str, receipt: LedgerReceipt) -> EndOfPermission:
    """Make the notice that a permission is over. Raises SealError without a recipient, a reference or a ledger entry.

    `reference`: the identifier under which this same recipient got something (P2-71(5)); the caller has looked it up.
    """
    if is_blank(receipt.entry):
        raise SealError("a notice of an end is on the ledger, too")
    if is_blank(recipient) or is_blank(reference):
        raise SealError("a notice of an end names its recipient and the earlier message")
    return EndOfPermission(seal=_SEAL, recipient=recipient, reference=reference, entry=receipt.entry)
