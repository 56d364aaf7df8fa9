"""What every inbound adapter makes of a message: one part for each person in it.

A splitter reads bytes and returns parts; `gateway.intake` matches each part's person, keeps what is certain, and turns
its events into items of the record. A splitter knows neither participants nor the database.

Events: `CustodyEvent` (mappings.lead.custody; `action`, `told_at`), `CaseEvent` (mappings.lead.matter), `Merge`
(mappings.lead.merge), `RecordEvent` (mappings.lead.arrived). A new kind of feed is a line in `gateway.feeds.KINDS`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mappings.lead.arrived import RecordEvent
from mappings.lead.custody import CustodyEvent, PersonDescription
from mappings.lead.matter import CaseEvent
from mappings.lead.merge import Merge

Event = CustodyEvent | CaseEvent | Merge | RecordEvent


@dataclass(frozen=True, slots=True)
class InboundPart:
    """What one message says about one person.

    `message_id` is the sender's own name for it, `DOC-1/BK-7`; it may identify a stay, so it is never logged.
    `original` holds the bytes about this person and no other: the whole message where it is about one only, and such
    that splitting it again gives this part. `events`: what happened, in the message's order; none where the message
    only tells who the person is.
    """

    message_id: str
    person: PersonDescription
    events: tuple[Event, ...]
    original: bytes


class Split(Protocol):
    """Reads one message. Raises `mappings.lead.feed_error.FeedError` before the first part where it cannot be read."""

    def __call__(
        self, content: bytes, *, feed: str, timezone: str, received_at: datetime | None = None
    ) -> Iterator[InboundPart]:
        """Return the parts of `content`, at least one. Times without an offset are local to `timezone` (IANA)."""
