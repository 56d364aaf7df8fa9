"""What a partner files about a consent, as far as it has to be understood to be filed: whose, which one, in force.

HL7 FAST consent management: Consent/$fileConsent (consent, document, questionnaire), Consent/$revokeConsent (consent,
patient, document), AuditEvent/$recordDisclosure (disclosure, consent), each a Parameters resource. Names of parameters
are taken in any case: the IG writes them in two ways. What a filed consent permits is not read here: a person does that
(consent.validator).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from mappings.fhir import codes
from mappings.fhir.build import Json
from mappings.fhir.consult.consents import name_of, read_consents
from mappings.fhir.consult.elements import codings_in, objects
from mappings.fhir.consult.errors import ConsultError, UnreadableConsentError
from mappings.fhir.consult.names import Directory, Names, identifiers_of, reference_names
from mappings.fhir.consult.persons import Persons
from mappings.fhir.consult.question import Question

STATUSES: Final = frozenset({"draft", "proposed", "active", "rejected", "inactive", "entered-in-error"})
WITHDRAWN: Final = frozenset({"rejected", "inactive", "entered-in-error"})
_ANY_TIME: Final = datetime(2100, 1, 1, tzinfo=UTC)
_PAPERS: Final = frozenset({"document", "questionnaire"})
_PAPER_TYPES: Final = frozenset({"DocumentReference", "QuestionnaireResponse", "Binary", "Contract"})


class Fault(StrEnum):
    """The rules that a filing can break."""

    MISSING = "is missing"
    REPEATED = "must be given once"
    NOT_READ = "is not read here"
    WRONG_TYPE = "must be a resource of its type"
    NOT_A_REFERENCE = "must name something, by reference or identifier"
    NOT_A_STATUS = "must be a status of R4"
    NOT_A_MOMENT = "must be a date or a moment"


FIELDS: Final = frozenset(
    {"Parameters", "Parameters.parameter", "consent", "patient", "disclosure", "document", "questionnaire"}
    | {"Consent", "Consent.patient", "Consent.status", "Consent.dateTime", "Consent.identifier"}
    | {"AuditEvent", "AuditEvent.recorded", "AuditEvent.entity"}
)
"""What an error may name."""


class FilingError(ValueError):
    """A filing breaks a rule: `field` is one of FIELDS, `fault` a rule of Fault; never a value."""

    def __init__(self, where: str, fault: Fault) -> None:
        super().__init__(f"`{where}`: {fault.value}")
        self.field = where
        self.fault = fault


@dataclass(frozen=True, slots=True)
class FiledConsent:
    """A consent as it was filed.

    `withdrawn`: its status says that it is over; `readable`: its provisions can be read; `refuses`: it forbids sharing
    and permits nothing to anybody; `identifiers`: the filer's own names for it.
    """

    resource: Json = field(hash=False)
    papers: tuple[Json, ...] = field(hash=False)
    patient: Names
    identifiers: tuple[tuple[str, str], ...]
    signed_at: datetime | None
    withdrawn: bool
    readable: bool
    refuses: bool


@dataclass(frozen=True, slots=True)
class FiledRevocation:
    """A revocation as it was filed: of which consent, and whose."""

    consent: Names
    patient: Names
    resource: Json = field(hash=False)


@dataclass(frozen=True, slots=True)
class FiledDisclosure:
    """A partner's own disclosure: the AuditEvent, the consent it rested on, and whom it is about, as far as it says."""

    consent: Names
    patient: Names
    recorded: datetime
    resource: Json = field(hash=False)


def read_consent(resource: Any, papers: Sequence[Json] = (), zone: Any = UTC) -> FiledConsent:
    """Read a Consent that is filed. Raises FilingError for what nobody could file: no patient, no status."""
    if not isinstance(resource, dict) or resource.get("resourceType") != "Consent":
        raise FilingError("Consent", Fault.WRONG_TYPE)
    status = resource.get("status")
    if not isinstance(status, str) or status not in STATUSES:
        raise FilingError("Consent.status", Fault.MISSING if status is None else Fault.NOT_A_STATUS)
    readable, refuses = _understood(resource)
    return FiledConsent(
        resource=resource,
        papers=tuple(papers),
        patient=_patient(resource),
        identifiers=tuple(sorted(identifiers_of(resource))),
        signed_at=_moment(resource.get("dateTime"), zone, "Consent.dateTime"),
        withdrawn=status in WITHDRAWN,
        readable=readable,
        refuses=refuses,
    )


def _patient(resource: Json) -> Names:
    """Read whom a Consent is about, by its reference and by what it contains."""
    names = _names(resource.get("patient"), "Consent.patient")
    for one in resource.get("contained", []) if isinstance(resource.get("contained"), list) else []:
        if isinstance(one, dict) and ("", f"#{one.get('id')}") in names.literals:
            names |= Names(identifiers=identifiers_of(one))
    return names


def _understood(resource: Json) -> tuple[bool, bool]:
    """Say whether the provisions can be read, and whether they permit nothing."""
    active = {**resource, "status": "active"}
    question = Question((), (), (), (), (), (active,), (), None)
    try:
        found = read_consents(question, Directory([]), Persons((), ()), _ANY_TIME)
        refuses = _is_privacy(resource) and not _permits(resource.get("provision"), 0)
    except (UnreadableConsentError, ConsultError, RecursionError):
        return False, False
    return not found.faults, refuses and not found.faults


