"""The parameters of a search for Consents: IHE PCF ITI-108 and the search parameters of HL7 FAST, read strictly.

`status` and a patient are mandatory (ITI-108); the patient is named once, by `patient` or by an identifier. Nothing of
a search is ever repeated: an error names a parameter of PARAMETERS and a rule of Broken.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from mappings.fhir import codes
from mappings.fhir.build import Json, logical_id
from mappings.fhir.consent_profiles import Profile, profile_named
from mappings.fhir.consult.names import Names, literal, plain

PARAMETERS: Final = frozenset(
    {"patient", "patient.identifier", "patient:identifier", "patientId", "status", "actor", "actor.identifier"}
    | {"actor:identifier", "grantee", "organizationId", "controller", "manager", "scope", "category", "date", "_id"}
    | {"_profile", "_count", "_format", "identifier"}
)
"""What is read. `_count` and `_format` change nothing: one participant's consents are one page, and it is JSON."""
_PATIENT_BY: Final = {"patient": False, "patient.identifier": True, "patient:identifier": True, "patientId": True}
_ACTOR_BY: Final = {
    "actor": False,
    "actor.identifier": True,
    "actor:identifier": True,
    "grantee": False,
    "organizationId": True,
}
_STATUSES: Final = frozenset({"draft", "proposed", "active", "rejected", "inactive", "entered-in-error"})
_LONGEST: Final = 256
_DAY: Final = 24 * 3600  # seconds
_DATE: Final = re.compile(r"(eq|ge|le|gt|lt)?(\d{4}-\d{2}-\d{2})(T.{5,30})?", re.ASCII)


class Broken(StrEnum):
    """The rules that a search can break."""

    REQUIRED = "is required"
    REPEATED = "must be given once"
    VALUE = "has a value that cannot be read"


class ConsentQueryError(ValueError):
    """A search cannot be read. `parameter` is one of PARAMETERS."""

    def __init__(self, parameter: str, rule: Broken) -> None:
        super().__init__(f"`{parameter}`: {rule.value}")
        self.parameter = parameter
        self.rule = rule


@dataclass(frozen=True, slots=True)
class ConsentQuery:
    """A search for one participant's Consents. `ignored`: whether a parameter was passed over."""

    patient: Names
    statuses: frozenset[str]
    actor: Names | None = None
    tokens: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    dates: tuple[tuple[str, datetime, datetime], ...] = ()
    ids: frozenset[str] | None = None
    profile: Profile = Profile.PCF
    ignored: bool = False

    def fits(self, resource: Json) -> bool:
        """Say whether a Consent, as it is shown, is among what is sought."""
        return (
            resource["status"] in self.statuses
            and (self.ids is None or resource["id"] in self.ids)
            and all(_has(resource, name, wanted) for name, wanted in self.tokens)
            and all(_dated(resource["dateTime"], *one) for one in self.dates)
            and (self.actor is None or _names_actor(resource, self.actor))
        )


def read_query(given: Sequence[tuple[str, str]], profile: Profile = Profile.PCF) -> ConsentQuery:
    """Read the parameters of a search, as pairs. `profile`: what is shown where `_profile` does not say."""
    values: dict[str, list[str]] = {}
    for name, value in given:
        if not 0 < len(value) <= _LONGEST or not value.isprintable():
            raise ConsentQueryError(name if name in PARAMETERS else "patient", Broken.VALUE)
        values.setdefault(name, []).append(value)
    tokens = [(name, _tokens(value)) for name in ("scope", "category", "identifier") for value in values.get(name, [])]
    return ConsentQuery(
        patient=_patient(values),
        statuses=_statuses(values),
        actor=_actor(values),
        tokens=tuple(tokens),
        dates=tuple(_date(value) for value in values.get("date", [])),
        ids=_ids(values),
        profile=_profile(values, profile),
        ignored=bool(values.keys() - PARAMETERS or values.keys() & {"controller", "manager"}),
    )


def _patient(values: dict[str, list[str]]) -> Names:
    given = [(name, value) for name in _PATIENT_BY for value in values.get(name, [])]
    if not given:
        raise ConsentQueryError("patient", Broken.REQUIRED)
    if len(given) > 1:
        raise ConsentQueryError("patient", Broken.REPEATED)
    name, value = given[0]
    return _identified(value) if _PATIENT_BY[name] else _referred(value, "Patient", name)


