"""What a LEAD file must keep beyond its shape.

Ids once, references that lead somewhere, consents that have every element of 42 CFR 2.31(a). Each check yields
`(path, rule)`; neither repeats a value of the file.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final
from zoneinfo import ZoneInfo

from consent.codes import CLASS_PREFIX, OrganizationKind
from consent.model import Consent, Organization, Site
from mappings.lead.site_elements import Register, element_faults
from mappings.lead.site_schema import ConsentForm, GrantForm, LeadFileForm, ParticipantForm, RecordForm

Fault = tuple[str, str]
_NO_ORGANIZATION: Final = "must be an organization of this site"
_NO_PARTICIPANT: Final = "must be a participant of this site"


@dataclass(frozen=True, slots=True)
class KnownIds:
    """What the gateway already holds, so that a later file may refer to it.

    `organizations`: by id, or the ids alone; then a grant to one of them is not asked for the role that a justice
    partner's grant must name (the rules still want it).
    """

    organizations: Mapping[str, Organization] | frozenset[str] = frozenset()
    participants: frozenset[str] = frozenset()


NOTHING_KNOWN: Final = KnownIds()


@dataclass(frozen=True, slots=True)
class Handed:
    """What a file hands in, translated, with what it is held against. `at`: the moment of taking it in."""

    organizations: Sequence[Organization]
    consents: Sequence[Consent]
    site: Site | None
    known: KnownIds
    at: datetime | None


def faults(form: LeadFileForm, handed: Handed) -> Iterator[Fault]:
    """Yield every fault of a well-formed file, lists in the file's order."""
    register = _register(handed)
    organizations = frozenset(handed.known.organizations) | register.organizations.keys()
    participants = handed.known.participants | {each.id for each in form.participants}
    yield from _ids_once(form)
    yield from _clients(form, organizations)
    kinds = {each.id: each.kind for each in register.organizations.values()}
    for index, person in enumerate(form.participants):
        yield from _participant(f"participants[{index}]", person, organizations, kinds)
    for index, roi in enumerate(form.rois):
        yield from _roi(f"rois[{index}]", roi, organizations)
    for index, record in enumerate(form.records):
        yield from _record(f"records[{index}]", record, organizations)
    yield from _about(form, participants)
    people = {each.id: each for each in form.participants}
    for index, consent in enumerate(handed.consents):
        yield from element_faults(f"rois[{index}]", consent, people.get(consent.participant), register)


def _register(handed: Handed) -> Register:
    """Return the organizations that can be looked up, those of the file before those that are known."""
    known = handed.known.organizations
    named = dict(known) if isinstance(known, Mapping) else {}
    named.update({each.id: each for each in handed.organizations})
    return Register(named, ZoneInfo(handed.site.timezone) if handed.site else UTC, handed.at)


def _repeats(path: str, values: Iterable[object]) -> Iterator[Fault]:
    seen: set[object] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield path.replace("#", str(index)), "must not stand twice in this file"
        seen.add(value)


def _ids_once(form: LeadFileForm) -> Iterator[Fault]:
    yield from _repeats("organizations[#].id", (each.id for each in form.organizations))
    yield from _repeats("clients[#].client_id", (each.client_id for each in form.clients))
    yield from _repeats("participants[#].id", (each.id for each in form.participants))
    yield from _repeats("plans[#].id", (each.id for each in form.plans))
    yield from _repeats("rois[#].id", (each.id for each in form.rois))
    yield from _repeats("records[#].id", (each.id for each in form.records))
    for index, roi in enumerate(form.rois):
        yield from _repeats(f"rois[{index}].grants[#].id", (each.id for each in roi.grants))
    yield from _identifiers_once(form)


def _identifiers_once(form: LeadFileForm) -> Iterator[Fault]:
    """Yield an identifier that two participants share: the next booking would match the wrong one."""
    seen: set[tuple[str, str]] = set()
    for index, person in enumerate(form.participants):
        for place, identifier in enumerate(person.identifiers):
            pair = (identifier.system, identifier.value)
            if pair in seen:
                yield f"participants[{index}].identifiers[{place}]", "must not stand twice in this file"
            seen.add(pair)


def _unknown(path: str, ids: Iterable[str], organizations: frozenset[str]) -> Iterator[Fault]:
    if any(each not in organizations for each in ids):
        yield path, _NO_ORGANIZATION


def _clients(form: LeadFileForm, organizations: frozenset[str]) -> Iterator[Fault]:
    for index, each in enumerate(form.clients):
        yield from _unknown(f"clients[{index}].organization", (each.organization,), organizations)


def _participant(
    path: str, person: ParticipantForm, organizations: frozenset[str], kinds: Mapping[str, OrganizationKind]
) -> Iterator[Fault]:
    yield from _unknown(f"{path}.case_management", (person.case_management,), organizations)
    yield from _unknown(f"{path}.treating", person.treating or (), organizations)
    if kinds.get(person.case_management, OrganizationKind.CASE_MANAGEMENT) != OrganizationKind.CASE_MANAGEMENT:
        yield f"{path}.case_management", "must be an organization of kind `case-management`"


def _roi(path: str, roi: ConsentForm, organizations: frozenset[str]) -> Iterator[Fault]:
    for index, grant in enumerate(roi.grants):
        yield from _grant(f"{path}.grants[{index}]", grant, organizations)


def _grant(path: str, grant: GrantForm, organizations: frozenset[str]) -> Iterator[Fault]:
    named = (each for each in grant.recipient if not each.startswith(CLASS_PREFIX))
    yield from _unknown(f"{path}.discloser", grant.discloser, organizations)
    yield from _unknown(f"{path}.recipient", named, organizations)
    yield from _unknown(f"{path}.redisclose_to", grant.redisclose_to, organizations)
    if grant.record_from and grant.record_to and grant.record_to < grant.record_from:
        yield f"{path}.record_to", "must not lie before `record_from`"


def _record(path: str, record: RecordForm, organizations: frozenset[str]) -> Iterator[Fault]:
    if record.source is not None:
        yield from _unknown(f"{path}.source", (record.source,), organizations)
    if record.resource is not None:
        yield from _resource(f"{path}.resource", record.resource, record.participant)


def _resource(path: str, resource: dict[str, Any], participant: str) -> Iterator[Fault]:
    """Yield what is wrong with a resource as such: a type, and nobody else's record under this participant."""
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or not kind.isalpha():
        yield f"{path}.resourceType", "must name a FHIR R4 resource type"
    if kind == "Patient":
        if resource.get("id") != participant:
            yield f"{path}.id", "must be this record's participant"
        return
    for element in ("subject", "patient", "for", "beneficiary"):
        if element in resource and resource[element] != {"reference": f"Patient/{participant}"}:
            yield f"{path}.{element}", "must be a reference to `Patient/` and this record's participant, nothing else"


def _about(form: LeadFileForm, participants: frozenset[str]) -> Iterator[Fault]:
    """Yield every entry about somebody whom neither this file nor the gateway knows."""
    entries = chain(
        ((f"intakes[{index}]", each.participant) for index, each in enumerate(form.intakes)),
        ((f"plans[{index}]", each.participant) for index, each in enumerate(form.plans)),
        ((f"rois[{index}]", each.participant) for index, each in enumerate(form.rois)),
        ((f"records[{index}]", each.participant) for index, each in enumerate(form.records)),
    )
    for path, participant in entries:
        if participant not in participants:
            yield f"{path}.participant", _NO_PARTICIPANT
