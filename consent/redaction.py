"""Redaction: an allow-list walk over one FHIR R4 resource as plain JSON.

What is not on the list does not leave: narrative, contained resources, extensions, meta and free text among it. The
walk never edits what it is given. https://hl7.org/fhir/R4/json.html, https://hl7.org/fhir/R4/extensibility.html
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from consent.resource_shapes import ENTRY_NEEDS, MODIFIERS, NEVER, REQUIRED, fallback_for

Tree = dict[str, "Tree"]

_REPEATED: Final = frozenset({"given", "prefix", "suffix", "line"})
_REPEATED_AT: Final = frozenset({"AllergyIntolerance.category"})


def redact(
    resource: Mapping[str, Any], fields: frozenset[str], references: frozenset[str] = frozenset()
) -> dict[str, Any] | None:
    """Return what may pass of `resource`, as a new object, or None where nothing of it may.

    `fields`: dotted element paths without indexes, rooted at the type (`Goal.description.coding.code`); each names a
    primitive, and an object or array in its place does not pass. `references`: the `Type/id` of what is released
    beside it; every other reference is dropped, but for the one to the participant. None for a type that no path
    names, a modifier that we do not know, and a resource that would say something else, or nothing, afterwards.
    """
    kind = resource.get("resourceType")
    if not isinstance(kind, str) or _modified(resource):
        return None
    tree = _tree(fields).get(kind)
    if not tree:
        return None
    kept = _walk(resource, tree, kind, references | _own_references(resource))
    body = _completed(kind, resource, kept) if kept else None
    if body is None:
        return None
    identifier = resource.get("id")
    head = {"resourceType": kind, "id": identifier} if isinstance(identifier, str) else {"resourceType": kind}
    return {**head, **body}


@lru_cache(maxsize=4096)
def _tree(fields: frozenset[str]) -> Tree:
    root: Tree = {}
    for path in fields:
        node = root
        for name in path.split("."):
            node = node.setdefault(name, {})
    return root


def _modified(value: Any) -> bool:
    """Say whether something in here changes the meaning of the rest in a way that nobody here understands.

    Contained resources are walked as well: that is stricter than needed, since they are dropped.
    """
    if isinstance(value, Mapping):
        if value.get("modifierExtension") or value.get("implicitRules"):
            return True
        return any(_modified(inner) for inner in value.values())
    return isinstance(value, list) and any(_modified(inner) for inner in value)


def _walk(node: Mapping[str, Any], tree: Tree, path: str, references: frozenset[str]) -> dict[str, Any]:
    kept = {}
    for name, value in node.items():
        if name in tree and name not in NEVER:
            passed = _keep(value, tree[name], f"{path}.{name}", references)
            if passed is not None:
                kept[name] = passed
    return kept


def _keep(value: Any, tree: Tree, path: str, references: frozenset[str]) -> Any:
    """Return what passes of one element, or None. An empty object or array is nothing (R4 JSON has none)."""
    if isinstance(value, list):
        if not tree and not _repeats(path):
            return None
        passed = [inner for each in value if (inner := _keep_one(each, tree, path, references)) is not None]
        return passed or None
    return _keep_one(value, tree, path, references)


def _repeats(path: str) -> bool:
    """Say whether R4 repeats a primitive: in HumanName and Address, and `AllergyIntolerance.category`."""
    return path in _REPEATED_AT or path.rpartition(".")[2] in _REPEATED


def _keep_one(value: Any, tree: Tree, path: str, references: frozenset[str]) -> Any:
    if isinstance(value, Mapping):
        kept = _walk(value, tree, path, references) if tree else None
        needed = ENTRY_NEEDS.get(path)
        return kept if kept and (needed is None or needed in kept) else None
    if tree or not isinstance(value, str | int | float):
        return None
    if path.endswith(".reference") and value not in references:
        return None
    return value


def _own_references(resource: Mapping[str, Any]) -> frozenset[str]:
    """Return the references to the participant: relative ones to a Patient, where a resource names its own.

    An absolute address would name the server, and with it the provider, so it never passes. Where only participants
    of an appointment are named, a Patient among them counts if it is the only one.
    """
    own = {reference for name in ("subject", "patient", "for") for reference in _patients(resource.get(name))}
    if not own:
        entries = resource.get("participant")
        actors = (
            [each.get("actor") for each in entries if isinstance(each, Mapping)] if isinstance(entries, list) else []
        )
        own = {reference for actor in actors for reference in _patients(actor)}
    return frozenset(own) if len(own) == 1 else frozenset()


def _patients(reference: Any) -> Iterator[str]:
    text = reference.get("reference") if isinstance(reference, Mapping) else None
    if isinstance(text, str) and text.startswith("Patient/") and text.count("/") == 1:
        yield text


def _completed(kind: str, source: Mapping[str, Any], body: dict[str, Any]) -> dict[str, Any] | None:
    """Return `body` with what R4 requires of it, or None where it cannot be had.

    INVARIANT: an element that changes the meaning of others (isModifier) never gets lost on the way out.
    """
    if any(name in source and name not in body for name in MODIFIERS.get(kind, ())):
        return None
    for name in REQUIRED.get(kind, ()):
        if any(key.startswith(name) for key in source) and not any(key.startswith(name) for key in body):
            substitute = fallback_for(kind, name)
            if substitute is None:
                return None
            body = {**body, name: substitute}
    return body
