"""What every outbound door promises: it takes sealed values, sends them once per call, and says how that went."""

from dataclasses import dataclass
from typing import Protocol

from consent.disclosure import Disclosure, NeutralAnswer


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The recipient has it. `status`: the HTTP status it answered with."""

    status: int


@dataclass(frozen=True, slots=True)
class Failed:
    """The recipient may not have it. `cause` is a short code, never a text that somebody else wrote."""

    retryable: bool
    cause: str


class Outbound(Protocol):
    """A door to one recipient."""

    async def send(
        self,
        message: Disclosure | NeutralAnswer,
        *,
        idempotency_key: str,
        timeout: float = 5.0,  # noqa: ASYNC109  -- one attempt's bound is part of the contract
    ) -> Acknowledged | Failed:
        """Send one sealed message; `timeout` in seconds bounds the whole attempt.

        Never raises for what the network or the recipient does. Raises TypeError for anything that is not sealed.
        A retry is a new call, after a new decision, with the same key.
        """
