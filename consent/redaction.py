"""Redaction: an allow-list walk over FHIR R4 resources as plain JSON.

What is not on the list does not leave: narrative, contained resources, extensions, meta and free text among it. The
walk never edits what it is given. https://hl7.org/fhir/R4/json.html, https://hl7.org/fhir/R4/extensibility.html
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from consent.allowed import Element, types_of
from consent.resource_shapes import MODIFIERS, REQUIRED, fallback_for

Written = Callable[[Any], bytes | None]
"""JSON as UTF-8, ASCII as it is, equal only for equal JSON; TypeError or None for what cannot be written so.

orjson.dumps is one. What cannot be written is walked whole.
"""

_NONE: Final[frozenset[str]] = frozenset()
_ABOUT: Final = ("subject", "patient", "for")
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})
_SHORT: Final = 2048  # bytes of an element that is worth remembering
_UNSEEN: Final = object()

_Seen = dict[bytes | None, Any]  # what passes of an element, by how it is written
_Elements = list[tuple[str, Element, _Seen]]


def nothing_is_written(_value: Any) -> None:
    """Write nothing: then every resource is walked whole."""


def redact(
    resource: Mapping[str, Any], fields: frozenset[str], references: frozenset[str] = _NONE
) -> dict[str, Any] | None:
    """Return what may pass of `resource`, as a new object, or None where nothing of it may.

    `fields`: dotted element paths without indexes, rooted at the type (`Goal.description.coding.code`); each names a
    primitive, and an object or array in its place does not pass. `references`: the `Type/id` of what is released
    beside it; every other reference is dropped, but for the one to the participant. None for a type that no path
    names, a modifier that we do not know, and a resource that would say something else, or nothing, afterwards.
    """
    return Redaction(fields).of(resource, references)


def modifies(value: Any, written: Written = nothing_is_written) -> bool:
    """Say whether something in one or many resources changes the meaning of others in a way that nobody understands."""
    try:
        found = written(value)
    except TypeError:
        found = None
    return (found is None or b"modifierExtension" in found or b"implicitRules" in found) and _modified(value)


class Redaction:
    """The redactions of many resources by one allow-list: what was cut to size once is not cut again.

    With `written`, elements that are equal in several resources are one object in what comes out; nothing of what went
    in is. `unmodified`: somebody has asked `modifies` already. INVARIANT: the memory lives as long as this object and
    no longer; it holds parts of the records.
    """

    def __init__(
        self, fields: frozenset[str], written: Written = nothing_is_written, *, unmodified: bool = False
    ) -> None:
        self._types = types_of(fields)
        self._written = written
        self._unmodified = unmodified
        self._elements: dict[tuple[str, frozenset[str], tuple[str, ...]], _Elements] = {}
        self._seen: dict[tuple[frozenset[str], Element], _Seen] = {}

    def of(self, resource: Mapping[str, Any], references: frozenset[str] = _NONE) -> dict[str, Any] | None:
        """Return what may pass of `resource`, or None: see `redact`."""
        kind = resource.get("resourceType")
        allowed = self._types.get(kind) if isinstance(kind, str) else None
        if allowed is None or (not self._unmodified and modifies(resource, self._written)):
            return None
        own = _own_references(resource)
        body: dict[str, Any] = {"resourceType": kind}
        identifier = resource.get("id")
        if isinstance(identifier, str):
            body["id"] = identifier
        head = len(body)
        self._add(body, resource, allowed, own | references if references else own)
        return _completed(allowed.path, resource, body) if len(body) > head else None

    def _add(
        self, body: dict[str, Any], resource: Mapping[str, Any], allowed: Element, references: frozenset[str]
    ) -> None:
        """Add what passes of the elements of a resource: statuses, codes, subjects come again and again."""
        written, texts = self._written, allowed.texts
        for name, inner, seen in self._elements_of(resource, allowed, references):
            value = resource[name]
            if type(value) is str and name in texts:
                body[name] = value
                continue
            try:
                key = written(value)
            except TypeError:
                key = None
            passed = seen.get(key, _UNSEEN)
            if passed is _UNSEEN:
                passed = _keep(value, inner, references)
                if key is not None and len(key) <= _SHORT:
                    seen[key] = passed
            if passed is not None:
                body[name] = passed

    def _elements_of(self, resource: Mapping[str, Any], allowed: Element, references: frozenset[str]) -> "_Elements":
        """Return which elements of a resource may pass, in its order, each with what was seen of it before."""
        key = (allowed.path, references, tuple(resource))
        found = self._elements.get(key)
        if found is None:
            named = [(name, allowed.below[name]) for name in resource if name in allowed.below]
            found = [(name, inner, self._seen.setdefault((references, inner), {})) for name, inner in named]
            self._elements[key] = found
        return found


def _modified(value: Any) -> bool:
    """Say whether a name that modifies stands anywhere in here; contained resources, which are dropped, included."""
    stack = [value]
    while stack:
        node = stack.pop()
        if type(node) is dict or isinstance(node, Mapping):
            if node.get("modifierExtension") or node.get("implicitRules"):
                return True
            node = node.values()
        elif not isinstance(node, list):
            continue
        stack += [inner for inner in node if type(inner) not in _SCALARS]
    return False


def _keep(value: Any, allowed: Element, references: frozenset[str]) -> Any:
    """Return what passes of one element, or None. An empty object or array is nothing (R4 JSON has none)."""
    if type(value) is dict or isinstance(value, Mapping):
        return _object(value, allowed, references)
    if isinstance(value, list):
        if allowed.leaf and not allowed.repeats:
            return None
        passed = [
            kept for each in value if type(each) is not list and (kept := _keep(each, allowed, references)) is not None
        ]
        return passed or None
    if not allowed.leaf or not isinstance(value, str | int | float):
        return None
    return None if allowed.refers and value not in references else value


def _object(value: Mapping[str, Any], allowed: Element, references: frozenset[str]) -> dict[str, Any] | None:
    kept: dict[str, Any] = {}
    texts, below = allowed.texts, allowed.below
    for name, inner in value.items():
        if name in texts and type(inner) is str:
            kept[name] = inner
        elif name in below:
            passed = _keep(inner, below[name], references)
            if passed is not None:
                kept[name] = passed
    return kept if kept and (allowed.needs is None or allowed.needs in kept) else None


def _own_references(resource: Mapping[str, Any]) -> frozenset[str]:
    """Return the references to the participant: relative ones to a Patient, where a resource names its own.

    An absolute address would name the server, and with it the provider, so it never passes. Where only participants
    of an appointment are named, a Patient among them counts if it is the only one.
    """
    own = {each for name in _ABOUT if name in resource and (each := _patient(resource[name])) is not None}
    if not own and "participant" in resource:
        entries = resource["participant"]
        actors = (
            [each.get("actor") for each in entries if isinstance(each, Mapping)] if isinstance(entries, list) else []
        )
        own = {each for actor in actors if (each := _patient(actor)) is not None}
    return frozenset(own) if len(own) == 1 else _NONE


def _patient(reference: Any) -> str | None:
    text = reference.get("reference") if type(reference) is dict or isinstance(reference, Mapping) else None
    if isinstance(text, str) and text.startswith("Patient/") and text.count("/") == 1:
        return text
    return None


def _completed(kind: str, source: Mapping[str, Any], body: dict[str, Any]) -> dict[str, Any] | None:
    """Return `body` with what R4 requires of it, or None where it cannot be had.

    INVARIANT: an element that changes the meaning of others (isModifier) never gets lost on the way out.
    """
    for name in MODIFIERS.get(kind, ()):
        if name in source and name not in body:
            return None
    for name in REQUIRED.get(kind, ()):
        if name not in body and _has(source, name) and not _has(body, name):
            substitute = fallback_for(kind, name)
            if substitute is None:
                return None
            body = {**body, name: substitute}
    return body


def _has(resource: Mapping[str, Any], stem: str) -> bool:
    """Say whether an element, or one of a choice (`medication[x]`), is there."""
    return any(name.startswith(stem) for name in resource)
