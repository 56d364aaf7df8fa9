"""Two numbers of one person: a jail found out that they are the same (HL7 v2 A40, or a changed inmate number)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Merge:
    """`old` and `new` are values of one identifier `system` (`jail:cedar:inmate`), and name the same person.

    It may come before or after the messages that use either number. `told_at` (aware): when the sender wrote it.
    """

    feed: str
    message_id: str
    system: str
    old: str
    new: str
    told_at: datetime | None = None
