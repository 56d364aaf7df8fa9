"""How a case stands, worked out from everything that a prosecutor's feed told about it, and as an item of the record.

INVARIANT: a pure function of the SET of events: the same for any order, and for events that come twice.

What happened last stands; of one moment, what is furthest along: a refusal is not final, and one that was filed later,
or on the same day, is filed. A delete takes back what was told before it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from consent.codes import Category
from consent.days import day_of
from consent.model import Item
from mappings.lead.action import Action
from mappings.lead.custody import LOCAL, written
from mappings.lead.matter import CaseEvent, CaseStatus, Count

DIVERTED_CHARGE: Final = "diverted-charge"
INCIDENT: Final = "incident-date"
_CLOSED: Final = frozenset({CaseStatus.DECLINED, CaseStatus.DISMISSED, CaseStatus.DISPOSED})
_FURTHEST: Final = (
    CaseStatus.UNKNOWN,
    CaseStatus.REFERRED,
    CaseStatus.RECEIVED,
    CaseStatus.SCREENED_HELD,
    CaseStatus.DECLINED,
    CaseStatus.DIVERTED,
    CaseStatus.WARRANT_REQUESTED,
    CaseStatus.WARRANT_ISSUED,
    CaseStatus.FILED,
    CaseStatus.DISMISSED,
    CaseStatus.DISPOSED,
    CaseStatus.REOPENED,
)
_ACTIONS: Final = tuple(Action)


class MatterKind(StrEnum):
    """What a case is to somebody's time with LEAD. `unknown`: the day of the incident or of enrolment is not known."""

    DIVERTED = "diverted"
    PRE_EXISTING = "pre-existing"
    POST_ENROLMENT = "post-enrolment"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Matter:
    """One case. `told`: the event that stands, with the newest of all else that was told. `since`: of its status.

    `void`: everything that was told has been taken back.
    """

    told: CaseEvent
    since: datetime
    void: bool = False


def matter(events: Iterable[CaseEvent]) -> Matter | None:
    """Return how one case of one feed stands; None: nothing was told but deletes. ValueError: several cases."""
    known = sorted(set(events), key=_as_told)
    if len({(event.feed, event.case_number) for event in known}) > 1:
        raise ValueError("`events` must be about one case of one feed")
    gone = _taken_back(known)
    said = [event for event in known if event.action is not Action.DELETE]
    live = [event for event in said if event not in gone]
    if not said:
        return None
    stands = max(live or said, key=_as_happened)
    return Matter(_newest(stands, live or said), stands.occurred_at, void=not live)


def _as_told(event: CaseEvent) -> tuple[Any, ...]:
    return event.told_at or event.occurred_at, _ACTIONS.index(event.action), *_as_happened(event)


def _as_happened(event: CaseEvent) -> tuple[Any, ...]:
    return event.occurred_at, _FURTHEST.index(event.status), event.told_at or event.occurred_at, repr(event)


def _taken_back(known: Sequence[CaseEvent]) -> frozenset[CaseEvent]:
    """Return what was told and then taken back: of a delete's status and moment, else what stood before it."""
    gone: set[CaseEvent] = set()
    for place, delete in enumerate(known):
        if delete.action is not Action.DELETE:
            continue
        before = [e for e in known[:place] if e.action is not Action.DELETE]
        same = [e for e in before if (e.status, e.occurred_at) == (delete.status, delete.occurred_at)]
        gone.update(same or ([max(before, key=_as_happened)] if before else []))
    return frozenset(gone)


_TELLING: Final = ("incident_on", "arrest_number", "booking_number", "court_number", "agency", "counts")


def _newest(stands: CaseEvent, telling: Iterable[CaseEvent]) -> CaseEvent:
    """Return `stands` with the newest of all else that was told; a message that says nothing takes nothing away."""
    found: dict[str, Any] = {}
    for event in telling:
        found |= {name: value for name in _TELLING if (value := getattr(event, name))}
    return replace(stands, **found)


