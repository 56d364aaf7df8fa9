"""What a recipient must still do with a permit: REDACT as LEAP writes it, CPLYCD for limits that codes cannot say.

`codes`: redact what has any of them. `exceptAnyOfCodes`: redact all but what has any of them. Several obligations bind
together, so a refusal beats a permit. CPLYCD (comply with consent directive) carries `permit` and `forbid` rules of
R4 conditions; forbid beats permit. Source: leap-cds README; v3-ActCode 11.0.0 ObligationPolicy.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from mappings.fhir.consult.asking import Asked
from mappings.fhir.consult.consents import Standing
from mappings.fhir.consult.elements import Coding, Json
from mappings.fhir.consult.match import Match
from mappings.fhir.consult.moments import FIRST, LAST, Span
from mappings.fhir.consult.provisions import REQUEST, Condition, Data, Provision, Term
from mappings.fhir.consult.security import narrower

_SYSTEM: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_CODED: Final = frozenset({"securityLabel", "class", "code"})


def obligations(consents: Sequence[Standing], asked: Sequence[Asked], classes: Iterable[Coding]) -> list[Json]:
    """Write the obligations of a permit, the same whatever the order of the consents."""
    wanted = frozenset(classes)
    permits = [_limits(one) for one in _every(consents, "permit") if _some(one, asked, Match.YES)]
    forbids = [_own_limits(one, wanted) for one in _refusals(consents, asked)]
    forbids = [one for one in forbids if one]
    bound = bool(permits) and all(permits)  # a permit without limits makes the others' limits moot
    exact = not bound or (all(_plain(one) for one in permits) and (len(permits) == 1 or _alike(permits)))
    return [
        *_redact("codes", [c for one in forbids for c in _codes(one)]),
        *([entry for kind in sorted(_CODED) for entry in _except(kind, permits)] if bound else []),
        *([] if exact and all(_plain(one) for one in forbids) else [_comply(permits if bound else [], forbids)]),
    ]


def _every(consents: Iterable[Standing], kind: str) -> list[Provision]:
    found: list[Provision] = []
    for consent in consents:
        waiting = [consent.root] if consent.may_permit or kind == "deny" else []
        while waiting:
            one = waiting.pop(0)
            waiting += one.nested
            found += [one] if one.kind == kind else []
    return found


def _some(provision: Provision, asked: Sequence[Asked], least: Match) -> bool:
    return any(one.meets(provision) >= least for one in asked)


def _refusals(consents: Iterable[Standing], asked: Sequence[Asked]) -> list[Provision]:
    """Find refusals of some content that apply, but for those that a nested permit lifts wholly for this question."""
    found = [one for one in _every(consents, "deny") if _some(one, asked, Match.MAYBE)]
    return [one for one in found if not any(_lifts(inner, asked) for inner in one.nested)]


def _lifts(permit: Provision, asked: Sequence[Asked]) -> bool:
    return (
        permit.kind == "permit"
        and not permit.nested
        and not _own_limits(permit, frozenset())
        and bool(asked)
        and all(one.meets(permit) is Match.YES for one in asked)
    )


def _limits(provision: Provision) -> list[Condition]:
    return [one for one in provision.conditions if not one.kinds <= REQUEST]


def _own_limits(provision: Provision, wanted: frozenset[Coding]) -> list[Condition]:
    """Find the content that a refusal states itself, without classes that nobody asked for."""
    found = []
    for one in provision.own:
        terms = tuple(t for t in one.terms if t.kind != "class" or not wanted or _is_among(t, wanted))
        if terms and not one.kinds <= REQUEST:
            found.append(Condition(one.kinds, terms))
    return found


def _is_among(term: Term, wanted: frozenset[Coding]) -> bool:
    return isinstance(term.value, Coding) and term.value.key in wanted


def _plain(conditions: Iterable[Condition]) -> bool:
    return all(one.kinds <= _CODED for one in conditions)


def _alike(permits: Sequence[Sequence[Condition]]) -> bool:
    return len({one.kinds for conditions in permits for one in conditions}) == 1


def _codes(conditions: Iterable[Condition]) -> list[Coding]:
    terms = [term for one in conditions for term in one.terms]
    return [code for term in terms for code in _with_narrower(term)]


def _with_narrower(term: Term) -> list[Coding]:
    if not isinstance(term.value, Coding):
        return []
    return narrower(term.value) if term.kind == "securityLabel" else [term.value]


def _except(kind: str, permits: Sequence[Sequence[Condition]]) -> list[Json]:
    """Limit by one kind of code, if every permit is limited by it."""
    limited = [[one for one in conditions if kind in one.kinds] for conditions in permits]
    return _redact("exceptAnyOfCodes", [c for one in limited for c in _codes(one)]) if all(limited) else []


def _redact(parameter: str, codes: Sequence[Coding]) -> list[Json]:
    written = [_coding(one) for one in dict.fromkeys(codes)]
    return [{"id": {"system": _SYSTEM, "code": "REDACT"}, "parameters": {parameter: written}}] if written else []


def _coding(coding: Coding) -> Json:
    return {"system": coding.system, "code": coding.code} if coding.system else {"code": coding.code}


def _comply(permits: Iterable[list[Condition]], forbids: Iterable[list[Condition]]) -> Json:
    rules = {"permit": [_rule(one) for one in permits], "forbid": [_rule(one) for one in forbids]}
    return {"id": {"system": _SYSTEM, "code": "CPLYCD"}, "parameters": {k: v for k, v in rules.items() if v}}


def _rule(conditions: Iterable[Condition]) -> Json:
    """Write the conditions of one rule as R4 elements."""
    rule: dict[str, list[Any]] = {}
    for term in (term for one in conditions for term in one.terms):
        rule.setdefault(term.kind, []).append(_written(term))
    return dict(rule)


def _written(term: Term) -> Json:
    if isinstance(term.value, Span):
        edges = {"start": term.value.first, "end": term.value.after}
        return {name: edge.isoformat() for name, edge in edges.items() if edge not in {FIRST, LAST}}
    if isinstance(term.value, Data):
        names = [f"{base}/{tail}" if base else tail for base, tail in sorted(term.value.names.literals)]
        return {"meaning": term.value.meaning, "reference": [{"reference": one} for one in names]}
    return _coding(term.value) if isinstance(term.value, Coding) else {}
