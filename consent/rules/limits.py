"""What of a released item may pass: the redaction tables (42 CFR 2.13(a), 45 CFR 164.502(b))."""

from typing import Final

from consent.matter import Matter
from consent.model import Item
from consent.redaction import redact
from consent.rules.rule import EVERY_BASIS, Allowed, Effect, Rule, Scope, not_applicable, satisfied, violated

_NOTHING: Final[frozenset[str]] = frozenset()
_NO_RESOURCE: Final = not_applicable("the item has no resource")


def _redaction(matter: Matter, item: Item) -> Allowed:
    """2.13(a): a field that nobody wrote down does not leave; a resource of which nothing may leave stays."""
    kind, row = matter.kind, _NOTHING
    if kind is not None:
        row = matter.facts.policy.allow_lists.get((kind, matter.request.purpose, item.category), _NOTHING)
    if item.resource is None:
        return Allowed(_NO_RESOURCE, row)
    prefix = f"{item.resource.get('resourceType')}."
    fields = frozenset(path for path in row if path.startswith(prefix))
    if redact(item.resource, fields) is None:
        return Allowed(violated("the redaction leaves nothing of the resource"), fields)
    return Allowed(satisfied("the redaction leaves what may pass"), fields)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "item.redaction",
        Scope.LIMIT,
        Effect.NARROW,
        ("42 CFR 2.13(a)", "45 CFR 164.502(b)"),
        _redaction,
        EVERY_BASIS,
        key=lambda _matter, item: item.category if item.resource is None else (item.id,),
    ),
)
