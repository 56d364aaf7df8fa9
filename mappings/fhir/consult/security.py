"""Security labels: confidentiality is a high-water mark, sensitivities subsume one another.

Source: https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision.securityLabel ("R" means R or lower, for
other labels subsumption applies); HL7/UTG v3-ActCode 11.0.0 and v3-Confidentiality 5.0.0.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from mappings.fhir.consult.elements import Coding, Json, codings_in
from mappings.fhir.consult.match import Match

_RANKS: Final[Mapping[str, int]] = {code: rank for rank, code in enumerate("ULMNRV")}
_CONFIDENTIALITY: Final = (
    "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
    "http://terminology.hl7.org/ValueSet/v3-ConfidentialityClassification",
    "http://hl7.org/fhir/v3/Confidentiality",
    "urn:oid:2.16.840.1.113883.5.25",
    "2.16.840.1.113883.5.25",
)
_ACT_CODE: Final = (
    "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "http://terminology.hl7.org/ValueSet/v3-InformationSensitivityPolicy",  # as LEAP's consents write it
    "http://terminology.hl7.org/ValueSet/v3-ActCode",
    "http://hl7.org/fhir/v3/ActCode",
    "urn:oid:2.16.840.1.113883.5.4",
    "2.16.840.1.113883.5.4",
)
NARROWER: Final[Mapping[str, frozenset[str]]] = {"SUD": frozenset({"ETHUD", "OPIOIDUD"})}
"""What a sensitivity surely includes. ETH and SUD are siblings: neither includes the other."""

PART2: Final = "42CFRPart2"
"""The law's own mark: what is under it is about substance use, whichever of the sensitivities it is."""

_SUBSTANCE_USE: Final = frozenset({"SUD", "ETHUD", "OPIOIDUD", "ETH"})
_PERHAPS: Final[Mapping[str, frozenset[str]]] = {
    "BH": frozenset({"PSY", "MH", PART2}) | _SUBSTANCE_USE,
    "MH": frozenset({"PSY"}),
    "SUD": frozenset({PART2}),
    "ETH": frozenset({"ETHUD", "OPIOIDUD", PART2}),
    "ETHUD": frozenset({PART2}),
    "OPIOIDUD": frozenset({PART2}),
    "SPI": frozenset({"SUD", "ETHUD", "OPIOIDUD", "PSY", "MH", "BH", "HIV", "SDV", PART2}),
    PART2: _SUBSTANCE_USE,
}
"""What a sensitivity may include, by release of the code system: wide enough to refuse by, too wide to permit by."""

_FOUND_BY_READING: Final = frozenset({"PSY", "MH", "BH", "HIV", "SDV", PART2}) | _SUBSTANCE_USE
"""The sensitivities that our tables know: of these, content that was read and shows none has none."""


@dataclass(frozen=True, slots=True)
class Label:
    """One label in one way of writing: `kind` is confidentiality, sensitivity or the system of a foreign label."""

    kind: str
    code: str


@dataclass(frozen=True, slots=True)
class Labels:
    """What a resource is labelled with, its contained resources and inline labels included.

    `found`: sensitivities that its content shows, whatever it is labelled. They make it restricted, they widen no
    permit. `read`: its content was looked into, and all of it could be read: what shows nothing there is normal to a
    refusal, as LEAP's and CMS's own labelling has it, and still not labelled to a permit.
    """

    marks: frozenset[Label]
    found: frozenset[Label] = frozenset()
    read: bool = False

    @property
    def rank(self) -> int | None:
        """The high-water mark of confidentiality, None where it is not labelled."""
        ranks = [_RANKS[one.code] for one in self.marks if one.kind == "confidentiality"]
        return max([*ranks, *([_RANKS["R"]] if self.found else [])]) if ranks else None

    @property
    def rank_by_content(self) -> int | None:
        """The same, but for what is not labelled and was read: restricted where it shows something, else normal."""
        if self.rank is None and self.read:
            return _RANKS["R" if self.found else "N"]
        return self.rank

    @property
    def known(self) -> bool:
        """Whether anybody labelled this resource for confidentiality or sensitivity."""
        return any(one.kind in {"confidentiality", "sensitivity"} for one in self.marks)


def label_of(coding: Coding) -> Label:
    """Tell what a coding says as a security label. The systems' deprecated twins count as themselves."""
    coding = coding.key
    if coding.code in _RANKS and coding.system in {"", *_CONFIDENTIALITY}:
        return Label("confidentiality", coding.code)
    if coding.system in {"", *_ACT_CODE, *_CONFIDENTIALITY}:
        return Label("sensitivity", coding.code)
    return Label(coding.system, coding.code)


def labels_of(resource: Json, found: Iterable[str] = (), *, read: bool = False) -> Labels:
    """Collect the labels of a resource, wherever they stand in it. `found`: v3-ActCode sensitivities of its content."""
    marks = frozenset(label_of(coding) for coding in _security(resource))
    return Labels(marks, frozenset(Label("sensitivity", code) for code in found), read)


def _security(value: Any) -> Iterable[Coding]:
    if isinstance(value, list):
        for one in value:
            yield from _security(one)
    elif isinstance(value, dict):
        meta = value.get("meta")
        if isinstance(meta, dict):
            yield from codings_in(meta.get("security"))
        if str(value.get("url", "")).endswith("inline-sec-label"):
            yield from codings_in(value.get("valueCoding"))
        for inner in value.values():
            yield from _security(inner)


def permits(named: Label, labels: Labels) -> Match:
    """Tell whether a permit for `named` reaches a resource: R reaches R and lower, SUD what it includes.

    A resource without a label of that kind is not reached: what is not labelled is not known to be low.
    """
    if named.kind == "confidentiality":
        rank = labels.rank
        return Match.MAYBE if rank is None else Match.YES if rank <= _RANKS[named.code] else Match.NO
    if _included(named, labels.marks):
        return Match.YES
    return Match.NO if labels.known else Match.MAYBE


def refuses(named: Label, labels: Labels) -> Match:
    """Tell whether a refusal of `named` reaches a resource: R reaches R and higher; MAYBE where nobody labelled it.

    INVARIANT: a refusal that matches nothing because there are no labels, and nobody read the content either, is
    MAYBE, never NO.
    """
    if named.kind == "confidentiality":
        rank = labels.rank_by_content
        return Match.MAYBE if rank is None else Match.YES if rank >= _RANKS[named.code] else Match.NO
    included = _included(named, labels.marks | labels.found)
    perhaps = _PERHAPS.get(named.code, frozenset())
    broader = {code for code, inside in {**_PERHAPS, **NARROWER}.items() if named.code in inside and code != "ETH"}
    shown = {mark.code for mark in labels.marks | labels.found if mark.kind == named.kind}
    if not included and shown & (perhaps | broader):
        return Match.MAYBE
    read = labels.read and named.kind == "sensitivity" and named.code in _FOUND_BY_READING
    return Match.YES if included else Match.NO if labels.known or read else Match.MAYBE


def _included(named: Label, marks: Iterable[Label]) -> bool:
    reached = {named.code, *NARROWER.get(named.code, ())}
    return any(mark.kind == named.kind and mark.code in reached for mark in marks)


def narrower(coding: Coding) -> list[Coding]:
    """List a label's coding with those it surely includes, for recipients who compare codes one by one."""
    inside = NARROWER.get(coding.code, frozenset()) if label_of(coding).kind == "sensitivity" else frozenset()
    return [coding, *(Coding(coding.system, code) for code in sorted(inside))]
