"""The tree of provisions: each one read, with what it takes over from those around it.

R4 lets nested provisions be exceptions to the one around them; PCF's examples also nest a permit in a permit, for
other labels, purposes or actors. So a nested provision takes over every condition of its parent; it may set label,
purpose and actor anew; a nested permit keeps all other limits of its parents beside its own; a nested refusal, being
an exception, sets anew whatever it states. Periods add up always.
Source: https://hl7.org/fhir/R4/consent.html#6.2.2; IHE PCF 1.1 examples and their ITI-71 residuals.
"""

from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, Final

from mappings.fhir.consult.elements import Coding, Json, objects, read_coding, text
from mappings.fhir.consult.errors import UnreadableConsentError
from mappings.fhir.consult.moments import Span, read_period
from mappings.fhir.consult.names import Directory, Names

_DEPTH: Final = 16
_MEANINGS: Final = frozenset({"instance", "related", "dependents", "authoredby"})
_ANEW: Final = frozenset({"securityLabel", "purpose", "actor"})
_CODED: Final = frozenset({"securityLabel", "class", "code"})
REQUEST: Final = frozenset({"actor", "purpose", "action"})
"""The conditions that are about the question; all others are about the content."""


@dataclass(frozen=True, slots=True)
class Actor:
    """An actor of a provision: by which roles it is involved, and its names."""

    roles: frozenset[str]
    names: Names


@dataclass(frozen=True, slots=True)
class Data:
    """Data that a provision names, and what of it is meant."""

    meaning: str
    names: Names


@dataclass(frozen=True, slots=True)
class Term:
    """One alternative of a condition: `kind` is the element that holds it."""

    kind: str
    value: Coding | Span | Actor | Data


@dataclass(frozen=True, slots=True)
class Condition:
    """Alternatives of which one must be met. `kinds`: the elements they come from."""

    kinds: frozenset[str]
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Provision:
    """A provision with all that binds it. `kind`: permit, deny, or None where nobody said.

    `own`: the conditions it states itself, among `conditions`. `blocked`: something here is not understood, so it
    permits nothing.
    """

    kind: str | None
    periods: tuple[Span, ...]
    conditions: tuple[Condition, ...]
    own: tuple[Condition, ...]
    blocked: bool
    nested: tuple["Provision", ...]

    @property
    def stated(self) -> frozenset[str]:
        """Names of the conditions that it states itself."""
        return frozenset(kind for condition in self.own for kind in condition.kinds)

    @property
    def lists_recipients(self) -> bool:
        """Whether it only says that nobody gets anything but the recipients its nested permits name (an ROI's shape).

        Its refusal is then the rule beside the exceptions and not a refusal of its own: two such consents, for two
        recipients, do not cancel each other.
        """
        permits = [one for one in self.nested if one.kind == "permit"]
        named = bool(permits) and all("actor" in one.stated for one in permits)
        limited = any(one.kinds != {"action"} for one in self.conditions)
        return self.kind == "deny" and named and not limited


@dataclass(frozen=True, slots=True)
class Reading:
    """What provisions are read with: who is who, what the consent contains, where dates without offset belong."""

    directory: Directory
    contained: Json
    zone: tzinfo


def read_root(value: Json, default: str | None, reading: Reading) -> Provision:
    """Read the root provision; `default`: what policyRule says where it has no type. Raises UnreadableConsentError."""
    return _read(value, default, None, reading, "provision")


def _read(value: Json, kind: str | None, parent: Provision | None, reading: Reading, field: str) -> Provision:
    if field.count(".provision") > _DEPTH:
        raise UnreadableConsentError("provision", f"must be nested at most {_DEPTH} deep")
    if "type" in value or parent is not None:
        kind = _kind(value.get("type"), f"{field}.type")
    stated = _conditions(value, reading, field)
    own = tuple(stated if kind == "permit" else _as_refusal(stated))
    before = () if parent is None else parent.periods
    found = Provision(
        kind=kind,
        periods=(*before, read_period(value["period"], reading.zone, f"{field}.period"))
        if "period" in value
        else before,
        conditions=(*_taken_over(parent, kind, own), *own),
        own=own,
        blocked="modifierExtension" in value or (parent is not None and parent.blocked),
        nested=(),
    )
    inner = objects(value.get("provision"), f"{field}.provision")
    nested = tuple(_read(one, None, found, reading, f"{field}.provision") for one in inner)
    return Provision(found.kind, found.periods, found.conditions, found.own, found.blocked, nested)


