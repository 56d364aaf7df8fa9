"""Reads one R4 Consent for one question: does it stand, does it speak of this person and matter, and what it says.

What is not active, not yet given, past its period, of another scope or of another person says nothing. What cannot be
read suspends. What may be about another person, or about another matter, can refuse but never permit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from mappings.fhir.consult.elements import Coding, Json, codings_in, objects, text
from mappings.fhir.consult.errors import UnreadableConsentError
from mappings.fhir.consult.match import Match
from mappings.fhir.consult.moments import read_moment
from mappings.fhir.consult.names import Directory, Names
from mappings.fhir.consult.persons import Persons
from mappings.fhir.consult.provisions import Provision, Reading, read_root
from mappings.fhir.consult.question import Question

_SILENT: Final = frozenset({"draft", "proposed", "rejected", "inactive", "entered-in-error"})
_SCOPE: Final = "http://terminology.hl7.org/CodeSystem/consentscope"
_PRIVACY: Final = Coding(_SCOPE, "patient-privacy")
_ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_RULES: Final = {"OPTIN": "permit", "OPTOUT": "deny", "OPTOUTE": "deny"}
"""What policyRule says where the root has no type. OPTINR is left out: which restrictions, it does not say."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A consent that has something to say. `patient`: whom it names; `may_permit`: False where it can only refuse.

    `name`: what people call it, or where in the request it stands (a JSON pointer) if it has no name.
    """

    root: Provision
    patient: Names
    may_permit: bool
    name: str


@dataclass(frozen=True, slots=True)
class Brought:
    """All consents of a question: those that stand, and the faults of those that cannot be read, each with its name."""

    standing: tuple[Standing, ...]
    faults: tuple[tuple[str, str], ...]


def read_consents(question: Question, directory: Directory, persons: Persons, at: datetime) -> Brought:
    """Read all consents of the question as of `at` (aware; its offset is that of dates without one)."""
    standing: list[Standing] = []
    faults: list[tuple[str, str]] = []
    patients: list[Names] = []
    for index, one in enumerate(question.consents):
        name = name_of(one) or f"#/context/consent/{index}"
        try:
            found = _read(one, name, question, directory, persons, at)
        except UnreadableConsentError as error:
            faults.append((name, str(error)))
            continue
        if found is not None:
            standing.append(found)
            patients.append(found.patient)
    agreed = persons.agree(patients)
    known = [_tied(one, persons.known(one.patient), agreed=agreed) for one in standing]
    return Brought(tuple(one for one in known if one is not None), tuple(sorted(faults)))


def _tied(consent: Standing, person: Match, *, agreed: bool) -> Standing | None:
    """Tie a consent to the person asked about. References nobody can resolve count only if all name one patient."""
    if person is Match.NO:
        return None
    sure = person is Match.YES or (agreed and not consent.patient.identifiers and bool(consent.patient.literals))
    return replace(consent, may_permit=consent.may_permit and sure)


def _read(
    value: Any, name: str, question: Question, directory: Directory, persons: Persons, at: datetime
) -> Standing | None:
    consent = _consent(value)
    contained = _contained(consent)
    if text(consent.get("status"), "status") in _SILENT:
        return None
    if consent["status"] != "active":
        raise UnreadableConsentError("status", "must be a status that FHIR knows")
    patient = consent.get("patient")
    if not isinstance(patient, dict):
        raise UnreadableConsentError("patient", "must be an object")
    names = directory.names(patient, contained, "patient")
    if persons.known(names) is Match.NO:
        return None
    if consent.keys() & {"modifierExtension", "implicitRules"}:
        raise UnreadableConsentError("modifierExtension", "must be none that is not known here")
    root = _root(consent, Reading(directory, contained, at.tzinfo or UTC))
    may_permit = _relevance(consent, question)
    if may_permit is Match.NO or not all(period.holds(at) for period in root.periods) or not _given(consent, at):
        return None
    return Standing(root, names, may_permit is Match.YES, name)


def _consent(value: Any) -> Json:
    if not isinstance(value, dict) or value.get("resourceType") != "Consent":
        raise UnreadableConsentError("resourceType", "must be `Consent`")
    return value


def _contained(consent: Json) -> Json:
    found = objects(consent.get("contained"), "contained")
    return {f"#{one['id']}": one for one in found if isinstance(one.get("id"), str)}


def _given(consent: Json, at: datetime) -> bool:
    """Tell whether the consent was given by `at`; R4 lets `dateTime` be absent."""
    if "dateTime" not in consent:
        return True
    return read_moment(consent["dateTime"], at.tzinfo or UTC, "dateTime").first <= at


def _root(consent: Json, reading: Reading) -> Provision:
    provision = consent.get("provision", {})
    ones = objects(provision, "provision") if provision != {} else [{}]
    if len(ones) != 1:
        raise UnreadableConsentError("provision", "must be one")
    return read_root(ones[0], _policy_rule(consent), reading)


def _policy_rule(consent: Json) -> str | None:
    """Find what policyRule says by default; of two that differ, the refusal."""
    found = {_RULES.get(c.code) for c in codings_in(consent.get("policyRule")) if c.system in {"", _ACT_CODE}}
    return "deny" if "deny" in found else "permit" if "permit" in found else None


def _relevance(consent: Json, question: Question) -> Match:
    """Tell whether the consent is about the matter: sharing information, and a category that is asked about.

    LEAP's newer consents carry their scope as a category. A scope that is not privacy (research, treatment, advance
    directives) counts only if it is asked for by name.
    """
    has = {*codings_in(consent.get("scope")), *codings_in(consent.get("category"))}
    asked = frozenset(question.categories)
    scopes = {one for one in has if one.system == _SCOPE}
    if scopes and not scopes & {_PRIVACY, *asked}:
        return Match.NO
    if asked and not has:
        return Match.MAYBE
    return Match.NO if asked and not has & asked else Match.YES


def name_of(consent: Any) -> str:
    """Name a consent for people: `Consent/id`, else by its first identifier, "" where it has neither."""
    if not isinstance(consent, dict):
        return ""
    if isinstance(consent.get("id"), str):
        return f"Consent/{consent['id']}"
    found: Sequence[Any] = consent["identifier"] if isinstance(consent.get("identifier"), list) else ()
    for one in found:
        if isinstance(one, dict) and isinstance(one.get("value"), str):
            return f"Consent?identifier={one.get('system', '')}|{one['value']}"
    return ""
