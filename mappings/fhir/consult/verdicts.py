"""What consents say: inside one the exception beats the rule, across several a refusal beats a permit.

No consent is newer than another here: permits add up, refusals too. LEAP's service lets the most recent win, so that a
release for the jail cancelled the one for the hospital.
"""

from collections.abc import Callable, Iterable
from enum import Enum

from mappings.fhir.consult.asking import Asked
from mappings.fhir.consult.consents import Standing
from mappings.fhir.consult.content import TYPES, Resource, meets
from mappings.fhir.consult.elements import Coding
from mappings.fhir.consult.match import Match
from mappings.fhir.consult.provisions import REQUEST, Condition, Provision


class Verdict(Enum):
    """What a consent says. UNLISTED: it refuses only because it lists recipients and this is none of them."""

    PERMIT = "permit"
    REFUSE = "refuse"
    UNLISTED = "unlisted"


Judge = Callable[[Provision], Match]


def verdict(provision: Provision, judge: Judge) -> Verdict | None:
    """Find what a provision and its exceptions say, to any depth; None where they do not speak of it.

    Among exceptions a refusal beats a permit. A permit needs YES; a refusal applies unless the judge says NO.
    """
    inner = {found for one in provision.nested if (found := verdict(one, judge)) is not None}
    if inner & {Verdict.REFUSE, Verdict.UNLISTED}:
        return Verdict.REFUSE
    if inner:
        return Verdict.PERMIT
    if provision.kind == "permit":
        return Verdict.PERMIT if judge(provision) is Match.YES else None
    if provision.kind == "deny" and judge(provision) is not Match.NO:
        return Verdict.UNLISTED if provision.lists_recipients else Verdict.REFUSE
    return None


def together(found: Iterable[Verdict | None]) -> Verdict | None:
    """Join what several consents, or several purposes that must all be permitted, say of one thing."""
    said = {one for one in found if one is not None}
    for strongest in (Verdict.REFUSE, Verdict.PERMIT, Verdict.UNLISTED):
        if strongest in said:
            return strongest
    return None


def of_consent(consent: Standing, judge: Judge) -> Verdict | None:
    """Find what one consent says; one that may be about another person or matter can only refuse."""
    found = verdict(consent.root, judge)
    return None if found is Verdict.PERMIT and not consent.may_permit else found


def on_resource(asked: Asked, resource: Resource) -> Judge:
    """Judge provisions for one question and one resource."""
    return lambda provision: min(asked.meets(provision), meets(provision, resource))


def on_question(asked: Asked, wanted: Coding | None) -> Judge:
    """Judge provisions for a question before any content is seen; `wanted`: a class that is asked for, if any is.

    A permit of some content counts, it may be there; a refusal of some content does not, it goes into the obligations,
    unless what is asked for is the very class that is refused.
    """

    def judge(provision: Provision) -> Match:
        limits = provision.conditions if provision.kind == "permit" else provision.own
        permit = provision.kind == "permit"
        content = [one for one in limits if not one.kinds <= REQUEST]
        if permit:
            possible = all(_may_be(one, wanted) for one in content)  # empty passes: no limit in FHIR
        else:
            possible = all(_is_all(one, wanted) for one in content)  # empty passes: it refuses everything
        return asked.meets(provision) if possible else Match.NO

    return judge


def _may_be(condition: Condition, wanted: Coding | None) -> bool:
    if wanted is None or condition.kinds != {"class"} or wanted.system != TYPES:
        return True
    return any(_key(term.value) == wanted or _foreign(term.value) for term in condition.terms)


def _foreign(value: object) -> bool:
    return not isinstance(value, Coding) or value.key.system != TYPES


def _key(value: object) -> Coding | None:
    return value.key if isinstance(value, Coding) else None


def _is_all(condition: Condition, wanted: Coding | None) -> bool:
    return wanted is not None and any(term.kind == "class" and _key(term.value) == wanted for term in condition.terms)
