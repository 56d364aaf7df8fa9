"""Reads the nested permits of a Consent of ours into grants. Strict: what provision.py does not write is refused."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, TypeVar

from consent.codes import CLASS_PREFIX, Category, Purpose
from consent.model import ConsentGrant
from mappings.fhir import codes, extensions
from mappings.fhir.build import (
    Json,
    UnreadableResourceError,
    only,
    read_day,
    read_list,
    read_moment,
    read_object,
    read_text,
)
from mappings.fhir.provision import ACTIONS, ACTOR_ROLE

_Code = TypeVar("_Code", bound=StrEnum)
_ELEMENTS: Final = frozenset(
    {
        "extension",
        "modifierExtension",
        "type",
        "period",
        "actor",
        "action",
        "securityLabel",
        "purpose",
        "code",
        "dataPeriod",
    }
)


def read_grants(provisions: Iterable[object], field: str) -> tuple[ConsentGrant, ...]:
    """Read the grants back, in order, each from its permits, which must agree in all but the recipient.

    Raises UnreadableResourceError on anything that `write_provision` does not write for all eyes.
    """
    found: dict[str, ConsentGrant] = {}
    for number, one in enumerate(provisions):
        where = f"{field}[{number}]"
        grant = _read_provision(read_object(one, where), where)
        before = found.get(grant.id)
        found[grant.id] = grant if before is None else _joined(before, grant, where)
    return tuple(found.values())


def _joined(before: ConsentGrant, grant: ConsentGrant, field: str) -> ConsentGrant:
    alone = not before.recipient or not grant.recipient or before.recipient & grant.recipient
    if alone or replace(before, recipient=grant.recipient) != grant:
        raise UnreadableResourceError(field, "contradicts another permit of the same grant")
    return replace(before, recipient=before.recipient | grant.recipient)


def _read_provision(provision: Json, field: str) -> ConsentGrant:
    only(provision, _ELEMENTS, field)
    if provision.get("type") != "permit" or provision.get("action") != ACTIONS:
        raise UnreadableResourceError(field, "must permit access and disclosure")
    details = extensions.Extensions(provision, field)
    limits = extensions.Extensions(provision, field, key="modifierExtension")
    data = read_object(provision.get("dataPeriod", {}), f"{field}.dataPeriod")
    grant = ConsentGrant(
        id=details.required("grant"),
        discloser=_read_organizations(
            [one.get("valueReference") for one in limits.all("discloser")], f"{field}.modifierExtension[discloser]"
        ),
        recipient=_read_recipient(provision, field),
        purposes=frozenset(_read_codes(provision.get("purpose"), codes.PURPOSE, Purpose, f"{field}.purpose")),
        categories=_read_categories(provision, field),
        expires=_read_expires(details),
        role=limits.text("recipient-role"),
        record_from=_read_edge(data, "start", field),
        record_to=_read_edge(data, "end", field),
        redisclose_to=tuple(extensions.read_extension_text(x, field) for x in details.all("redisclose-to")),
    )
    details.done()
    limits.done()
    return grant


def _read_edge(data: Json, edge: str, field: str) -> date | None:
    return read_day(data[edge], f"{field}.dataPeriod.{edge}") if edge in data else None


def _read_expires(details: extensions.Extensions) -> datetime | str:
    found = details.one("expires")
    where = f"{details.field}[expires]"
    if found is None:
        raise UnreadableResourceError(where, "is missing")
    if "valueDateTime" in found:
        return read_moment(found["valueDateTime"], where)
    return extensions.read_extension_text(found, where)


def _read_recipient(provision: Json, field: str) -> frozenset[str]:
    actors = [read_object(one, f"{field}.actor") for one in read_list(provision.get("actor"), f"{field}.actor")]
    if len(actors) != 1 or actors[0].get("role") != ACTOR_ROLE:
        raise UnreadableResourceError(f"{field}.actor", "must be the one recipient")
    return _read_organizations([actors[0].get("reference")], f"{field}.actor.reference")


def _read_organizations(references: list[Any], field: str) -> frozenset[str]:
    """Read named organizations and classes; the one recipient `nobody` is an empty set."""
    if not references:
        raise UnreadableResourceError(field, "is missing")
    names = [_read_name(read_object(one, field), field) for one in references]
    if None in names and len(names) > 1:
        raise UnreadableResourceError(field, "names nobody and somebody")
    return frozenset(name for name in names if name is not None)


def _read_name(reference: Json, field: str) -> str | None:
    only(reference, frozenset({"type", "identifier", "display"}), field)
    found = read_object(reference.get("identifier"), field)
    value = read_text(found.get("value", ""), field)
    if found.get("system") == codes.ORGANIZATION:
        return value
    if found.get("system") == codes.RECIPIENT_CLASS:
        return CLASS_PREFIX + value
    if found == {"system": codes.NOBODY, "value": codes.NO_CODE}:
        return None
    raise UnreadableResourceError(field, "names a system that is not read here")


def _read_categories(provision: Json, field: str) -> frozenset[Category]:
    where = f"{field}.code"
    concepts = [read_object(one, where) for one in read_list(provision.get("code"), where)]
    codings = [c for one in concepts for c in read_list(one.get("coding"), where)]
    return frozenset(_read_codes(codings, codes.CATEGORY, Category, where))


def _read_codes(codings: object, system: str, kind: type[_Code], field: str) -> list[_Code]:
    """Read our codes; the code `none` alone is an empty list, no code at all is not what we write."""
    found = codes.codes_of(read_list(codings, field), system)
    if found == [codes.NO_CODE]:
        return []
    if not found or not set(found) <= set(kind):
        raise UnreadableResourceError(field, "holds a code that is not known here")
    return [kind(code) for code in found]
