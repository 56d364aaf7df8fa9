"""What HIPAA opens for records that are not Part 2: treatment (45 CFR 164.506) and custody (164.512(k)(5)).

Neither has a counterpart in Part 2 (part2.md section 0.7). 164.512(k)(5) was read in a secondary source (H-04).
"""

from typing import Final

from consent.codes import HEALTH_KINDS, NOTES, HipaaStatus, OrganizationKind, Purpose
from consent.matter import Matter
from consent.rules.rule import (
    PART2,
    BasisKind,
    Check,
    Effect,
    Parts,
    Rule,
    Scope,
    Verdict,
    among,
    by_category,
    by_part2,
    by_source,
    either,
    not_applicable,
    satisfied,
    unknown,
    violated,
)

_TREATMENT: Final = frozenset({BasisKind.TREATMENT})
_CUSTODY: Final = frozenset({BasisKind.CUSTODY})
_BOTH: Final = _TREATMENT | _CUSTODY
_BOUND: Final = frozenset({HipaaStatus.COVERED_ENTITY, HipaaStatus.BUSINESS_ASSOCIATE})
_ELSEWHERE: Final = not_applicable("neither treatment nor custody is in question")


def _in_question(matter: Matter) -> bool:
    return matter.request.purpose in (Purpose.TREATMENT, Purpose.CUSTODY_CONTINUITY)


def _treatment(matter: Matter) -> Verdict:
    """164.506(c): one who treats asks one who treated."""
    if matter.request.purpose is not Purpose.TREATMENT:
        return not_applicable("treatment is not in question")
    return either(
        matter.kind in HEALTH_KINDS, "a health organization asks for treatment", "no health organization asks"
    )


def _custody(matter: Matter) -> Verdict:
    """164.512(k)(5): to jail health, never to custody staff (H-04)."""
    if matter.request.purpose is not Purpose.CUSTODY_CONTINUITY:
        return not_applicable("continuity in custody is not in question")
    return either(
        matter.kind is OrganizationKind.JAIL_HEALTH,
        "jail health asks for continuity",
        "the requester is not jail health",
    )


def _in_custody(matter: Matter) -> Verdict:
    """Jail health treats who is in custody; on release it ends (H-04)."""
    if matter.kind is not OrganizationKind.JAIL_HEALTH or not _in_question(matter):
        return not_applicable("the requester is not jail health, or asks for something else")
    if matter.participant is None or matter.participant.in_custody is None:
        return unknown("it is not known whether the participant is in custody")
    return either(matter.participant.in_custody, "the participant is in custody", "the participant is not in custody")


def _not_part2(matter: Matter) -> Verdict | Parts:
    """Part 2 records need a consent even for treatment: 2.13(a) knows no such exception (part2.md section 0.6)."""
    if not _in_question(matter):
        return _ELSEWHERE
    applies, not_so = violated("Part 2 applies to the item"), satisfied("Part 2 does not apply to the item")
    return PART2, applies, not_so


def _no_note(matter: Matter) -> Verdict | Parts:
    """164.508(a)(2): notes need an authorization of their own."""
    if not _in_question(matter):
        return _ELSEWHERE
    return NOTES, violated("the item is a note"), satisfied("the item is no note")


def _source(matter: Matter) -> Verdict | Parts:
    """164.506(c): what a health organization that HIPAA binds has made, and nobody else's."""
    if not _in_question(matter):
        return _ELSEWHERE
    known = matter.facts.organizations.items()
    bound = frozenset(name for name, each in known if each.kind in HEALTH_KINDS and each.hipaa_status in _BOUND)
    return among(bound, "made by a health organization under HIPAA", "not made by a health organization under HIPAA")


def _item(identifier: str, check: Check, key: Check, *cites: str) -> Rule:
    return Rule(identifier, Scope.STATUTE_ITEM, Effect.REQUIRE, cites, check, _BOTH, key=key)


RULES: Final[tuple[Rule, ...]] = (
    Rule("treatment.asked", Scope.STATUTE, Effect.OPEN, ("45 CFR 164.506(c)",), _treatment, _TREATMENT),
    Rule("custody.asked", Scope.STATUTE, Effect.OPEN, ("45 CFR 164.512(k)(5)",), _custody, _CUSTODY),
    Rule("jail-health.custody", Scope.STATUTE, Effect.REQUIRE, ("45 CFR 164.512(k)(5)",), _in_custody, _BOTH),
    _item(
        "hipaa.not-part2",
        _not_part2,
        by_part2,
        "42 CFR 2.12(a)",
        "42 CFR 2.13(a)",
        "45 CFR 164.506(c)",
        "45 CFR 164.512(k)(5)",
    ),
    _item("hipaa.no-note", _no_note, by_category, "45 CFR 164.508(a)(2)", "42 CFR 2.31(b)"),
    _item("hipaa.source", _source, by_source, "45 CFR 164.506(c)", "45 CFR 164.512(k)(5)"),
)