def matter_reference(event: CaseEvent, participant: str) -> str:
    """Return the id of the item of the case that an event is about: the same for all of them."""
    key = (participant, event.feed, event.case_number)
    return str(uuid5(NAMESPACE_URL, f"lead-gateway:case:{key!r}"))


def matter_item(found: Matter, participant: str, source: str) -> Item | None:
    """Return a case as an item of category `legal-status`; None for one that never was.

    An R4 Task, internal to case management. What the sender wrote (codes, texts, numbers, counts) stands in `input`,
    which never leaves; our own status stands in `businessStatus`.
    """
    if found.void:
        return None
    told, reference = found.told, matter_reference(found.told, participant)
    statuses = [told.status.value, *([DIVERTED_CHARGE] if told.status is CaseStatus.DIVERTED else [])]
    resource = {
        "resourceType": "Task",
        "id": reference,
        "status": "completed" if told.status in _CLOSED else "in-progress",
        "intent": "unknown",
        "code": {"coding": [{"system": LOCAL, "code": "legal-status", "display": "Case with the prosecutor"}]},
        "businessStatus": {"coding": [{"system": LOCAL, "code": code} for code in statuses]},
        "for": {"reference": f"Patient/{participant}"},
        "authoredOn": written(found.since),
        "input": list(_inputs(told)),
    }
    return Item(reference, participant, Category.LEGAL_STATUS, source, found.since, resource)


def _inputs(told: CaseEvent) -> Iterator[dict[str, Any]]:
    texts = {
        "case-number": told.case_number,
        "source-code": told.source_code,
        "source-text": told.source_text,
        "arrest-number": told.arrest_number,
        "booking-number": told.booking_number,
        "court-number": told.court_number,
        "agency": told.agency,
    }
    yield from (_input(code, "valueString", text) for code, text in texts.items() if text)
    if told.incident_on is not None:
        yield _input(INCIDENT, "valueDate", told.incident_on.isoformat())
    yield from (_input("count", "valueString", _words(count)) for count in told.counts)


def _input(code: str, kind: str, value: str) -> dict[str, Any]:
    return {"type": {"coding": [{"system": LOCAL, "code": code}]}, kind: value}


def _words(count: Count) -> str:
    told = (count.sequence, count.statute, count.description, count.status.value, count.source_code, count.source_text)
    return "; ".join(part for part in told if part)


def matter_kind(item: Item, enrolled_at: datetime | None, timezone: str) -> MatterKind:
    """Say what a case is to an enrolment: by the day of its incident, whenever it was filed.

    A case that sat in a queue and is filed months after somebody enrolled is still about what was before. Without the
    day of the incident, a case that stood before the enrolment is pre-existing; of a later one nobody knows.
    """
    resource = item.resource or {}
    if (LOCAL, DIVERTED_CHARGE) in _codings(resource.get("businessStatus")) | _codings(resource.get("code")):
        return MatterKind.DIVERTED
    if enrolled_at is None:
        return MatterKind.UNKNOWN
    enrolled_on = day_of(enrolled_at, ZoneInfo(timezone))
    happened_on = incident_of(resource)
    if happened_on is not None:
        return MatterKind.PRE_EXISTING if happened_on <= enrolled_on else MatterKind.POST_ENROLMENT
    return MatterKind.PRE_EXISTING if item.created < enrolled_at else MatterKind.UNKNOWN


def incident_of(resource: Mapping[str, Any]) -> date | None:
    """Read the day of the incident from a case's item."""
    for each in resource.get("input") or ():
        if isinstance(each, dict) and (LOCAL, INCIDENT) in _codings(each.get("type")):
            try:
                return date.fromisoformat(each.get("valueDate", ""))
            except (TypeError, ValueError):
                return None
    return None


def _codings(concept: Any) -> set[tuple[Any, Any]]:
    found = concept.get("coding", []) if isinstance(concept, dict) else []
    return {(one.get("system"), one.get("code")) for one in found if isinstance(one, dict)}
