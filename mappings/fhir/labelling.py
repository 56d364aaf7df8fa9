"""Security labels on the wire: HL7 Data Segmentation for Privacy (DS4P) on `meta.security` of plain JSON resources.

http://hl7.org/fhir/uv/security-label-ds4p: one confidentiality label per resource; extensions of a label say on which
law it stands (basis), on which consent (related artifact) and who put it on (classifier).
INVARIANT: a Bundle carries its confidentiality and nothing else: what it is about must not be read off its envelope.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from consent.labels import BundleLabels, Labels
from consent.sensitivity import SUBSTANCE_USE
from mappings.fhir import codes

Json = dict[str, Any]

DS4P: Final = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-"
BASIS: Final = f"{DS4P}sec-label-basis"
RELATED_ARTIFACT: Final = f"{DS4P}sec-label-related-artifact"
CLASSIFIER: Final = f"{DS4P}sec-label-classifier"
_RANK: Final = ("U", "L", "M", "N", "R", "V")  # v3-Confidentiality, lowest first


def labelled(
    resource: Mapping[str, Any], labels: Labels, consent_reference: str | None = None, *, classifier: str | None = None
) -> Json:
    """Return a new resource that carries `labels`; what it already carried stays, the higher confidentiality wins.

    `consent_reference`: address of the Consent (`Consent/x`) that the label stands on; `classifier`: who labels.
    A Bundle gets its confidentiality only, and what is in it the same labels each: nobody looked at them one by one
    (use `labelled_bundle` where somebody did).
    """
    if resource.get("resourceType") == "Bundle":
        entries = [labels] * len(_entries(resource))
        return labelled_bundle(resource, BundleLabels(tuple(entries), labels), consent_reference, classifier=classifier)
    return _with_security(resource, _security(resource, labels, _extensions(labels, consent_reference, classifier)))


def labelled_bundle(
    bundle: Mapping[str, Any],
    labels: BundleLabels,
    consent_reference: str | None = None,
    *,
    classifier: str | None = None,
) -> Json:
    """Return a new Bundle, every resource in it labelled, in order. Raises ValueError unless there is one per entry."""
    entries = _entries(bundle)
    if len(entries) != len(labels.entries):
        raise ValueError("`labels`: there must be one for each entry")
    done = [
        _entry(entry, each, consent_reference, classifier) for entry, each in zip(entries, labels.entries, strict=True)
    ]
    body = {**bundle, "entry": done} if done else bundle
    return _with_security(body, [_confidentiality(bundle, labels.whole)])


def _entry(entry: Any, labels: Labels, consent_reference: str | None, classifier: str | None) -> Any:
    resource = entry.get("resource") if isinstance(entry, Mapping) else None
    if not isinstance(resource, Mapping):
        return entry
    return {**entry, "resource": labelled(resource, labels, consent_reference, classifier=classifier)}


def _entries(bundle: Mapping[str, Any]) -> list[Any]:
    entries = bundle.get("entry")
    return entries if isinstance(entries, list) else []


def _with_security(resource: Mapping[str, Any], security: list[Json]) -> Json:
    meta = resource.get("meta")
    fixed = {"meta": {**(meta if isinstance(meta, Mapping) else {}), "security": security}}
    head = {name: resource[name] for name in ("resourceType", "id") if name in resource}
    return {**head, **fixed, **{name: value for name, value in resource.items() if name not in {*head, "meta"}}}


def _security(resource: Mapping[str, Any], labels: Labels, extensions: list[Json]) -> list[Json]:
    law = ["42CFRPart2", "NORDSCLCD"] if labels.part2 else []
    ours = [codes.coding(codes.ACT_CODE, code) for code in (*law, *sorted(labels.sensitivities))]
    ours = [_extended(each, extensions) if each["code"] in SUBSTANCE_USE else each for each in ours]
    first = _extended(_confidentiality(resource, labels), extensions)
    said = {(each["system"], each["code"]) for each in ours}
    kept = [each for each in _codings(resource) if (each.get("system"), each.get("code")) not in said]
    return [first, *ours, *(each for each in kept if each.get("system") != codes.CONFIDENTIALITY)]


def _confidentiality(resource: Mapping[str, Any], labels: Labels) -> Json:
    sent = [code for code in codes.codes_of(_codings(resource), codes.CONFIDENTIALITY) if code in _RANK]
    return codes.coding(codes.CONFIDENTIALITY, max([labels.confidentiality.value, *sent], key=_RANK.index))


def _codings(resource: Mapping[str, Any]) -> list[Json]:
    meta = resource.get("meta")
    security = meta.get("security") if isinstance(meta, Mapping) else None
    return [each for each in security if isinstance(each, dict)] if isinstance(security, list) else []


def _extensions(labels: Labels, consent_reference: str | None, classifier: str | None) -> list[Json]:
    """Return what stands behind a label. The law is named only where it is the reason; so is the consent."""
    found: list[Json] = []
    if labels.part2:
        found.append({"url": BASIS, "valueCoding": codes.coding(codes.ACT_CODE, "42CFRPart2")})
    if labels.part2 and consent_reference is not None:
        artifact = {"type": "justification", "url": consent_reference}
        found.append({"url": RELATED_ARTIFACT, "valueRelatedArtifact": artifact})
    if classifier is not None:
        found.append({"url": CLASSIFIER, "valueContributor": {"type": "reviewer", "name": classifier}})
    return found


def _extended(coding: Json, extensions: Iterable[Json]) -> Json:
    found = list(extensions)
    return {"extension": found, **coding} if found else coding
