"""A participant as an R4 Patient, and what another side may say of a person, as plain values.

US Core 6.1.0 Patient (http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient): an identifier with system and
value, a name, a gender. The claim is made because every rendering meets it; a gender that nobody recorded is `unknown`,
which is what that code means. Race, ethnicity and addresses are not written: no exchange of ours needs them.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, get_args

from fhir.resources.R4B.patient import Patient

from consent.model import Participant
from mappings.fhir import codes
from mappings.fhir.build import (
    Json,
    UnreadableResourceError,
    checked,
    identifier,
    logical_id,
    read_day,
    read_list,
    read_object,
    read_text,
)

PROFILE: Final = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"

Gender = Literal["male", "female", "other", "unknown"]


@dataclass(frozen=True, slots=True)
class Name:
    """A person's name. A name has at least a family name or one given name."""

    given: tuple[str, ...]
    family: str


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """Who a person is: plain values. `identifiers`: (system, value). `phones`: as dialled."""

    name: Name
    aliases: tuple[Name, ...] = ()
    birth_date: date | None = None
    gender: Gender = "unknown"
    identifiers: tuple[tuple[str, str], ...] = ()
    phones: tuple[str, ...] = ()


def to_fhir(participant: Participant, person: PersonDetails, *, systems: frozenset[str]) -> Json:
    """Write a participant as a Patient. Only identifiers of `systems` are written: a state id is not for everybody.

    The participant's own id is always there. `person.birth_date` wins over the participant's, which may be unknown.
    """
    born = person.birth_date or participant.birth_date
    shown = [one for one in person.identifiers if one[0] in systems]
    found: Json = {
        "resourceType": "Patient",
        "id": logical_id("Patient", participant.id),
        "meta": {"profile": [PROFILE]},
        "identifier": [
            identifier(codes.PARTICIPANT, participant.id),
            *(identifier(system, value) for system, value in shown),
        ],
        "name": [_name(person.name, "official"), *(_name(alias) for alias in person.aliases)],
        "telecom": [{"system": "phone", "value": phone} for phone in person.phones],
        "gender": person.gender,
        "birthDate": born.isoformat() if born else None,
    }
    return checked(Patient, {name: content for name, content in found.items() if content})


def _name(name: Name, use: str | None = None) -> Json:
    parts: Json = {"use": use, "family": name.family, "given": list(name.given)}
    return {part: said for part, said in parts.items() if said}


def from_fhir(resource: Json) -> PersonDetails:
    """Read what another side says of a person: names, birth date, gender, identifiers, phones; nothing else is taken.

    Raises UnreadableResourceError where an element changes what the rest means (modifierExtension, implicitRules, link,
    `active` false, a death) and where our own participant id is claimed: others do not say who a participant is.
    """
    if resource.get("resourceType") != "Patient":
        raise UnreadableResourceError("Patient.resourceType", "must be Patient")
    _refuse_modifiers(resource)
    named = [read_object(one, "Patient.name") for one in read_list(resource.get("name"), "Patient.name")]
    if not named:
        raise UnreadableResourceError("Patient.name", "is missing")
    first = next((one for one in named if one.get("use") in {None, "official", "usual"}), named[0])
    gender = resource.get("gender", "unknown")
    if gender not in get_args(Gender):
        raise UnreadableResourceError("Patient.gender", "holds a code that is not known here")
    return PersonDetails(
        name=_read_name(first),
        aliases=tuple(_read_name(one) for one in named if one is not first),
        birth_date=read_day(resource["birthDate"], "Patient.birthDate") if "birthDate" in resource else None,
        gender=gender,
        identifiers=_read_identifiers(resource),
        phones=_read_phones(resource),
    )


def _refuse_modifiers(resource: Json) -> None:
    """Refuse the elements that R4 marks as modifiers, unless they say the ordinary."""
    ordinary = {"active": True, "deceasedBoolean": False}
    modifiers = ("modifierExtension", "implicitRules", "link", "active", "deceasedBoolean", "deceasedDateTime")
    for name in modifiers:
        if name in resource and (name not in ordinary or resource[name] is not ordinary[name]):
            raise UnreadableResourceError(f"Patient.{name}", "changes what the rest means and is not read here")


def _read_name(name: Json) -> Name:
    given = read_list(name.get("given"), "Patient.name.given")
    family = read_text(name.get("family", ""), "Patient.name.family")
    found = Name(tuple(read_text(one, "Patient.name.given") for one in given), family)
    if not family.strip() and not "".join(found.given).strip():
        raise UnreadableResourceError("Patient.name", "must have a family or a given name")
    return found


def _read_identifiers(resource: Json) -> tuple[tuple[str, str], ...]:
    found = [
        read_object(one, "Patient.identifier") for one in read_list(resource.get("identifier"), "Patient.identifier")
    ]
    pairs = [(read_text(one.get("system"), "Patient.identifier.system"), one.get("value")) for one in found]
    if any(system == codes.PARTICIPANT for system, _ in pairs):
        raise UnreadableResourceError("Patient.identifier", "must not claim a participant id")
    return tuple((system, read_text(value, "Patient.identifier.value")) for system, value in pairs)


def _read_phones(resource: Json) -> tuple[str, ...]:
    found = [read_object(one, "Patient.telecom") for one in read_list(resource.get("telecom"), "Patient.telecom")]
    return tuple(read_text(one.get("value"), "Patient.telecom.value") for one in found if one.get("system") == "phone")
