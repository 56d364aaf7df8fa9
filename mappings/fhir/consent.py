"""A Consent of ours as an R4 Consent, for all eyes or for one partner's, and back.

The shape (https://hl7.org/fhir/R4/consent.html): the root provision denies; each grant toward each named recipient is
one nested permit, so that no permit is ever without a recipient, and engines that apply exceptions to a base decide it
rightly. The policy is 42 CFR 2.31. What R4 has no element for is in our extensions (extensions.py).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, overload

from fhir.resources.R4B.consent import Consent as ConsentResource

from consent.codes import Capacity, ConsentKind
from consent.model import Consent, ConsentGrant, Hold, Organization, ReleaseOfInformation, Signer
from mappings.fhir import codes, extensions
from mappings.fhir.build import (
    Json,
    UnreadableResourceError,
    checked,
    identifier,
    logical_id,
    moment,
    named,
    only,
    read_list,
    read_moment,
    read_object,
    read_text,
)
from mappings.fhir.consent_terms import (
    read_criminal_justice,
    read_events,
    read_integrity,
    read_revocations,
    write_terms,
)
from mappings.fhir.extensions import Extensions
from mappings.fhir.in_force import is_active
from mappings.fhir.provision import Rendering, Row, rows, write_provision
from mappings.fhir.provision_reading import read_grants

_SCOPE: Final = codes.concept(codes.CONSENT_SCOPE, "patient-privacy")
_POLICY_RULE: Final = codes.concept(codes.ACT_CODE, "42CFRPart2CD")
_CATEGORIES: Final = [
    codes.concept(codes.LOINC, "64292-6"),
    codes.concept(codes.LOINC, "59284-0"),
    codes.concept(codes.ACT_CODE, "42CFRPart2CD"),
]
_ELEMENTS: Final = frozenset(
    {"resourceType", "id", "meta", "identifier", "status", "scope", "category", "patient", "dateTime", "policy"}
    | {"policyRule", "performer", "sourceReference", "provision", "extension"}
)


@overload
def to_fhir(
    consent: Consent, organizations: Mapping[str, Organization], *, at: datetime, holds: tuple[Hold, ...]
) -> Json: ...


@overload
def to_fhir(
    consent: Consent, organizations: Mapping[str, Organization], *, at: datetime, holds: tuple[Hold, ...], viewer: str
) -> Json | None: ...


def to_fhir(
    consent: Consent,
    organizations: Mapping[str, Organization],
    *,
    at: datetime,
    holds: tuple[Hold, ...],
    viewer: str | None = None,
) -> Json | None:
    """Write a consent as it stands at `at`: active while one of the grants that it shows holds, else inactive.

    Without a `viewer` it is whole, and `from_fhir` reads it back without loss. With one (an organization's id) it holds
    only the grants in which that organization is recipient or discloser, each toward it or by it, names no other
    discloser, no other onward recipient and none of the form's texts, and says of a grant's end only when, not why; a
    discloser sees whom it may tell, for that is its authority (2.31(a)(4)). None: the viewer is in none of them, so
    that for it this consent does not exist. A class (`class:treating-providers`) names no viewer.

    Raises BuildError where a text is one that FHIR cannot carry: nothing but spaces other than U+0020.

    `holds` are the participant's; one that counts as all because it names a grant of no consent is passed as `all`.
    """
    shown = [row for row in rows(consent) if viewer is None or _concerns(row, viewer)]
    if viewer is not None and not shown:
        return None
    how = Rendering(organizations=organizations, holds=holds, at=at, viewer=viewer)
    return checked(
        ConsentResource, _head(consent, shown, how) | _evidence(consent, viewer) | _provision(consent, shown, how)
    )


def _concerns(row: Row, viewer: str) -> bool:
    """Tell whether a row permits something and the viewer is in it."""
    grant = row.grant
    permits = bool(row.recipient and grant.discloser and grant.purposes and grant.categories)
    return permits and (row.recipient == viewer or viewer in grant.discloser)


def _head(consent: Consent, shown: list[Row], how: Rendering) -> Json:
    active = any(is_active(consent, row.grant, holds=how.holds, at=how.at) for row in shown)
    return {
        "resourceType": "Consent",
        "id": logical_id("Consent", consent.id),
        "identifier": [identifier(codes.CONSENT, consent.id)],
        "status": "active" if active else "inactive",
        "scope": _SCOPE,
        "category": [*_CATEGORIES, codes.concept(codes.CONSENT_KIND, consent.kind.value)],
        "patient": named("Patient", codes.PARTICIPANT, consent.participant, consent.patient_name),
        "dateTime": moment(consent.signed_at),
        "policy": [{"uri": codes.PART2_POLICY}],
        "policyRule": _POLICY_RULE,
    }


def _evidence(consent: Consent, viewer: str | None) -> Json:
    """Write the form, the signer and the terms; a viewer gets none of them."""
    if viewer is not None:
        return {}
    signer, form = consent.signer, consent.form
    signed_by = {"type": "Patient" if signer.capacity is Capacity.SELF else "RelatedPerson"}
    capacity = extensions.text("capacity", signer.capacity.value, kind="Code")
    performer: Json = {"extension": [capacity, *extensions.optional("authority", signer.authority)], **signed_by}
    details = [extensions.text("form-version", form.version), extensions.text("form-language", form.language)]
    return {
        "extension": write_terms(consent),
        "performer": [performer | ({"display": signer.name} if signer.name else {})],
        "sourceReference": {"extension": details, **named("DocumentReference", codes.RELEASE, form.id)},
    }


def _provision(consent: Consent, shown: list[Row], how: Rendering) -> Json:
    permits = [write_provision(consent, row, how) for row in shown]
    return {"provision": {"type": "deny", **({"provision": permits} if permits else {})}}


def from_fhir(resource: Json) -> Consent:
    """Read a Consent that `to_fhir` wrote whole. Raises UnreadableResourceError on anything else: nothing is guessed.

    Consents written by others are not read here: their permits mean what their authors meant.
    """
    only(resource, _ELEMENTS, "Consent")
    _expect(resource)
    terms = Extensions(resource, "Consent")
    patient = read_object(resource.get("patient"), "Consent.patient")
    consent = Consent(
        id=_identified(resource.get("identifier"), codes.CONSENT, "Consent.identifier"),
        kind=_read_kind(resource),
        participant=_identified([patient.get("identifier")], codes.PARTICIPANT, "Consent.patient.identifier"),
        form=_read_form(resource),
        signed_at=read_moment(resource.get("dateTime"), "Consent.dateTime"),
        signer=_read_signer(resource),
        patient_name=read_text(patient.get("display", ""), "Consent.patient.display"),
        how_to_revoke=terms.required("how-to-revoke"),
        refusal_consequences=terms.required("refusal-consequences"),
        redisclosure_warning=terms.required("redisclosure-warning"),
        tpo_statement=terms.text("tpo-statement"),
        intermediary=terms.text("intermediary"),
        proceeding_cause=terms.text("proceeding-cause"),
        counsel_present=terms.boolean("counsel-present"),
        cj=read_criminal_justice(terms),
        integrity=read_integrity(terms),
        revocations=read_revocations(terms),
        events=read_events(terms),
        grants=_read_permits(resource),
    )
    terms.done()
    return consent


def _expect(resource: Json) -> None:
    """Check the elements that are the same in every consent of ours, and that the root denies."""
    fixed = {
        "resourceType": "Consent",
        "scope": _SCOPE,
        "policyRule": _POLICY_RULE,
        "policy": [{"uri": codes.PART2_POLICY}],
    }
    for element, content in fixed.items():
        if resource.get(element) != content:
            raise UnreadableResourceError(f"Consent.{element}", "must have its fixed value")
    if resource.get("status") not in {"active", "inactive"}:
        raise UnreadableResourceError("Consent.status", "must be active or inactive")


def _identified(found: object, system: str, field: str) -> str:
    ones = read_list(found, field)
    if len(ones) != 1 or read_object(ones[0], field).get("system") != system:
        raise UnreadableResourceError(field, "must be the one identifier of its system")
    return read_text(ones[0].get("value", ""), field)


def _read_kind(resource: Json) -> ConsentKind:
    concepts = read_list(resource.get("category"), "Consent.category")
    codings = [
        c for one in concepts for c in read_list(read_object(one, "Consent.category").get("coding"), "Consent.category")
    ]
    found = codes.codes_of(codings, codes.CONSENT_KIND)
    if len(found) != 1 or found[0] not in set(ConsentKind):
        raise UnreadableResourceError("Consent.category", "must hold the one kind of the consent")
    return ConsentKind(found[0])


def _read_form(resource: Json) -> ReleaseOfInformation:
    source = read_object(resource.get("sourceReference"), "Consent.sourceReference")
    details = Extensions(source, "Consent.sourceReference")
    form = ReleaseOfInformation(
        id=_identified([source.get("identifier")], codes.RELEASE, "Consent.sourceReference.identifier"),
        version=details.required("form-version"),
        language=details.required("form-language"),
    )
    details.done()
    return form


def _read_signer(resource: Json) -> Signer:
    performers = read_list(resource.get("performer"), "Consent.performer")
    if len(performers) != 1:
        raise UnreadableResourceError("Consent.performer", "must be the one signer")
    performer = read_object(performers[0], "Consent.performer")
    details = Extensions(performer, "Consent.performer")
    capacity = details.required("capacity", kind="Code")
    if capacity not in set(Capacity):
        raise UnreadableResourceError("Consent.performer", "holds a code that is not known here")
    name = read_text(performer.get("display", ""), "Consent.performer.display")
    signer = Signer(name=name, capacity=Capacity(capacity), authority=details.text("authority"))
    details.done()
    return signer


def _read_permits(resource: Json) -> tuple[ConsentGrant, ...]:
    root = read_object(resource.get("provision"), "Consent.provision")
    only(root, frozenset({"type", "provision"}), "Consent.provision")
    if root.get("type") != "deny":
        raise UnreadableResourceError("Consent.provision.type", "must be deny")
    nested = "Consent.provision.provision"
    return read_grants(read_list(root.get("provision"), nested), nested)
