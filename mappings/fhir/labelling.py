"""Security labels on the wire: HL7 Data Segmentation for Privacy (DS4P) on `meta.security` of plain JSON resources.

http://hl7.org/fhir/uv/security-label-ds4p: one confidentiality label per resource; extensions of a label say on which
law it stands (basis), on which consent (related artifact) and who put it on (classifier).
INVARIANT: a Bundle carries its confidentiality and nothing else: what it is about must not be read off its envelope.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeGuard

from consent.labels import BundleLabels, Labels
from consent.sensitivity import SUBSTANCE_USE
from mappings.fhir import codes

Json = dict[str, Any]

DS4P: Final = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-"
BASIS: Final = f"{DS4P}sec-label-basis"
RELATED_ARTIFACT: Final = f"{DS4P}sec-label-related-artifact"
CLASSIFIER: Final = f"{DS4P}sec-label-classifier"
_HEAD: Final[Json] = {"resourceType": None, "id": None, "meta": None}  # what comes first, in this order
_RANK: Final = ("U", "L", "M", "N", "R", "V")  # v3-Confidentiality, lowest first


def labelled(
    resource: Mapping[str, Any], labels: Labels, consent_reference: str | None = None, *, classifier: str | None = None
) -> Json:
    """Return a new resource that carries `labels`; what it already carried stays, the higher confidentiality wins.

    `consent_reference`: address of the Consent (`Consent/x`) that the label stands on; `classifier`: who labels.
    A Bundle gets its confidentiality only, and what is in it the same labels each: nobody looked at them one by one
    (use `labelled_bundle` where somebody did).
    """
    return _Stickers(consent_reference, classifier).on(resource, labels)


def labelled_bundle(
    bundle: Mapping[str, Any],
    labels: BundleLabels,
    consent_reference: str | None = None,
    *,
    classifier: str | None = None,
) -> Json:
    """Return a new Bundle, every resource in it labelled, in order. Raises ValueError unless there is one per entry."""
    return _Stickers(consent_reference, classifier).on_bundle(bundle, labels)


class _Stickers:
    """The labels of many resources, made once for each kind of label: a record has few kinds and many resources."""

    def __init__(self, consent_reference: str | None, classifier: str | None) -> None:
        self._consent_reference = consent_reference
        self._classifier = classifier
        self._made: dict[tuple[object, ...], list[Json]] = {}

    def on(self, resource: Mapping[str, Any], labels: Labels) -> Json:
        if resource.get("resourceType") == "Bundle":
            return self.on_bundle(resource, BundleLabels((labels,) * len(_entries(resource)), labels))
        told = (labels.part2, labels.sensitivities, labels.confidentiality)
        made = self._made.get(told)
        if made is None:
            made = self._made[told] = self._make(labels)
        sent = _codings(resource)
        return _with_security(resource, _joined(made, sent) if sent else made)

    def on_bundle(self, bundle: Mapping[str, Any], labels: BundleLabels) -> Json:
        entries = _entries(bundle)
        if len(entries) != len(labels.entries):
            raise ValueError("`labels`: there must be one for each entry")
        done = [self._on_entry(entry, each) for entry, each in zip(entries, labels.entries, strict=True)]
        body = {**bundle, "entry": done} if done else bundle
        return _with_security(
            body, [_highest(codes.coding(codes.CONFIDENTIALITY, labels.whole.confidentiality.value), _codings(bundle))]
        )

    def _on_entry(self, entry: Any, labels: Labels) -> Any:
        resource = entry.get("resource") if _is_object(entry) else None
        return {**entry, "resource": self.on(resource, labels)} if _is_object(resource) else entry

    def _make(self, labels: Labels) -> list[Json]:
        """Return the confidentiality, then the law, the refrain and the sensitivities, with what stands behind them."""
        extensions = _extensions(labels, self._consent_reference, self._classifier)
        law = ["42CFRPart2", "NORDSCLCD"] if labels.part2 else []
        ours = [codes.coding(codes.ACT_CODE, code) for code in (*law, *sorted(labels.sensitivities))]
        ours = [_extended(each, extensions) if each["code"] in SUBSTANCE_USE else each for each in ours]
        return [_extended(codes.coding(codes.CONFIDENTIALITY, labels.confidentiality.value), extensions), *ours]


def _is_object(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return type(value) is dict or isinstance(value, Mapping)  # to ask for the type first is ten times quicker


def _entries(bundle: Mapping[str, Any]) -> list[Any]:
    entries = bundle.get("entry")
    return entries if isinstance(entries, list) else []


def _with_security(resource: Mapping[str, Any], security: list[Json]) -> Json:
    meta = resource.get("meta")
    done = {**_HEAD, **resource}
    done["meta"] = {**(meta if isinstance(meta, dict) else {}), "security": [*map(dict, security)]}
    for name in () if "id" in resource and "resourceType" in resource else _HEAD.keys() - resource.keys() - {"meta"}:
        del done[name]
    return done


def _joined(made: list[Json], sent: list[Json]) -> list[Json]:
    """Return our labels, then what else the sender put on, with the higher confidentiality of both."""
    said = {(each["system"], each["code"]) for each in made[1:]}
    kept = [each for each in sent if (each.get("system"), each.get("code")) not in said]
    first = _highest(made[0], sent)
    return [first, *made[1:], *(each for each in kept if each.get("system") != codes.CONFIDENTIALITY)]


def _highest(coding: Json, sent: list[Json]) -> Json:
    found = [code for code in codes.codes_of(sent, codes.CONFIDENTIALITY) if code in _RANK]
    return {**coding, "code": max([coding["code"], *found], key=_RANK.index)}


def _codings(resource: Mapping[str, Any]) -> list[Json]:
    meta = resource.get("meta")
    security = meta.get("security") if _is_object(meta) else None
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
