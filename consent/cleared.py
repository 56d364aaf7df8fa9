"""What `clear` does to each item, and the digest that binds them all. Nothing is sealed here, so nothing can leave.

https://www.rfc-editor.org/rfc/rfc8259 (JSON), FIPS 180-4 (SHA-256).
"""

import hashlib
from collections.abc import Iterable, Mapping

from consent.canonical import Resources, canonical, quoted
from consent.decision import Decision, Released
from consent.disclosure import ClearedItem
from consent.model import Item
from consent.redaction import Redaction, Written, modifies, nothing_is_written
from consent.wording import is_blank


class NotClearedError(ValueError):
    """An item cannot be cleared. Names the field and the rule, never anything of a person."""


def cleared_items(
    decision: Decision, record: Iterable[Item], written: Written = nothing_is_written
) -> tuple[ClearedItem, ...]:
    """Redact every released item, in the order of the decision; an item carries its own participant and source.

    Raises NotClearedError for an item that is not there, not once, not the one that was decided about, or of which
    nothing may leave. With `written`, equal elements of several items are one object (consent.redaction).
    """
    items = _by_id(record)
    found = [items.get(released.item) for released in decision.released]
    unmodified = not modifies([item.resource for item in found if item is not None], written)
    redactions: dict[tuple[str, ...], Redaction] = {}
    cleared = []
    for released, item in zip(decision.released, found, strict=True):
        redaction = redactions.get(released.fields)
        if redaction is None:
            redaction = Redaction(frozenset(released.fields), written, unmodified=unmodified)
            redactions[released.fields] = redaction
        cleared.append(_cleared(decision, released, item, redaction))
    return tuple(cleared)


def digest_of(items: Iterable[ClearedItem], words: Mapping[str, str | None]) -> str:
    """Return the SHA-256 (hex) of what a recipient would get: canonical JSON of the items and of `words`.

    `words`: notice, purpose, recipient, scope, summary; none of their names may come before `items`.
    """
    resources = Resources()
    parts = ",".join([_item_text(item, resources) for item in items])
    text = f'{{"items":[{parts}],{canonical(words)[1:]}'
    return hashlib.sha256(text.encode()).hexdigest()


def _item_text(item: ClearedItem, resources: Resources) -> str:
    return f"[{quoted(item.item)},{item.version},{quoted(item.category.value)},{resources.text(item.resource)}]"


def _by_id(record: Iterable[Item]) -> dict[str, Item]:
    """Return by id what is there once."""
    found: dict[str, Item] = {}
    twice = set()
    for item in record:
        if item.id in found:
            twice.add(item.id)
        found[item.id] = item
    return {name: item for name, item in found.items() if name not in twice} if twice else found


def _cleared(decision: Decision, released: Released, item: Item | None, redaction: Redaction) -> ClearedItem:
    if item is None:
        raise NotClearedError("`record`: holds a released item not exactly once")
    if item.participant != decision.participant:
        raise NotClearedError("`record`: an item is about another participant than the decision")
    if item.category is not released.category or is_blank(item.id) or item.version < 1:
        raise NotClearedError("`record`: an item is not the one that was decided about")
    resource = None if item.resource is None else redaction.of(item.resource)
    if item.resource is not None and resource is None:
        raise NotClearedError("`record`: the redaction leaves nothing of a released item")
    return ClearedItem(
        item.id, item.version, item.participant, item.category, released.basis, released.part2, resource, item.source
    )
