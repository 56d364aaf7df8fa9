"""What a recipient is sent: a disclosure as a document Bundle, or the one neutral answer.

A disclosure is a Bundle of type `document` (https://hl7.org/fhir/R4/documents.html), not `collection`: 42 CFR 2.32
wants the statement and the scope of the consent to accompany the record, and a document is the one FHIR form whose
parts may not be parted. It is kept and passed on whole; its first entry, the Composition, is read first, by people too.

The Bundle itself carries one security label, its confidentiality, R at least, so that the label tells nothing; what
else there is to say is on the resources (cleared_labels.py, HL7 DS4P): the law, and the Composition as what explains
the scope of the consent it stands on. Nothing names another recipient or what was withheld, and no id of ours inside
the house leaves.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from fhir.resources.R4B.basic import Basic
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.composition import Composition
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.provenance import Provenance

from consent.codes import Purpose
from consent.disclosure import Clearance, ClearedItem, Disclosure, NeutralAnswer
from consent.labels import Labels
from consent.model import Organization
from mappings.fhir import codes
from mappings.fhir.build import Json, checked, identifier, moment, named, narrative, stable_uuid
from mappings.fhir.cleared_labels import highest, labels_of, on, on_envelope
from mappings.fhir.references import known_names, renamed

NOTHING_HELPFUL: Final = "Nothing helpful to share at this time"

_CONSENT: Final = "consent:"
_CFR: Final = "https://www.ecfr.gov/current/title-{}/section-{}"
_BASES: Final = {
    "2.51": _CFR.format(42, "2.51"),
    "164.506": _CFR.format(45, "164.506"),
    "164.512(k)(5)": _CFR.format(45, "164.512"),
}


def disclosure_bundle(
    disclosure: Disclosure, *, organizations: Mapping[str, Organization], base_url: str, at: datetime
) -> Json:
    """Render what the recipient of a disclosure gets. The same arguments give the same bytes, retry after retry.

    Entries: Composition (notice, scope, summary in full, then the list), Patient, the released resources in the order
    of the clearance, Provenance. Ids are UUIDs, the same for one item toward one recipient, different for another.
    Where no Patient was released, the Patient entry says only "whom question N asked about". An item without a resource
    is a Basic with its category: it claims no more than that such an entry is on record.

    `organizations` names the recipient; `base_url` names the sending system; `at`: when the Bundle is put together.
    The Bundle's identifier is the request's id, in the same place and system as in the neutral answer.
    """
    clearance = disclosure.clearance
    names = _names(clearance)
    patient = _urn(names[_released_patient(clearance) or ""])
    known = known_names((item.resource, _urn(names[item.item])) for item in clearance.items)
    shown = [(item, _record(item, names[item.item], patient, known)) for item in clearance.items]
    labels = [labels_of(item, None if item.resource is None else record) for item, record in shown]
    whole = highest(labels)
    records = [on(record, mine, _scope(disclosure, item)) for (item, record), mine in zip(shown, labels, strict=True)]
    skeleton = [] if _released_patient(clearance) else [_skeleton(clearance, names[""], whole)]
    urls = [_urn(r["id"]) for r in records]
    composition = on(_composition(disclosure, organizations, base_url, patient, urls), whole)
    provenance = on(_provenance(disclosure, organizations, base_url, urls), whole)
    return {
        "resourceType": "Bundle",
        "meta": {"security": on_envelope(labels)},
        "identifier": identifier(codes.QUESTION, clearance.request),
        "type": "document",
        "timestamp": moment(at),
        "entry": [{"fullUrl": _urn(r["id"]), "resource": r} for r in (composition, *skeleton, *records, provenance)],
    }


def neutral_answer(answer: NeutralAnswer) -> Json:
    """Render the one answer of every refusal (GR-03): the same but for the asker's own reference. It holds no time."""
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "information", "code": "informational", "details": {"text": NOTHING_HELPFUL}}],
    }
    return checked(
        Bundle,
        {
            "resourceType": "Bundle",
            "meta": {"security": on_envelope()},
            "identifier": identifier(codes.QUESTION, answer.reference),
            "type": "collection",
            "entry": [{"fullUrl": _urn(stable_uuid("neutral")), "resource": checked(OperationOutcome, outcome)}],
        },
    )


def _urn(uuid: str) -> str:
    return f"urn:uuid:{uuid}"


def _names(clearance: Clearance) -> dict[str, str]:
    """Name every item for this recipient: stable for it, and telling nothing to another. `""` names the skeleton."""
    own = (clearance.recipient, clearance.participant)
    return {"": stable_uuid("person", *own)} | {i.item: stable_uuid("item", *own, i.item) for i in clearance.items}


def _released_patient(clearance: Clearance) -> str | None:
    found = (i.item for i in clearance.items if i.resource is not None and i.resource.get("resourceType") == "Patient")
    return next(found, None)


