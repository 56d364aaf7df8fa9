"""The question: the body of the hook `patient-consent-consult`, closed as its schema is.

Source: leap-cds and asushares/core, patient-consent-consult-hook-request.schema.json. Ours adds `context.directory`.
"""

from dataclasses import dataclass
from typing import Any, Final

from mappings.fhir.consult.elements import Coding, Json
from mappings.fhir.consult.errors import ConsultError
from mappings.fhir.consult.names import Identifier, plain

HOOK: Final = "patient-consent-consult"
_CONTEXT: Final = frozenset(
    {"patientId", "actor", "purposeOfUse", "category", "class", "content", "consent", "directory"}
)


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks (`actors`: identifiers of one requester), about whom, why, for what; and what was brought along.

    `purposes`: v3-ActReason codes, empty where none is stated. `content`: the Bundle, or None where none was given.
    """

    patients: tuple[Identifier, ...]
    actors: tuple[Identifier, ...]
    purposes: tuple[str, ...]
    categories: tuple[Coding, ...]
    classes: tuple[Coding, ...]
    consents: tuple[Any, ...]
    directory: tuple[Json, ...]
    content: Json | None


def read_question(body: Any) -> Question:
    """Read the body of the hook. Raises ConsultError for whatever its schema refuses, and for elements it lacks."""
    hook = _object(body, "request")
    if hook.get("hook") != HOOK:
        raise ConsultError("hook", f"must be `{HOOK}`")
    _text(hook.get("hookInstance"), "hookInstance")
    context = _object(hook.get("context"), "context")
    if not context.keys() <= _CONTEXT:
        raise ConsultError("context", "must hold no elements but those of the hook")
    return Question(
        patients=_identifiers(context.get("patientId"), "context.patientId"),
        actors=_identifiers(context.get("actor"), "context.actor"),
        purposes=_purposes(context.get("purposeOfUse", [])),
        categories=_codings(context.get("category", []), "context.category"),
        classes=_codings(context.get("class", []), "context.class"),
        consents=tuple(_list(context.get("consent", []), "context.consent")),
        directory=_resources(context.get("directory", []), "context.directory"),
        content=_bundle(context["content"]) if "content" in context else None,
    )


def _object(value: Any, field: str) -> Json:
    if not isinstance(value, dict):
        raise ConsultError(field, "must be an object")
    return value


def _list(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise ConsultError(field, "must be a list")
    return value


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise ConsultError(field, "must be a text")
    return value


def _pairs(value: Any, second: str, field: str) -> list[Json]:
    """Read a list of closed pairs of `system` and `second`."""
    found = [_object(one, f"{field}[{index}]") for index, one in enumerate(_list(value, field))]
    for index, one in enumerate(found):
        if not one.keys() <= {"system", second}:
            raise ConsultError(f"{field}[{index}]", f"must hold `system` and `{second}` alone")
        for key in (second, *(["system"] if "system" in one else [])):
            _text(one.get(key), f"{field}[{index}].{key}")
    return found


def _identifiers(value: Any, field: str) -> tuple[Identifier, ...]:
    return tuple(plain(one.get("system", ""), one["value"]) for one in _pairs(value, "value", field) if one["value"])


def _codings(value: Any, field: str) -> tuple[Coding, ...]:
    found = _pairs(value, "code", field)
    for index, one in enumerate(found):
        _text(one.get("system"), f"{field}[{index}].system")
    return tuple(Coding(one["system"].rstrip("/"), one["code"]) for one in found)


def _purposes(value: Any) -> tuple[str, ...]:
    ones = [value] if isinstance(value, str) else _list(value, "context.purposeOfUse")
    return tuple(dict.fromkeys(_text(one, f"context.purposeOfUse[{index}]") for index, one in enumerate(ones)))


def _resources(value: Any, field: str) -> tuple[Json, ...]:
    found = [_object(one, f"{field}[{index}]") for index, one in enumerate(_list(value, field))]
    for index, one in enumerate(found):
        _text(one.get("resourceType"), f"{field}[{index}].resourceType")
    return tuple(found)


def _bundle(value: Any) -> Json:
    bundle = _object(value, "context.content")
    if bundle.get("resourceType") != "Bundle":
        raise ConsultError("context.content.resourceType", "must be `Bundle`")
    for index, one in enumerate(_list(bundle.get("entry"), "context.content.entry")):
        field = f"context.content.entry[{index}]"
        resource = _object(_object(one, field).get("resource"), f"{field}.resource")
        _text(resource.get("resourceType"), f"{field}.resource.resourceType")
    return bundle
