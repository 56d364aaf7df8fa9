"""A custody event as we understand it, whatever dialect it came in, with its health content kept apart.

A jail's message says two different things: what the justice system did (booked, charged, released) and, sometimes,
what the person's health is. `CustodyEvent` keeps the second in `behavioral_health`, so that nothing that passes on
custody can pass on health by accident (42 CFR 2.12; design: one item, one category).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from consent.codes import Category
from consent.model import Item
from mappings.lead.action import Action
from mappings.lead.custody_health import BehavioralHealth, HealthContent, health_content

SID: Final = "sid"
FBI: Final = "fbi"
SSN_LAST_4: Final = "ssn-last-4"

LOCAL: Final = "https://lead-gateway.invalid/fhir/CodeSystem/lead"
PLACE_OF_SERVICE: Final = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"


def inmate_system(feed: str) -> str:
    """Return the identifier system of the inmate numbers of one feed: `jail:cedar:inmate`."""
    return f"jail:{feed}:inmate"


def person_system(feed: str) -> str:
    """Return the identifier system of the persistent person ids of one feed's broker: `jail:cedar:person`."""
    return f"jail:{feed}:person"


class CustodyKind(StrEnum):
    """What happened."""

    BOOKING = "booking"
    RELEASE = "release"
    STATUS_CHANGE = "status-change"


@dataclass(frozen=True, slots=True)
class PersonName:
    """One name of a person as the sender wrote it, spaces collapsed."""

    given: str | None
    family: str | None
    middle: str | None = None
    suffix: str | None = None


@dataclass(frozen=True, slots=True)
class PersonDescription:
    """What a message says about who a person is. `identifiers` are (system, value).

    INVARIANT: never a whole social security number; its last four digits at most, under the system `ssn-last-4`.
    """

    names: tuple[PersonName, ...]
    aliases: tuple[PersonName, ...]
    birth_date: date | None
    identifiers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge as the jail wrote it; nothing here is a finding of guilt."""

    description: str | None
    statute: str | None
    sequence: str | None
    disposition: str | None
    level: str | None = None
    hold_for: str | None = None


@dataclass(frozen=True, slots=True)
class Bond:
    """One bail bond. `amount` is the decimal number as written, in US dollars."""

    kind: str | None
    status: str | None
    amount: str | None


@dataclass(frozen=True, slots=True)
class CustodyEvent:
    """One thing that happened to one person in one jail.

    `occurred_at` is aware, in UTC; `day_only` says that only the day was given, then it is that day's local midnight.
    `booking_number` identifies the stay, not the person. `status_code` is the sender's own (`Correct` was seen).
    `action` says it, corrects it or takes it back. `told_at` (aware): when the sender wrote the message; None: not
    said. By these two, and never by the order in which messages arrive, `mappings.lead.custody_state` puts the events
    of a stay together. `release_reason`: as the sender wrote it (`ROR`); it stays on the justice side.
    """

    kind: CustodyKind
    feed: str
    message_id: str
    booking_number: str
    inmate_number: str | None
    facility: str | None
    agency: str | None
    occurred_at: datetime
    day_only: bool
    custody_status: str | None
    release_eligible_on: date | None
    status_code: str | None
    charges: tuple[Charge, ...]
    bonds: tuple[Bond, ...]
    person: PersonDescription
    behavioral_health: BehavioralHealth | None
    action: Action = Action.ADD
    told_at: datetime | None = None
    release_reason: str | None = None


def custody_items(event: CustodyEvent, participant_id: str, source_org: str) -> tuple[Item, ...]:
    """Return the items of the record that `event` is worth, all about `participant_id`, all from `source_org`.

    One `custody` item always (an R4 Encounter, no charges in it); one `legal-status` item where there are charges or
    bonds (an R4 Task, internal); one item for each piece of health content, each in a category of its own, never
    `custody`. Item ids are stable: the same booking told again gives the same ids, so the store makes new versions.
    `version` is 1 in all; the store counts.
    """
    return tuple(_items(event, participant_id, source_org))


def _items(event: CustodyEvent, participant: str, source: str) -> Iterator[Item]:
    yield _item(event, participant, source, HealthContent(Category.CUSTODY, "custody", _encounter(event, participant)))
    if event.charges or event.bonds:
        task = _charges(event, participant)
        yield _item(event, participant, source, HealthContent(Category.LEGAL_STATUS, "charges", task))
    if event.behavioral_health is not None:
        for content in health_content(event.behavioral_health, participant, written(event.occurred_at)):
            yield _item(event, participant, source, content)


def _item(event: CustodyEvent, participant: str, source: str, content: HealthContent) -> Item:
    key = (participant, event.feed, event.booking_number, content.key)
    identifier = str(uuid5(NAMESPACE_URL, f"lead-gateway:custody:{key!r}"))
    resource = {**content.resource, "id": identifier}
    return Item(identifier, participant, content.category, source, event.occurred_at, resource)


def written(moment: datetime) -> str:
    """Return a moment (aware, UTC) as a FHIR dateTime in UTC, seconds kept."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _encounter(event: CustodyEvent, participant: str) -> dict[str, Any]:
    """Return the stay: where, since or until when, in what status. No charge, no reason, no bond, no number."""
    ended = event.kind is CustodyKind.RELEASE
    resource: dict[str, Any] = {
        "resourceType": "Encounter",
        "status": "finished" if ended else "in-progress",
        "class": {"system": LOCAL, "code": "custody", "display": "Custody"},
        "type": [
            {
                "coding": [{"system": PLACE_OF_SERVICE, "code": "09", "display": "Prison/Correctional Facility"}],
                "text": "Jail custody",
            }
        ],
        "subject": {"reference": f"Patient/{participant}"},
        "period": {"end" if ended else "start": written(event.occurred_at)},
    }
    if event.custody_status:
        resource["type"].append({"coding": [{"system": LOCAL, "code": "custody-status"}], "text": event.custody_status})
    if event.facility:
        resource["location"] = [{"location": {"display": event.facility}}]
    return resource


def _charges(event: CustodyEvent, participant: str) -> dict[str, Any]:
    """Return the charges and bonds as a Task of case management, as the legal matters of a participant are kept."""
    inputs = [_input("charge", _words(c.sequence, c.statute, c.description, c.disposition)) for c in event.charges]
    inputs += [_input("hold-for-agency", c.hold_for) for c in event.charges if c.hold_for]
    inputs += [_input("bail-bond", _words(b.kind, b.status, b.amount)) for b in event.bonds]
    return {
        "resourceType": "Task",
        "status": "in-progress",
        "intent": "unknown",
        "code": {"coding": [{"system": LOCAL, "code": "legal-status", "display": "Charges at booking"}]},
        "for": {"reference": f"Patient/{participant}"},
        "authoredOn": written(event.occurred_at),
        "input": inputs,
    }


def _input(code: str, value: str) -> dict[str, Any]:
    return {"type": {"coding": [{"system": LOCAL, "code": code}]}, "valueString": value}


def _words(*parts: str | None) -> str:
    return "; ".join(part for part in parts if part) or "not stated"
