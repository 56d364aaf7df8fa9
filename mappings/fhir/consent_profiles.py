"""A Consent as a partner is shown it (mappings.fhir.consent, with a viewer), in the profile that the partner reads.

IHE PCF (input/fsh/consent.fsh): `organization`, `performer` and `source` are mandatory; no policyRule; in provisions no
action, class or code, and labels of a closed list only. What PCF has no element for is a limit, so our categories go
into a modifier: whoever passes over it would read a wider permit. HL7 FAST consent management: no `organization`;
identifiers, and the extensions manager and, for a discloser, controller. No Consent can be both, so one is chosen.
"""

import copy
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fhir.resources.R4B.consent import Consent as ConsentResource

from mappings.fhir import codes, extensions
from mappings.fhir.build import Json, checked

PCF_URL: Final = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentAdvanced"
FAST_URL: Final = "http://hl7.org/fhir/us/consent-management/StructureDefinition/FASTConsent"

_R5: Final = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Consent."
_PCF_URLS: Final = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consent"
_FAST_URLS: Final = "http://hl7.org/fhir/us/consent-management/StructureDefinition/"
_PCF_LABELS: Final = frozenset(
    {(codes.CONFIDENTIALITY, "R"), (codes.CONFIDENTIALITY, "N")}
    | {(codes.ACT_CODE, code) for code in ("ETH", "ETHUD", "OPIOIDUD", "PSY", "SEX", "HIV")}
)


class Profile(StrEnum):
    """The profiles in which a Consent is shown."""

    PCF = "pcf"
    FAST = "fast"


@dataclass(frozen=True, slots=True)
class Site:
    """Who keeps the consent, for everybody who may see it: the site by its name and address."""

    name: str
    url: str

    def reference(self) -> Json:
        """Write the site as an Organization that can only be read about."""
        return {"type": "Organization", "identifier": codes_uri(self.url), "display": self.name}


def codes_uri(url: str) -> Json:
    """Write an address as an Identifier."""
    return {"system": codes.URI, "value": url}


def profile_named(url: str) -> Profile | None:
    """Give the profile that a canonical url names, with or without its version; None for any other."""
    plain = url.partition("|")[0]
    if plain.startswith(_FAST_URLS):
        return Profile.FAST
    return Profile.PCF if plain.startswith(_PCF_URLS) else None


def rendered(shown: Json, profile: Profile, site: Site, discloser: Json | None = None) -> Json:
    """Write what a viewer is shown in a profile. `discloser`: the viewer itself, where it is one that discloses.

    Raises BuildError where the result would not be FHIR.
    """
    made = copy.deepcopy(shown) | _evidence(shown)
    if profile is Profile.PCF:
        return checked(ConsentResource, _pcf(made, site))
    return checked(ConsentResource, _fast(made, site, discloser))


def _evidence(shown: Json) -> Json:
    """Name who agreed and the form, as every profile wants it: by whose consent it is, without name or content."""
    patient = {name: shown["patient"][name] for name in ("type", "identifier")}
    form = {"type": "DocumentReference", "identifier": copy.deepcopy(shown["identifier"][0])}
    return {"performer": [patient], "sourceReference": form}


def _pcf(made: Json, site: Site) -> Json:
    made.pop("policyRule", None)
    root = made["provision"]
    nested = [_pcf_permit(one) for one in root.get("provision", [])]
    provision = root | ({"provision": nested} if nested else {})
    return made | {"meta": {"profile": [PCF_URL]}, "organization": [site.reference()], "provision": provision}


def _pcf_permit(permit: Json) -> Json:
    """Leave out what PCF forbids; a category that is left out becomes a modifier."""
    categories = [one["code"] for concept in permit["code"] for one in concept["coding"]]
    limits = [extensions.text("category", code, kind="Code") for code in categories]
    kept = {name: content for name, content in permit.items() if name not in {"action", "code"}}
    labels = [one for one in permit["securityLabel"] if (one["system"], one["code"]) in _PCF_LABELS]
    return kept | {"securityLabel": labels, "modifierExtension": [*permit.get("modifierExtension", []), *limits]}


def _fast(made: Json, site: Site, discloser: Json | None) -> Json:
    parts = [("manager", site.reference()), *([("controller", discloser)] if discloser else [])]
    own = [{"url": f"{_R5}{name}", "valueReference": reference} for name, reference in parts]
    category = [*made["category"], codes.concept(codes.ACT_CODE, "INFA")]
    extension = [*made.get("extension", []), *own]
    return made | {"meta": {"profile": [FAST_URL]}, "extension": extension, "category": category}
