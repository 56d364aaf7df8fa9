"""Names inside a Bundle: every resource gets a UUID of its own, and no reference points out of the Bundle."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from mappings.fhir import codes
from mappings.fhir.build import Json

_OF_THE_HOUSE: Final = frozenset({codes.PARTICIPANT, codes.PLAN, codes.CONSENT, codes.RELEASE})

ABOUT_PARTICIPANT: Final = frozenset({"subject", "patient", "beneficiary", "for"})
"""Elements that say about whom a resource is: here always the one participant of the disclosure."""

_RENEWED: Final = frozenset({"id", "meta", "implicitRules"})


def known_names(named: Iterable[tuple[Mapping[str, Any] | None, str]]) -> dict[str, str]:
    """Map `Type/id`, as resources know one another, to fullUrls, from pairs of resource and fullUrl.

    Two resources of one name (two senders that both count from 1) have none: a guessed link could be false.
    """
    names = [
        (f"{resource['resourceType']}/{resource['id']}", url)
        for resource, url in named
        if resource is not None and isinstance(resource.get("id"), str)
    ]
    counted = Counter(name for name, _ in names)
    return {name: url for name, url in names if counted[name] == 1}


def renamed(resource: Mapping[str, Any], *, uuid: str, patient: str, known: Mapping[str, str]) -> Json:
    """Make a new resource with id `uuid`, about `patient` (a fullUrl), whose references stay inside the Bundle.

    `known`: relative reference -> fullUrl. A reference to anything else is left out, name and all: what was not
    released is not pointed at; an absolute url belongs to another server, so it is never one of ours. The resource's
    own `meta` and id, which belong to its sender, are left out, as are identifiers that we gave; the rest is unchanged.
    """
    kept = {key: value for key, value in without_own_identifiers(resource).items() if key not in _RENEWED}
    here = _contained(kept)
    walked = {
        key: found for key, value in kept.items() if (found := _walk(key, value, patient, known, here)) is not None
    }
    return {"resourceType": walked.pop("resourceType"), "id": uuid} | walked


def without_own_identifiers(resource: Mapping[str, Any]) -> Json:
    """Return the resource without the identifiers that we gave: by them two recipients could join what they got."""
    identifiers = resource.get("identifier")
    if not isinstance(identifiers, list):
        return dict(resource)
    kept = [one for one in identifiers if not (isinstance(one, Mapping) and one.get("system") in _OF_THE_HOUSE)]
    return {
        name: kept if name == "identifier" else value
        for name, value in resource.items()
        if kept or name != "identifier"
    }


def _contained(resource: Mapping[str, Any]) -> frozenset[str]:
    inside = resource.get("contained")
    inside = inside if isinstance(inside, list | tuple) else ()
    return frozenset(f"#{one['id']}" for one in inside if isinstance(one, Mapping) and isinstance(one.get("id"), str))


def _walk(key: str, value: Any, patient: str, known: Mapping[str, str], here: frozenset[str]) -> Any:
    """Copy a value with its references renamed; None: it pointed outside, or nothing is left of it."""
    if isinstance(value, list | tuple):
        kept = [_walk(key, one, patient, known, here) for one in value]
        # a primitive array may hold null in step with its `_name` twin (https://hl7.org/fhir/R4/json.html#null)
        return [new for new, old in zip(kept, value, strict=True) if new is not None or old is None] or None
    if not isinstance(value, Mapping):
        return value
    if key in ABOUT_PARTICIPANT and (_is_reference(value) or value.get("type") == "Patient"):
        return {"reference": patient}
    if _is_reference(value):
        return _renamed_reference(value, known, here)
    return {k: found for k, v in value.items() if (found := _walk(k, v, patient, known, here)) is not None} or None


def _is_reference(value: Mapping[str, Any]) -> bool:
    """Tell a Reference from other elements: it has `reference`, or is made of a Reference's elements alone."""
    names = value.keys()
    return "reference" in names or ("identifier" in names and names <= {"type", "identifier", "display"})


def _renamed_reference(value: Mapping[str, Any], known: Mapping[str, str], here: frozenset[str]) -> Json | None:
    target = value.get("reference")
    if not isinstance(target, str):
        return None
    if target in here:
        return {"reference": target}
    found = known.get(target.split("/_history/")[0])
    return {"reference": found} if found else None
