"""What every outbound door promises: it takes sealed values, sends them once per call, and says how that went."""

from dataclasses import dataclass, field
from typing import Protocol

from consent.disclosure import Message


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The recipient has it. `status`: the HTTP status it answered with.

    `first_byte`: seconds from the call until the first byte left, where the door knows.
    """

    status: int
    first_byte: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """The recipient may not have it. `cause` is a short code, never a text that somebody else wrote.

    `retry_after`: for how many seconds the recipient itself asks to be left alone. `first_byte`: as in Acknowledged;
    None also where no byte left.
    """

    retryable: bool
    cause: str
    retry_after: float | None = None
    first_byte: float | None = field(default=None, compare=False)


class Outbound(Protocol):
    """A door to one recipient."""

    async def send(
        self,
        message: Message,
        *,
        idempotency_key: str,
        timeout: float = 5.0,  # noqa: ASYNC109  -- one attempt's bound is part of the contract
    ) -> Acknowledged | Failed:
        """Send one sealed message; `timeout` in seconds bounds the whole attempt.

        Never raises for what the network or the recipient does. Raises TypeError for anything that is not sealed.
        A retry is a new call, after a new decision, with the same key.
        """
