"""The LEAD file: what a site hands in about its partners and participants, as immutable values.

`read_lead_file` is the whole reader of `ingest lead FILE`. It takes everything or nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from pydantic import ValidationError

from consent.codes import Purpose
from consent.model import Consent, Item, Organization, Participant, Site
from mappings.lead.plan import Activity, Goal, Plan
from mappings.lead.site_checks import NOTHING_KNOWN, Handed, KnownIds, faults
from mappings.lead.site_consent import consent_of
from mappings.lead.site_errors import LeadFileError, first_error
from mappings.lead.site_schema import (
    LeadFileForm,
    NameForm,
    OrganizationForm,
    ParticipantForm,
    PlanForm,
    RecordForm,
    SiteForm,
)
from mappings.lead.strict_json import StrictJsonError, load_strict

__all__ = ["KnownIds", "LeadFile", "LeadFileError", "read_lead_file"]


@dataclass(frozen=True, slots=True)
class PersonName:
    """A name as people write it."""

    given: tuple[str, ...]
    family: str


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier of a person in a system such as `sid`, `fbi`, `jail:harbor:inmate`."""

    system: str
    value: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where deliveries to an organization go."""

    url: str
    kind: Literal["fhir"]


@dataclass(frozen=True, slots=True)
class Partner:
    """An organization with what the gateway needs to reach it, and how its Part 2 status is known."""

    organization: Organization
    endpoint: Endpoint | None = None
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class SystemClient:
    """A partner's system that may ask for a token. `jwks`: its public keys, as JSON."""

    client_id: str
    organization: str
    jwks: Mapping[str, Any] = field(hash=False)
    scopes: frozenset[str]
    purposes: tuple[Purpose, ...] = ()


@dataclass(frozen=True, slots=True)
class Enrollment:
    """A person as the site knows them. `participant.id` is the site's reference; the gateway makes the UUID."""

    participant: Participant
    name: PersonName
    aliases: tuple[PersonName, ...]
    birth_date: date
    identifiers: tuple[Identifier, ...]
    case_management: str
    case_manager: str | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """A psychosocial intake was completed. Only that: its content never comes in here."""

    participant: str
    completed_at: datetime


@dataclass(frozen=True, slots=True)
class LeadFile:
    """All that one file hands in. Every `participant` in it is the site's reference, as in `Enrollment`.

    An empty tuple means that the file says nothing about these, not that there are none.
    """

    site: Site | None
    partners: tuple[Partner, ...]
    clients: tuple[SystemClient, ...]
    enrollments: tuple[Enrollment, ...]
    intakes: tuple[Intake, ...]
    plans: tuple[Plan, ...]
    rois: tuple[Consent, ...]
    records: tuple[Item, ...]


def read_lead_file(content: bytes, known: KnownIds = NOTHING_KNOWN, *, at: datetime | None = None) -> LeadFile:
    """Return what the JSON in `content` hands in.

    `known`: what the gateway already holds. `at` (aware): the moment of taking it in; a form signed later is refused.
    Raises LeadFileError: one line with the JSON path and the rule, of the first fault, never a value of a person.
    """
    form = _form(content)
    file = _file(form)
    handed = Handed([each.organization for each in file.partners], file.rois, file.site, known, at)
    for path, rule in faults(form, handed):
        raise LeadFileError(path, rule)
    return file


def _form(content: bytes) -> LeadFileForm:
    try:
        load_strict(content)
        return LeadFileForm.model_validate_json(content)
    except StrictJsonError as error:
        refusal = LeadFileError(error.path, error.rule)
    except ValidationError as error:
        refusal = first_error(error)
    raise refusal  # outside the `except`: pydantic's own error, which holds values, must not travel as its context


def _file(form: LeadFileForm) -> LeadFile:
    return LeadFile(
        site=_site(form.site) if form.site else None,
        partners=tuple(_partner(each) for each in form.organizations),
        clients=tuple(SystemClient(c.client_id, c.organization, c.jwks, c.scopes, c.purposes) for c in form.clients),
        enrollments=tuple(_enrollment(each) for each in form.participants),
        intakes=tuple(Intake(each.participant, each.completed_at) for each in form.intakes),
        plans=tuple(_plan(each) for each in form.plans),
        rois=tuple(consent_of(each) for each in form.rois),
        records=tuple(_item(each) for each in form.records),
    )


def _site(form: SiteForm) -> Site:
    return Site(form.name, form.timezone, form.state, form.legal_role, form.cj_2_35_enabled)


def _partner(form: OrganizationForm) -> Partner:
    organization = Organization(
        id=form.id,
        name=form.name,
        kind=form.kind,
        part2_status=form.part2_status,
        hipaa_status=form.hipaa_status,
        agreement_expires=form.agreement_expires,
        classes=form.classes,
    )
    endpoint = Endpoint(form.endpoint.url, form.endpoint.kind) if form.endpoint else None
    return Partner(organization, endpoint, form.evidence)


def _name(form: NameForm) -> PersonName:
    return PersonName(form.given, form.family)


def _enrollment(form: ParticipantForm) -> Enrollment:
    participant = Participant(
        id=form.id,
        screened=form.screened,
        enrolled=form.enrolled,
        birth_date=form.birth_date,
        in_custody=form.in_custody,
        treating=form.treating,
    )
    return Enrollment(
        participant=participant,
        name=_name(form.name),
        aliases=tuple(_name(each) for each in form.aliases),
        birth_date=form.birth_date,
        identifiers=tuple(Identifier(each.system, each.value) for each in form.identifiers),
        case_management=form.case_management,
        case_manager=form.case_manager,
    )


def _plan(form: PlanForm) -> Plan:
    goals = tuple(Goal(each.dimension, each.text, each.status) for each in form.goals)
    activities = tuple(Activity(each.text, each.status) for each in form.activities)
    return Plan(form.id, form.participant, goals, activities, form.created)


def _item(form: RecordForm) -> Item:
    return Item(form.id, form.participant, form.category, form.source, form.created, form.resource)