def _kind(value: Any, field: str) -> str:
    if value not in ("permit", "deny"):
        raise UnreadableConsentError(field, "must be `permit` or `deny`")
    return str(value)


def _taken_over(parent: Provision | None, kind: str | None, own: tuple[Condition, ...]) -> tuple[Condition, ...]:
    if parent is None:
        return ()
    stated = frozenset(name for condition in own for name in condition.kinds)
    anew = stated & _ANEW if kind == "permit" else stated
    return tuple(condition for condition in parent.conditions if not condition.kinds & anew)


def _as_refusal(stated: list[Condition]) -> list[Condition]:
    """Join labels, classes and codes: a refusal of R and of MedicationStatement refuses each, as LEAP has it."""
    coded = [one for one in stated if one.kinds <= _CODED]
    rest = [one for one in stated if not one.kinds <= _CODED]
    if not coded:
        return rest
    kinds = frozenset(kind for one in coded for kind in one.kinds)
    return [*rest, Condition(kinds, tuple(term for one in coded for term in one.terms))]


def _conditions(value: Json, reading: Reading, field: str) -> list[Condition]:
    terms: dict[str, list[Any]] = {
        "actor": [_actor(one, reading, f"{field}.actor") for one in objects(value.get("actor"), f"{field}.actor")],
        "purpose": _codings(value, "purpose", field),
        "action": _concepts(value, "action", field),
        "securityLabel": _codings(value, "securityLabel", field),
        "class": _codings(value, "class", field),
        "code": _concepts(value, "code", field),
        "dataPeriod": [read_period(value["dataPeriod"], reading.zone, f"{field}.dataPeriod")]
        if "dataPeriod" in value
        else [],
        "data": [_data(one, reading, f"{field}.data") for one in objects(value.get("data"), f"{field}.data")],
    }
    return [
        Condition(frozenset({kind}), tuple(Term(kind, one) for one in found)) for kind, found in terms.items() if found
    ]


def _codings(value: Json, name: str, field: str) -> list[Coding]:
    return [read_coding(one, f"{field}.{name}") for one in objects(value.get(name), f"{field}.{name}")]


def _concepts(value: Json, name: str, field: str) -> list[Coding]:
    """Read CodeableConcepts. Raises UnreadableConsentError for one in words alone: a condition nobody can test."""
    found: list[Coding] = []
    for one in objects(value.get(name), f"{field}.{name}"):
        codings = objects(one.get("coding"), f"{field}.{name}.coding")
        if not codings:
            raise UnreadableConsentError(f"{field}.{name}", "must be coded")
        found += [read_coding(coding, f"{field}.{name}.coding") for coding in codings]
    return found


def _actor(value: Json, reading: Reading, field: str) -> Actor:
    role = value.get("role", {})
    if not isinstance(role, dict):
        raise UnreadableConsentError(f"{field}.role", "must be an object")
    roles = objects(role.get("coding"), f"{field}.role.coding")
    return Actor(
        frozenset(read_coding(one, f"{field}.role.coding").code for one in roles), _names(value, reading, field)
    )


def _data(value: Json, reading: Reading, field: str) -> Data:
    meaning = text(value.get("meaning"), f"{field}.meaning")
    if meaning not in _MEANINGS:
        raise UnreadableConsentError(f"{field}.meaning", "must be a meaning that FHIR knows")
    return Data(meaning, _names(value, reading, field))


def _names(value: Json, reading: Reading, field: str) -> Names:
    reference = value.get("reference")
    if not isinstance(reference, dict):
        raise UnreadableConsentError(f"{field}.reference", "must be an object")
    return reading.directory.names(reference, reading.contained, f"{field}.reference")
