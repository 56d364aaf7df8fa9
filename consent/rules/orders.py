"""Court orders, 42 CFR part 2, subpart E, as a person has structured them.

Checked against older texts or summaries: 2.61, 2.63 (with the change of 2020), 2.64(a)-(c), 2.66; the criteria of 2.65
and the 2024 wording of 2.61 and 2.63-2.67 are from memory (part2.md section 8). A subpoena alone never suffices.
"""

from typing import Final

from consent.codes import NOTES, OrderFinding, OrderType, Purpose
from consent.matter import Matter
from consent.model import CourtOrder
from consent.rules.rule import (
    ORDER_BASIS,
    Check,
    Effect,
    Parts,
    Rule,
    Scope,
    Verdict,
    among,
    by_category,
    by_id,
    either,
    not_applicable,
    satisfied,
    violated,
)

_F = OrderFinding
_CIVIL: Final = frozenset({_F.NOTICE_GIVEN, _F.NO_OTHER_WAY, _F.PUBLIC_INTEREST_OUTWEIGHS, _F.SCOPE_LIMITED})
_CRIMINAL: Final = _CIVIL | {_F.EXTREMELY_SERIOUS_CRIME, _F.SUBSTANTIAL_VALUE}


def _purpose(matter: Matter, _order: CourtOrder) -> Verdict:
    """2.61: an order opens a proceeding, and nothing else."""
    if matter.request.purpose is Purpose.PROCEEDING:
        return satisfied("a proceeding")
    return not_applicable("no proceeding is in question")


def _civil(_matter: Matter, order: CourtOrder) -> Verdict:
    """2.64(d): notice, no other way, public interest, limits (P2-92)."""
    if order.type is not OrderType.O2_64:
        return not_applicable("not a 2.64 order")
    return either(order.findings >= _CIVIL, "every finding of 2.64 is recorded", "a finding of 2.64 is missing")


def _criminal(_matter: Matter, order: CourtOrder) -> Verdict:
    """2.65(d): besides, an extremely serious crime and substantial value (P2-93)."""
    if order.type is not OrderType.O2_65:
        return not_applicable("not a 2.65 order")
    return either(order.findings >= _CRIMINAL, "every finding of 2.65 is recorded", "a finding of 2.65 is missing")


def _of_the_holder(_matter: Matter, order: CourtOrder) -> Verdict:
    """2.66: an order to investigate a program is for counsel, never for software (P2-94)."""
    if order.type is not OrderType.O2_66:
        return not_applicable("not a 2.66 order")
    return violated("an order under 2.66 never leaves by software")


def _mandate(_matter: Matter, order: CourtOrder) -> Verdict:
    """2.61: an order authorizes, a subpoena compels; both are needed before anything leaves."""
    attached = _F.MANDATE_ATTACHED in order.findings
    return either(attached, "a subpoena is attached", "no subpoena is attached")


def _recipient(matter: Matter, order: CourtOrder) -> Verdict:
    """To exactly its recipient."""
    own = matter.requester is not None and matter.requester.id == order.recipient
    return either(own, "the order names the requester", "the order does not name the requester")


def _unexpired(matter: Matter, order: CourtOrder) -> Verdict:
    """In force while the moment is before its end."""
    return either(matter.request.at < order.expires, "the order is in force", "the order has expired")


def _listed(_matter: Matter, order: CourtOrder) -> Parts:
    """Exactly its items."""
    return among(order.items, "the order lists the item", "the order does not list the item")


def _no_note(_matter: Matter, _order: CourtOrder) -> Parts:
    """2.63: confidential communications; whatever the order says, notes never leave by software (P2-91)."""
    return NOTES, violated("notes never leave under an order by software"), satisfied("the item is no note")


def _order(identifier: str, check: Check, *cites: str, effect: Effect = Effect.REQUIRE) -> Rule:
    return Rule(identifier, Scope.ORDER, effect, cites, check, ORDER_BASIS)


RULES: Final[tuple[Rule, ...]] = (
    _order("order.purpose", _purpose, "42 CFR 2.61(a)", "42 CFR 2.12(d)(1)", effect=Effect.OPEN),
    _order("order.civil-findings", _civil, "42 CFR 2.64(d)", "42 CFR 2.64(e)"),
    _order("order.criminal-findings", _criminal, "42 CFR 2.65(d)", "42 CFR 2.65(e)"),
    _order("order.of-the-holder", _of_the_holder, "42 CFR 2.66"),
    _order("order.mandate", _mandate, "42 CFR 2.61(b)"),
    _order("order.recipient", _recipient, "42 CFR 2.64(e)", "42 CFR 2.65(e)"),
    _order("order.unexpired", _unexpired, "42 CFR 2.64(e)", "42 CFR 2.65(e)"),
    Rule(
        "order.listed",
        Scope.ORDER_ITEM,
        Effect.REQUIRE,
        ("42 CFR 2.64(e)", "42 CFR 2.65(e)", "42 CFR 2.13(a)"),
        _listed,
        ORDER_BASIS,
        key=by_id,
    ),
    Rule(
        "order.no-note",
        Scope.ORDER_ITEM,
        Effect.REQUIRE,
        ("42 CFR 2.63", "42 CFR 2.31(b)"),
        _no_note,
        ORDER_BASIS,
        key=by_category,
    ),
)
