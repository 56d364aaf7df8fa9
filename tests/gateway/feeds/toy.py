"""A feed for tests: a message is the JSON of a list of events about Ray; a splitter that reads it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from pydantic import TypeAdapter

from adapters.inbound import Event, InboundPart
from gateway import intake
from gateway.intake import Envelope, Receipt, Source
from mappings.lead.custody import CustodyEvent, CustodyKind, PersonDescription, PersonName
from mappings.lead.feed_error import FeedError
from mappings.lead.matter import CaseEvent, CaseStatus
from tests.gateway.site import Scene

DAY = datetime(2026, 11, 20, 8, tzinfo=UTC)
_EVENTS: TypeAdapter[list[Event]] = TypeAdapter(list[Event])


def hours(number: float) -> datetime:
    return DAY + timedelta(hours=number)


async def ray(scene: Scene) -> PersonDescription:
    async with scene.store.unit_of_work() as uow:
        known, _ = await uow.participants.get(await scene.participant())
    sid = next(pair for pair in known.identifiers if pair[0] == "sid")
    names = (PersonName(known.name.given[0], known.name.family),)
    return PersonDescription(names, (), known.participant.birth_date, (sid,))


def told(kind: CustodyKind, happened: float, **more: Any) -> CustodyEvent:
    nobody = PersonDescription((), (), None, ())
    event = CustodyEvent(
        kind=kind,
        feed="toy",
        message_id="M",
        booking_number="BK-7",
        inmate_number="J-1",
        facility=None,
        agency=None,
        occurred_at=hours(happened),
        day_only=False,
        custody_status=None,
        release_eligible_on=None,
        status_code=None,
        charges=(),
        bonds=(),
        person=nobody,
        behavioral_health=None,
    )
    return replace(event, **more)


def case(status: CaseStatus, happened: float, **more: Any) -> CaseEvent:
    return replace(CaseEvent("toy", "M", "C-1", status, "X1", "as written", hours(happened)), **more)


def source(person: PersonDescription, organization: str = "org:cedar-jail") -> Source:
    def split(
        content: bytes, *, feed: str, timezone: str, received_at: datetime | None = None
    ) -> Iterator[InboundPart]:
        del feed, timezone, received_at
        try:
            found = _EVENTS.validate_json(content)
        except ValueError:
            raise FeedError("json", "must be a list of events") from None
        return iter([InboundPart("M", person, tuple(found), content)])

    return Source("toy", organization, "America/Los_Angeles", split)


def message(*events: Event, salt: int = 0) -> bytes:
    return orjson.dumps([]) + b" " * salt if not events else _EVENTS.dump_json([*events]) + b" " * salt


async def hand_in(scene: Scene, known: Source, *events: Event, salt: int = 0) -> Receipt:
    """Hand one message in; `salt` makes the same events another message."""
    envelope = Envelope(message(*events, salt=salt), scene.clock())
    return await intake.receive(scene.store, envelope, known, scene.program.weights)