def _actor(values: dict[str, list[str]]) -> Names | None:
    given = [(name, value) for name in _ACTOR_BY for value in values.get(name, [])]
    if len(given) > 1:
        raise ConsentQueryError("actor", Broken.REPEATED)
    if not given:
        return None
    name, value = given[0]
    return _identified(value) if _ACTOR_BY[name] else _referred(value, "Organization", name)


def _identified(value: str) -> Names:
    system, bar, code = value.rpartition("|")
    return Names(identifiers=frozenset({plain(system if bar else "", code)}))


def _referred(value: str, kind: str, name: str) -> Names:
    base, tail = literal(value if "/" in value else f"{kind}/{value}")
    if not tail.startswith(f"{kind}/"):
        raise ConsentQueryError(name, Broken.VALUE)
    return Names(literals=frozenset({(base, tail)}))


def _statuses(values: dict[str, list[str]]) -> frozenset[str]:
    given = values.get("status", [])
    if not given:
        raise ConsentQueryError("status", Broken.REQUIRED)
    if len(given) > 1:
        raise ConsentQueryError("status", Broken.REPEATED)
    found = frozenset(one.rpartition("|")[2] for one in given[0].split(","))
    if not found <= _STATUSES:
        raise ConsentQueryError("status", Broken.VALUE)
    return found


def _tokens(value: str) -> tuple[tuple[str, str], ...]:
    parts = (one.rpartition("|") for one in value.split(","))
    return tuple((system if bar else "", code) for system, bar, code in parts)


def _date(value: str) -> tuple[str, datetime, datetime]:
    found = _DATE.fullmatch(value)
    try:
        start = datetime.fromisoformat(found[2] + (found[3] or "")) if found else None
        end = None if found is None or start is None else start + timedelta(seconds=1 if found[3] else _DAY)
    except (ValueError, OverflowError):  # OverflowError: the last day that can be written has no next one
        start = end = None
    if found is None or start is None or end is None:
        raise ConsentQueryError("date", Broken.VALUE)
    start, end = (one if one.tzinfo is not None else one.replace(tzinfo=UTC) for one in (start, end))
    return found[1] or "eq", start, end


def _ids(values: dict[str, list[str]]) -> frozenset[str] | None:
    given = values.get("_id", [])
    return None if not given else frozenset.intersection(*(frozenset(one.split(",")) for one in given))


def _profile(values: dict[str, list[str]], otherwise: Profile) -> Profile:
    named = [profile_named(one) for one in values.get("_profile", [])]
    if any(one is None for one in named) or len(set(named)) > 1:
        raise ConsentQueryError("_profile", Broken.VALUE)
    return next((one for one in named if one is not None), otherwise)


def _has(resource: Json, name: str, wanted: tuple[tuple[str, str], ...]) -> bool:
    found = resource.get(name, [])
    ones = found if isinstance(found, list) else [found]
    pairs = {pair for one in ones for pair in _pairs(one)}
    return any(code == value and system in ("", its) for its, value in pairs for system, code in wanted)


def _pairs(value: Json) -> list[tuple[str, str]]:
    codings: list[Any] = value.get("coding", [value])
    return [(str(one.get("system", "")), str(one.get("code", one.get("value", "")))) for one in codings]


def _dated(value: str, prefix: str, start: datetime, end: datetime) -> bool:
    at = datetime.fromisoformat(value)
    found = {"eq": start <= at < end, "ge": at >= start, "le": at < end, "gt": at >= end, "lt": at < start}
    return found[prefix]


def _names_actor(resource: Json, actor: Names) -> bool:
    """Say whether one of the permits is for the actor, by its id here or by its identifier."""
    names = {value for _, value in actor.identifiers} | {tail.rpartition("/")[2] for _, tail in actor.literals}
    permits = resource["provision"].get("provision", [])
    recipients = [one["reference"].get("identifier", {}) for permit in permits for one in permit["actor"]]
    ours = [one.get("value") for one in recipients if one.get("system") == codes.ORGANIZATION]
    return any(one in names or logical_id("Organization", one) in names for one in ours)
