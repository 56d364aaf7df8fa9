"""Who stands before us, and what stops everything but an emergency and a court order."""

from collections.abc import Hashable
from typing import Final

from consent.codes import Category, HipaaStatus, Integrity
from consent.matter import Matter
from consent.model import Item, Restriction
from consent.rules.rule import (
    EVERY_BASIS,
    ORDINARY,
    PART2,
    Effect,
    Parts,
    Rule,
    Scope,
    Verdict,
    among,
    by_content,
    by_part2,
    either,
    forbid,
    not_applicable,
    satisfied,
    unknown,
    violated,
)


def _requester(matter: Matter) -> Verdict:
    """P2-21: an organization that is not registered matches nothing, not even an order in its name."""
    return unknown("the requester is not known") if matter.requester is None else satisfied("the requester is known")


def _participant(matter: Matter) -> Verdict:
    """2.13(c)(2), P2-22: a person who is not known has nothing to release."""
    if matter.participant is None:
        return unknown("the participant is not known")
    return satisfied("the participant is known")


def _agreement(matter: Matter) -> Verdict:
    """2.12(c)(4), 2.33(c), P2-63: an agreement counts through its last day; whoever HIPAA does not bind needs one.

    That partners outside 2.33(c) need an agreement at all is the policy of the house (part2.md: judgment).
    """
    requester = matter.requester
    if requester is None:
        return unknown("the requester is not known")
    if requester.agreement_expires is not None:
        return either(
            matter.today <= requester.agreement_expires, "the agreement is in date", "the agreement has expired"
        )
    if requester.hipaa_status is HipaaStatus.NONE:
        return violated("no agreement is on file, and HIPAA does not bind the requester")
    return satisfied("HIPAA binds the requester, no agreement is on file")


def _readable(matter: Matter) -> Verdict:
    """2.31(c), 2.13(a): what nobody can read may be a refusal; until a person has looked, nothing leaves."""
    if matter.consents is None:
        return unknown("consents could not be loaded")
    unreadable = any(consent.integrity is Integrity.UNREADABLE for consent in matter.consents)
    return either(not unreadable, "every consent on file can be read", "a consent on file cannot be read")


def _hold(matter: Matter) -> Verdict:
    """P2-70: a spoken "stop" counts at once; nothing compels a disclosure (2.2(b)(1): the older text was read)."""
    if matter.stops is None:
        return unknown("holds could not be loaded")
    return either(not matter.stops.everything, "no hold on everything", "a hold on everything is in force")


def _same_participant(matter: Matter) -> Parts:
    """2.13(a): an item carries its own participant, and is never released about another."""
    return among((matter.request.participant,), "the item is about this participant", "the item is about somebody else")


def _by_participant(_matter: object, item: Item) -> Hashable:
    return item.participant


def _restriction(matter: Matter) -> Verdict | Parts:
    """2.26, P2-34: an agreed restriction binds, whatever the purpose; stricter than 2.26, which reaches TPO alone."""
    if matter.facts.restrictions is None:
        return unknown("restrictions could not be loaded")
    about = [each for each in matter.facts.restrictions if _about(each, matter)]
    if not about:
        return not_applicable("no restriction on this recipient is on record")
    restricted = frozenset[Category]().union(*(_categories(each) for each in about))
    return (
        matter.touching(restricted),
        violated("an agreed restriction covers this recipient and category"),
        satisfied("a restriction is on record and does not bind here"),
    )


def _about(restriction: Restriction, matter: Matter) -> bool:
    return (
        restriction.participant == matter.request.participant and restriction.organization == matter.request.requester
    )


def _categories(restriction: Restriction) -> frozenset[Category]:
    """Return what a restriction covers. An empty list of categories means all, as one left out does."""
    if not restriction.agreed:
        return frozenset()
    return restriction.categories or frozenset(Category)


def _part2(_matter: Matter) -> Parts:
    """2.11, 2.12: say whether Part 2 applies to the item. Never against: what follows, others ask."""
    return PART2, satisfied("Part 2 applies to the item"), satisfied("Part 2 does not apply to the item")


RULES: Final[tuple[Rule, ...]] = (
    forbid("requester.known", _requester, "42 CFR 2.13(a)", "42 CFR 2.31(a)(4)"),
    forbid("participant.known", _participant, "42 CFR 2.13(a)", "42 CFR 2.13(c)(2)"),
    forbid("requester.agreement", _agreement, "42 CFR 2.12(c)(4)", "42 CFR 2.33(c)", "42 CFR 2.16(a)", stops=ORDINARY),
    forbid("consents.readable", _readable, "42 CFR 2.31(c)", "42 CFR 2.13(a)", stops=ORDINARY),
    forbid("participant.hold", _hold, "42 CFR 2.31(c)(3)", "42 CFR 2.2(b)(1)", stops=ORDINARY),
    Rule(
        "item.participant",
        Scope.ITEM,
        Effect.FORBID,
        ("42 CFR 2.13(a)",),
        _same_participant,
        EVERY_BASIS,
        key=_by_participant,
    ),
    Rule(
        "participant.restriction",
        Scope.ITEM,
        Effect.FORBID,
        ("42 CFR 2.26(a)", "45 CFR 164.522(a)"),
        _restriction,
        ORDINARY,
        key=by_content,
    ),
    Rule(
        "item.part2",
        Scope.ITEM,
        Effect.FORBID,
        ("42 CFR 2.11", "42 CFR 2.12(a)", "42 CFR 2.12(b)", "42 CFR 2.12(e)"),
        _part2,
        EVERY_BASIS,
        key=by_part2,
    ),
)