def _is_privacy(resource: Json) -> bool:
    """Say whether it is about sharing: scope is mandatory in R4, and where it is not told, it may be."""
    scopes = {one.code for one in codings_in(resource.get("scope")) if one.system == codes.CONSENT_SCOPE}
    return not scopes or "patient-privacy" in scopes


def _permits(provision: Any, depth: int) -> bool:
    """Say whether a permit stands anywhere in the tree; where nobody said anything, somebody may have meant one."""
    if not isinstance(provision, dict) or depth > 1:
        return depth == 0
    nested = provision.get("provision")
    inner = [nested] if isinstance(nested, dict) else nested if isinstance(nested, list) else []
    return provision.get("type", "permit") == "permit" or any(_permits(one, depth + 1) for one in inner)


def read_filing(body: Any) -> FiledConsent:
    """Read the Parameters of $fileConsent."""
    given = _parameters(body, frozenset({"consent"}) | _PAPERS)
    papers = [_resource(one, _PAPER_TYPES, name) for name in sorted(_PAPERS) for one in given.get(name, [])]
    return read_consent(_resource(_one(given, "consent"), frozenset({"Consent"}), "consent"), papers)


def read_revocation(body: Any) -> FiledRevocation:
    """Read the Parameters of $revokeConsent."""
    given = _parameters(body, frozenset({"consent", "patient"}) | _PAPERS)
    for name in _PAPERS & given.keys():
        for one in given[name]:
            _resource(one, _PAPER_TYPES, name)
    consent = _names(_one(given, "consent").get("valueReference"), "consent")
    return FiledRevocation(consent, _names(_one(given, "patient").get("valueReference"), "patient"), body)


def read_disclosure(body: Any) -> FiledDisclosure:
    """Read the Parameters of $recordDisclosure."""
    given = _parameters(body, frozenset({"disclosure", "consent"}))
    event = _resource(_one(given, "disclosure"), frozenset({"AuditEvent"}), "disclosure")
    recorded = _moment(event.get("recorded"), UTC, "AuditEvent.recorded")
    if recorded is None:
        raise FilingError("AuditEvent.recorded", Fault.MISSING)
    consent = _names(_one(given, "consent").get("valueReference"), "consent")
    return FiledDisclosure(consent, _patients(event), recorded, body)


def _patients(event: Json) -> Names:
    """Collect whom an AuditEvent says it is about: the entities that are a Patient."""
    found = Names()
    entities = event.get("entity", [])
    for one in entities if isinstance(entities, list) else []:
        what = one.get("what") if isinstance(one, dict) else None
        if isinstance(what, dict) and (what.get("type") == "Patient" or "Patient/" in str(what.get("reference", ""))):
            found |= _names(what, "AuditEvent.entity")
    return found


def _parameters(body: Any, allowed: frozenset[str]) -> dict[str, list[Json]]:
    if not isinstance(body, dict) or body.get("resourceType") != "Parameters":
        raise FilingError("Parameters", Fault.WRONG_TYPE)
    ones = body.get("parameter")
    if not isinstance(ones, list) or not ones or not all(isinstance(one, dict) for one in ones):
        raise FilingError("Parameters.parameter", Fault.MISSING)
    given: dict[str, list[Json]] = {}
    for one in ones:
        name = str(one.get("name", "")).lower()
        if name not in allowed:
            raise FilingError("Parameters.parameter", Fault.NOT_READ)
        given.setdefault(name, []).append(one)
    return given


def _one(given: dict[str, list[Json]], name: str) -> Json:
    found = given.get(name, [])
    if len(found) != 1:
        raise FilingError(name, Fault.REPEATED if found else Fault.MISSING)
    return found[0]


def _resource(parameter: Json, types: frozenset[str], where: str) -> Json:
    found = parameter.get("resource")
    kind = found.get("resourceType") if isinstance(found, dict) else None
    if not isinstance(found, dict) or not isinstance(kind, str) or kind not in types:
        raise FilingError(where, Fault.WRONG_TYPE)
    return found


def _names(reference: Any, where: str) -> Names:
    """Read what a Reference names. Raises FilingError where it names nothing."""
    try:
        names = reference_names(objects(reference, where)[0], where) if isinstance(reference, dict) else Names()
    except UnreadableConsentError:
        raise FilingError(where, Fault.NOT_A_REFERENCE) from None
    if reference is None:
        raise FilingError(where, Fault.MISSING)
    if not names.literals and not names.identifiers:
        raise FilingError(where, Fault.NOT_A_REFERENCE)
    return names


def _moment(value: Any, zone: Any, where: str) -> datetime | None:
    """Read a FHIR date or dateTime; a day counts from its beginning."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        found = None
    if found is None:
        raise FilingError(where, Fault.NOT_A_MOMENT)
    return found if found.tzinfo is not None else found.replace(tzinfo=zone)


def name_of_filed(consent: FiledConsent) -> str:
    """Name a filed consent as its filer calls it, "" where it has no name."""
    return name_of(consent.resource)