def _scope(disclosure: Disclosure, item: ClearedItem) -> str | None:
    """Give the address of what explains the scope of an item's consent: the Composition, where it says so."""
    explained = disclosure.clearance.scope and item.basis.startswith(_CONSENT)
    return _urn(_composition_id(disclosure)) if explained else None


def _composition_id(disclosure: Disclosure) -> str:
    return stable_uuid("composition", disclosure.entry)


def _record(item: ClearedItem, uuid: str, patient: str, known: Mapping[str, str]) -> Json:
    if item.resource is None:
        entry = {"code": codes.concept(codes.CATEGORY, item.category.value), "subject": {"reference": patient}}
        return checked(Basic, {"resourceType": "Basic", "id": uuid} | entry)
    found = renamed(item.resource, uuid=uuid, patient=patient, known=known)
    # the participant is one person, also where two entries tell about it (identity, contact)
    twin = {"link": [{"other": {"reference": patient}, "type": "seealso"}]}
    is_twin = found["resourceType"] == "Patient" and _urn(uuid) != patient
    return found | (twin if is_twin else {})


def _skeleton(clearance: Clearance, uuid: str, labels: Labels) -> Json:
    about = {"identifier": [identifier(codes.QUESTION, clearance.request)]}
    return checked(Patient, on({"resourceType": "Patient", "id": uuid} | about, labels))


def sender_of(base_url: str) -> Json:
    """Name the system that sends."""
    return named("Device", codes.URI, base_url, "lead-gateway")


def recipient_of(clearance: Clearance, organizations: Mapping[str, Organization]) -> Json:
    """Name the one organization that a clearance is for."""
    organization = organizations.get(clearance.recipient)
    return named(
        "Organization", codes.ORGANIZATION, clearance.recipient, organization.name if organization is not None else None
    )


def _composition(
    disclosure: Disclosure, organizations: Mapping[str, Organization], base_url: str, patient: str, entries: list[str]
) -> Json:
    clearance = disclosure.clearance
    recipient = recipient_of(clearance, organizations)
    return checked(
        Composition,
        {
            "resourceType": "Composition",
            "id": _composition_id(disclosure),
            "text": narrative(f"Disclosure to {recipient.get('display', 'the organization that asked')}."),
            "identifier": identifier(codes.DISCLOSURE, disclosure.entry),
            "status": "final",
            "type": codes.concept(codes.DOCUMENT, "disclosure"),
            "subject": {"reference": patient},
            "date": moment(disclosure.at),
            "author": [sender_of(base_url)],
            "title": "Disclosure",
            "confidentiality": "R",
            "section": [
                *_words(clearance),
                {**_head("records", "Records"), "entry": [{"reference": e} for e in entries]},
            ],
        },
    )


def _head(code: str, title: str) -> Json:
    return {"title": title, "code": codes.concept(codes.DOCUMENT, code)}


def _words(clearance: Clearance) -> list[Json]:
    """Write what is to be read first: the notice, the scope, the summary, each in full where there is one."""
    notice = clearance.notice.text if clearance.notice is not None else None
    said = (
        ("notice", "Notice that accompanies this disclosure (42 CFR 2.32(a))", notice),
        ("scope", "Scope of the consent (42 CFR 2.32(b))", clearance.scope),
        ("summary", "Summary", clearance.summary),
    )
    return [{**_head(code, title), "text": narrative(text)} for code, title, text in said if text]


def _provenance(
    disclosure: Disclosure, organizations: Mapping[str, Organization], base_url: str, targets: list[str]
) -> Json:
    """Say who sent it, to whom, why and on what basis. Names the one recipient only."""
    clearance = disclosure.clearance
    recipient = {"type": codes.concept(codes.PARTICIPATION, "IRCP"), "who": recipient_of(clearance, organizations)}
    sender = {"type": codes.concept(codes.PROVENANCE_ROLE, "custodian"), "who": sender_of(base_url)}
    return checked(
        Provenance,
        {
            "resourceType": "Provenance",
            "id": stable_uuid("provenance", disclosure.entry),
            "target": [{"reference": target} for target in targets],
            "recorded": moment(disclosure.at),
            "policy": sorted({policy_of(item.basis) for item in clearance.items}),
            "reason": [{"coding": codes.purpose_codings(Purpose(clearance.purpose))}],
            "activity": codes.concept(codes.LIFECYCLE, "disclose"),
            "agent": [sender, recipient],
        },
    )


def policy_of(basis: str) -> str:
    """Cite the basis of an item: a consent is 42 CFR 2.31, an order subpart E, another its own section."""
    if basis.startswith(_CONSENT):
        return codes.PART2_POLICY
    return _CFR.format(42, "2.61") if basis.startswith("order:") else _BASES[basis]
