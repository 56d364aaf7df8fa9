"""The terms of a Consent that R4 has no element for, as extensions, and back: texts, revocations, events."""

from datetime import datetime

from consent.codes import Integrity, RevocationMode
from consent.model import All, Consent, CriminalJusticeTerms, Event, Revocation
from mappings.fhir import extensions
from mappings.fhir.build import Json, UnreadableResourceError, moment, read_moment
from mappings.fhir.extensions import Extensions, parts_of


def write_terms(consent: Consent) -> list[Json]:
    """Write every term of the consent that has no FHIR element. For all eyes: it may name others than the viewer."""
    return [
        extensions.text("how-to-revoke", consent.how_to_revoke),
        extensions.text("refusal-consequences", consent.refusal_consequences),
        extensions.text("redisclosure-warning", consent.redisclosure_warning),
        *extensions.optional("tpo-statement", consent.tpo_statement),
        *extensions.optional("intermediary", consent.intermediary),
        *extensions.optional("proceeding-cause", consent.proceeding_cause),
        *_boolean("counsel-present", consent.counsel_present),
        *_criminal_justice(consent.cj),
        extensions.text("integrity", consent.integrity.value, kind="Code"),
        *map(_revocation, consent.revocations),
        *_events(consent.events),
    ]


def _boolean(name: str, known: bool | None) -> list[Json]:  # noqa: FBT001  -- a value to write, not a switch
    return [] if known is None else [extensions.value(name, "Boolean", known)]


def _criminal_justice(cj: CriminalJusticeTerms | None) -> list[Json]:
    if cj is None:
        return []
    said = (
        ("condition-document", cj.condition_document),
        ("cause", cj.cause),
        ("revocable-from", cj.revocable_from),
        ("monitoring-official", cj.monitoring_official),
    )
    parts = [part for name, text in said for part in extensions.optional(name, text, part=True)]
    # FHIR refuses an empty extension, and terms that name nothing differ from no terms
    return [
        extensions.whole("criminal-justice", [extensions.value("named", "Boolean", bool(parts), part=True), *parts])
    ]


def _revocation(revocation: Revocation) -> Json:
    every = revocation.grants == "all"
    ids = [] if revocation.grants == "all" else sorted(revocation.grants)
    return extensions.whole(
        "revocation",
        [
            extensions.value("at", "DateTime", moment(revocation.at), part=True),
            extensions.value("mode", "Code", revocation.mode.value, part=True),
            extensions.value("all", "Boolean", every, part=True),
            *(extensions.text("grant", grant, part=True) for grant in ids),
        ],
    )


def _events(events: tuple[Event, ...] | None) -> list[Json]:
    if events is None:
        return []
    return [
        extensions.value("events-known", "Boolean", content=True),
        *(
            extensions.whole(
                "event",
                [
                    extensions.text("name", event.name, part=True),
                    extensions.value("at", "DateTime", moment(event.at), part=True),
                ],
            )
            for event in events
        ),
    ]


def read_integrity(found: Extensions) -> Integrity:
    """Read whether the form can be relied on."""
    code = found.required("integrity", kind="Code")
    if code not in set(Integrity):
        raise UnreadableResourceError(f"{found.field}[integrity]", "holds a code that is not known here")
    return Integrity(code)


def read_criminal_justice(found: Extensions) -> CriminalJusticeTerms | None:
    """Read the terms of a 2.35 consent, where there are any."""
    one = found.one("criminal-justice")
    if one is None:
        return None
    parts = parts_of(one, f"{found.field}[criminal-justice]")
    parts.boolean("named")
    terms = CriminalJusticeTerms(
        condition_document=parts.text("condition-document"),
        cause=parts.text("cause"),
        revocable_from=parts.text("revocable-from"),
        monitoring_official=parts.text("monitoring-official"),
    )
    parts.done()
    return terms


def read_revocations(found: Extensions) -> tuple[Revocation, ...]:
    """Read the revocations, in order."""
    where = f"{found.field}[revocation]"
    return tuple(_read_revocation(parts_of(one, where)) for one in found.all("revocation"))


def _read_revocation(parts: Extensions) -> Revocation:
    at = _read_at(parts)
    mode = parts.required("mode", kind="Code")
    every = parts.boolean("all")
    ids = frozenset(extensions.read_extension_text(one, f"{parts.field}[grant]") for one in parts.all("grant"))
    parts.done()
    if every is None or (every and ids) or mode not in set(RevocationMode):
        raise UnreadableResourceError(parts.field, "must say how, and either all or which grants")
    grants: All | frozenset[str] = "all" if every else ids
    return Revocation(at=at, grants=grants, mode=RevocationMode(mode))


def read_events(found: Extensions) -> tuple[Event, ...] | None:
    """Read what has happened; None where that is not known."""
    known = found.boolean("events-known")
    where = f"{found.field}[event]"
    events = tuple(_read_event(parts_of(one, where)) for one in found.all("event"))
    if known:
        return events
    if events:
        raise UnreadableResourceError(where, "happened although no events are known")
    return None


def _read_event(parts: Extensions) -> Event:
    event = Event(name=parts.required("name"), at=_read_at(parts))
    parts.done()
    return event


def _read_at(parts: Extensions) -> datetime:
    return read_moment(parts.value("at", "DateTime"), f"{parts.field}[at]")
