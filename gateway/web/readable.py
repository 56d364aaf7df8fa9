"""A FHIR R4 resource as facts that a person reads: every element that is in it, in plain words, none left out.

The exact JSON stands beside it on the page: codes here are shown by their words, systems of codes not at all.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.web.words import day, moment, plain

_LABELS: Final[Mapping[str, str]] = {
    "code": "What",
    "valueCodeableConcept": "Value",
    "valueQuantity": "Value",
    "valueString": "Value",
    "valueBoolean": "Value",
    "valueInteger": "Value",
    "valueDateTime": "Value",
    "valuePeriod": "Value",
    "effectiveDateTime": "When",
    "effectivePeriod": "When",
    "authoredOn": "Written on",
    "lifecycleStatus": "Status",
    "achievementStatus": "How far",
    "medicationCodeableConcept": "Medicine",
    "subject": "About",
    "patient": "About",
    "for": "About",
    "telecom": "Phone or e-mail",
    "dosageInstruction": "How to take it",
    "dosage": "How to take it",
}
_TITLE: Final = frozenset({"resourceType", "id"})  # the page says them in its own words
_HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\S+")

Facts = list[tuple[str, str]]


def facts_of(resource: Mapping[str, Any] | None, zone: ZoneInfo) -> Facts:
    """Give pairs of label and words, in the order in which the elements stand. No resource: no facts."""
    if resource is None:
        return []
    return list(_below({k: v for k, v in resource.items() if k not in _TITLE}, "", zone))


def _below(value: Mapping[str, Any], before: str, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    for name, each in value.items():
        label = _LABELS.get(name) or plain(_HUMP.sub(" ", name).lower())
        yield from _element(each, f"{before}, {label.lower()}" if before else label, zone)


def _element(value: Any, label: str, zone: ZoneInfo) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        if all(not isinstance(each, (dict, list)) for each in value):
            yield label, ", ".join(_primitive(each, zone) for each in value)
            return
        for each in value:
            yield from _element(each, label, zone)
    elif isinstance(value, dict):
        words = _known(value, zone)
        if words is None:
            yield from _below(value, label, zone)
        else:
            yield label, words
    else:
        yield label, _primitive(value, zone)


def _known(value: Mapping[str, Any], zone: ZoneInfo) -> str | None:
    """Write a data type that people know in one line; None: its elements are shown one by one."""
    names = value.keys()
    for shape, write in _SHAPES:
        if names and names <= shape:
            return write(value, zone)
    return None


def _concept(value: Mapping[str, Any], _: ZoneInfo) -> str:
    codings = [each for each in value.get("coding", ()) if isinstance(each, Mapping)]
    words = [str(each.get("display") or plain(each.get("code", "")) or each.get("system", "")) for each in codings]
    text = value.get("text")
    return ", ".join(dict.fromkeys(([text] if text else []) + words))


def _reference(_: Mapping[str, Any], __: ZoneInfo) -> str:
    return "the participant"  # INVARIANT: consent.redaction lets no other reference pass


def _period(value: Mapping[str, Any], zone: ZoneInfo) -> str:
    start, end = (_primitive(value[name], zone) if name in value else "" for name in ("start", "end"))
    return " ".join(part for part in (f"from {start}" if start else "", f"until {end}" if end else "") if part)


def _person(value: Mapping[str, Any], _: ZoneInfo) -> str:
    words = " ".join([*value.get("given", ()), *([value["family"]] if "family" in value else [])])
    return f"{words} ({value['use']})" if "use" in value else words


def _quantity(value: Mapping[str, Any], _: ZoneInfo) -> str:
    unit = value.get("unit") or value.get("code")
    return " ".join(str(part) for part in (value.get("comparator"), value.get("value"), unit) if part is not None)


def _place(value: Mapping[str, Any], _: ZoneInfo) -> str:
    lines = [*value.get("line", ()), *(value[name] for name in ("city", "state", "postalCode") if name in value)]
    use = f" ({value['use']})" if "use" in value else ""
    return ", ".join(str(line) for line in lines) + use


def _named(value: Mapping[str, Any], _: ZoneInfo) -> str:
    about = ", ".join(str(value[name]) for name in ("system", "use") if name in value)
    return f"{value.get('value', '')} ({about})" if about else str(value.get("value", ""))


def _attachment(value: Mapping[str, Any], _: ZoneInfo) -> str:
    title, data = value.get("title"), value.get("data")
    words = "" if data is None else _text(value.get("contentType", ""), str(data))
    return "\n".join(part for part in (title, words) if part)


def _text(kind: str, data: str) -> str:
    try:
        content = base64.b64decode(data, validate=True)
        return content.decode("utf-8") if kind.startswith("text/") else f"a file, {kind}, {len(content)} bytes"
    except (binascii.Error, UnicodeDecodeError):
        return f"a file, {kind}"


_SHAPES: Final = (
    (frozenset({"coding", "text"}), _concept),
    (frozenset({"system", "code", "display"}), lambda value, zone: _concept({"coding": [value]}, zone)),
    (frozenset({"reference", "type"}), _reference),
    (frozenset({"start", "end"}), _period),
    (frozenset({"use", "family", "given"}), _person),
    (frozenset({"system", "value", "use"}), _named),
    (frozenset({"value", "comparator", "unit", "system", "code"}), _quantity),
    (frozenset({"use", "line", "city", "state", "postalCode"}), _place),
    (frozenset({"contentType", "data", "title"}), _attachment),
)


def _primitive(value: Any, zone: ZoneInfo) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        try:
            if _DAY.fullmatch(value):
                return day(date.fromisoformat(value))
            if _MOMENT.fullmatch(value):
                return moment(datetime.fromisoformat(value), zone)
        except ValueError:
            return value
    return str(value)
