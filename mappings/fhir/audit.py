"""Audit events of decisions and disclosures as R4 AuditEvents, in the patterns of IHE BALP.

Profiles (https://profiles.ihe.net/ITI/BALP): AuthZconsent, PrivacyDisclosure.Source, PrivacyDisclosure.Recipient; each
is claimed only where it is met. INVARIANT: an event holds nothing of what it audits: no content, categories, counts,
reasons or names of participants; it points at the ledger, which has the rest. Nothing here is for a partner's eyes.

Where BALP has no pattern we have ours, and claim nothing: a decision that rests on no consent (NO_CONSENT, or another
basis, 42 CFR 2.51 say) cannot be an AuthZconsent, since that profile wants one and closes its entities; a requester
that is no health care provider is not called one; a person whom nobody here knows is no Patient.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fhir.resources.R4B.auditevent import AuditEvent

from consent.codes import HEALTH_KINDS, Purpose
from consent.disclosure import Disclosure
from consent.model import Organization, Person
from mappings.fhir import codes, lead_codes
from mappings.fhir.build import BuildError, Json, checked, moment, named, stable_uuid

_PERMIT, _DENY = "0", "8"  # https://hl7.org/fhir/R4/valueset-audit-event-outcome.html
_ADDRESS_IS_URI: Final = "5"  # https://hl7.org/fhir/R4/valueset-network-type.html


@dataclass(frozen=True, slots=True)
class DecisionAudit:
    """What an audit may know of a decision. `participant` None: the question was about nobody known here.

    `consents`: ids of those that the decision rests on. `address`: the url of the asking system, without a query.
    """

    decision: str
    at: datetime
    permitted: bool
    purpose: Purpose
    participant: str | None
    requester: Organization
    person: Person | None
    address: str
    consents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """Between which systems something went: the urls of ours and of theirs, without a query."""

    ours: str
    theirs: str


def decided(audit: DecisionAudit, *, base_url: str) -> Json:
    """Write the event of a decision. `base_url` names the deciding system. Raises BuildError on a url with a query."""
    by_consent = bool(audit.consents) and audit.participant is not None
    subtype = (
        codes.coding(lead_codes.BALP_SUBTYPE, "AuthZ-Consent")
        if by_consent
        else codes.coding(lead_codes.AUDIT, "decision-without-consent")
    )
    claimed = "AuthZconsent" if by_consent and audit.requester.kind in HEALTH_KINDS else None
    return _event(
        {
            "id": stable_uuid("audit", "decision", audit.decision),
            "type": codes.coding(lead_codes.DICOM, "110113"),
            "subtype": [subtype],
            "action": "E",
            "recorded": moment(audit.at),
            "outcome": _PERMIT if audit.permitted else _DENY,
            "agent": [*_askers(audit), _agent(lead_codes.SECURITY_ROLE, "authserver", _device(base_url))],
            "source": _source(base_url, "6"),
            "entity": [*_patient(audit.participant), *_grounds(audit)],
        },
        claimed,
    )


def _askers(audit: DecisionAudit) -> list[Json]:
    organization = named("Organization", codes.ORGANIZATION, audit.requester.id)
    purpose = [{"coding": codes.purpose_codings(audit.purpose)}]
    is_provider = audit.requester.kind in HEALTH_KINDS
    kind = (lead_codes.ROLE_CLASS, "PROV") if is_provider else (lead_codes.AUDIT, "requesting-organization")
    who = organization if audit.person is None else {"type": "Practitioner", "display": audit.person.name}
    user = _agent(codes.PARTICIPATION, "IRCP", who, requestor=True) | {"purposeOfUse": purpose}
    return [
        _agent(lead_codes.DICOM, "110150", _device(audit.address)) | {"network": _network(audit.address)},
        user if audit.person is None else user | {"role": [{"text": audit.person.role}]},
        _agent(*kind, organization),
    ]


def _grounds(audit: DecisionAudit) -> list[Json]:
    """Point at the consents that a decision rests on; without any (entities are open then), at the decision itself."""
    if audit.consents and audit.participant is not None:
        return [
            {
                "type": codes.coding(lead_codes.RESOURCE_TYPES, "Consent"),
                "what": named("Consent", codes.CONSENT, ident),
            }
            for ident in audit.consents
        ]
    return [_report(lead_codes.DECISION_NAME, audit.decision)]


def disclosed(disclosure: Disclosure, way: Way, *, custodian: str) -> Json:
    """Write the event of a disclosure at its source (this system). `custodian`: the organization whose record it is.

    The participant is named as the one who authorized it only where every item rests on a consent of theirs.
    """
    clearance = disclosure.clearance
    consented = bool(clearance.items) and all(item.basis.startswith("consent:") for item in clearance.items)
    patient = named("Patient", codes.PARTICIPANT, clearance.participant)
    keeper = named("Organization", codes.ORGANIZATION, custodian)
    agents = [
        _agent(lead_codes.DICOM, "110153", _device(way.ours)) | {"network": _network(way.ours)},
        _recipient(named("Organization", codes.ORGANIZATION, clearance.recipient), way.theirs),
        _agent(lead_codes.SNOMED, "159541003", keeper),
        *([_agent(lead_codes.SNOMED, "429577009", patient)] if consented else []),
    ]
    return _event(
        {
            "id": stable_uuid("audit", "disclosure", disclosure.entry),
            "type": codes.coding(lead_codes.DICOM, "110106"),
            "subtype": [codes.coding(codes.LIFECYCLE, "disclose")],
            "action": "R",
            "recorded": moment(disclosure.at),
            "outcome": _PERMIT,
            "purposeOfEvent": [{"coding": codes.purpose_codings(Purpose(clearance.purpose))}],
            "agent": agents,
            "source": _source(way.ours, "4"),
            "entity": [*_patient(clearance.participant), _report(codes.DISCLOSURE, disclosure.entry)],
        },
        "PrivacyDisclosure.Source",
    )


def received(envelope: str, at: datetime, way: Way, *, sender: str, participant: str | None) -> Json:
    """Write the event of a disclosure that reached us in `envelope`. `sender`: an organization's id.

    `participant` None: it matched nobody (a mass feed, or quarantine); then the event names nobody, and claims nothing.
    """
    source = named("Organization", codes.ORGANIZATION, sender)
    return _event(
        {
            "id": stable_uuid("audit", "envelope", envelope),
            "type": codes.coding(lead_codes.DICOM, "110107"),
            "subtype": [codes.coding(codes.LIFECYCLE, "disclose")],
            "action": "C",
            "recorded": moment(at),
            "outcome": _PERMIT,
            "agent": [
                _agent(lead_codes.DICOM, "110153", source) | {"network": _network(way.theirs)},
                _recipient(_device(way.ours), way.ours),
            ],
            "source": _source(way.ours, "4"),
            "entity": [*_patient(participant), _report(lead_codes.ENVELOPE_NAME, envelope)],
        },
        "PrivacyDisclosure.Recipient" if participant is not None else None,
    )


def _event(content: Mapping[str, object], profile: str | None) -> Json:
    claim = {"meta": {"profile": [lead_codes.BALP_PROFILE + profile]}} if profile else {}
    return checked(AuditEvent, {"resourceType": "AuditEvent", "id": content["id"], **claim, **content})


def _agent(system: str, code: str, who: Json, *, requestor: bool = False) -> Json:
    return {"type": codes.concept(system, code), "who": who, "requestor": requestor}


def _recipient(who: Json, address: str) -> Json:
    return _agent(lead_codes.DICOM, "110152", who) | {"network": _network(address)}


def _network(address: str) -> Json:
    if "?" in address or "#" in address:  # what stands behind could be somebody's name
        raise BuildError("an address in an audit has no query and no fragment")
    return {"address": address, "type": _ADDRESS_IS_URI}


def _device(url: str) -> Json:
    return named("Device", codes.URI, url)


def _source(url: str, kind: str) -> Json:
    _network(url)
    return {"observer": _device(url), "type": [codes.coding(lead_codes.SECURITY_SOURCE, kind)]}


def _patient(participant: str | None) -> list[Json]:
    if participant is None:
        return []
    return [
        {
            "type": codes.coding(lead_codes.AUDITED_TYPE, "1"),
            "role": codes.coding(lead_codes.AUDITED_ROLE, "1"),
            "what": named("Patient", codes.PARTICIPANT, participant),
        }
    ]


def _report(system: str, value: str) -> Json:
    return {
        "type": codes.coding(lead_codes.AUDITED_TYPE, "2"),
        "role": codes.coding(lead_codes.AUDITED_ROLE, "3"),
        "what": {"identifier": {"system": system, "value": value}},
    }
