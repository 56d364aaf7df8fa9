"""What every way of telling staff promises: the same few words to everybody, and nothing that could be about anybody.

INVARIANT: a door takes an address and the console's, and no text. What waits, about whom and how much, is on the screen
of whoever signs in.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

WORDS: Final = "something waits for you"


class ContactError(ValueError):
    """A contact cannot be used as it is. Names the field and the rule, never the address."""


@dataclass(frozen=True, slots=True)
class Told:
    """The message is on its way."""


@dataclass(frozen=True, slots=True)
class NotTold:
    """It may not be. `cause` is a short code; `perhaps`: nobody knows, so telling again might be twice."""

    cause: str
    perhaps: bool


class Nudge(Protocol):
    """A way to reach a member of staff."""

    async def tell(self, address: str, console: str, at: datetime, *, seconds: float = 10.0) -> Told | NotTold:
        """Send WORDS and the console's address, once. `seconds` bounds the whole attempt.

        Never raises for what the network or the other side does. Raises ContactError for an address out of form.
        """
