"""A county jail's booking reports in the OJBC dialect: one message in, one part per booked person out.

A jail feed is about everybody booked in the county, so a message is split in memory, person by person, before anything
is matched or stored; what concerns nobody we know is forgotten with the part that carried it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from adapters.inbound import InboundPart
from mappings.niem.booking import Feed, read_bookings


@dataclass(frozen=True, slots=True)
class OjbcBookingFeed:
    """One feed of a site: its name (`jail:NAME:inmate` becomes its identifier system), its jail's IANA time zone."""

    name: str
    timezone: str

    def split(self, content: bytes, *, received_at: datetime | None = None) -> Iterator[InboundPart]:
        """Return the parts of one message, at least one; see `split`."""
        return split(content, feed=self.name, timezone=self.timezone, received_at=received_at)


def split(content: bytes, *, feed: str, timezone: str, received_at: datetime | None = None) -> Iterator[InboundPart]:
    """Return the parts of one booking report, at least one, in its order.

    Times without an offset are local to `timezone`. `received_at` (aware): bookings more than a day later are refused.
    Raises `mappings.niem.xml.FeedError` at once, before the first part, for a message that cannot be read: it is
    then quarantined whole. Raises `zoneinfo.ZoneInfoNotFoundError` for an unknown time zone.
    """
    bookings = read_bookings(content, Feed(feed, ZoneInfo(timezone), received_at))
    return iter([InboundPart(b.event.message_id, b.event.person, (b.event,), b.original) for b in bookings])
