"""What the HTTP API needs from the rest of the program, as one protocol and its value types."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from consent.disclosure import Disclosure, NeutralAnswer
from consent.model import Organization
from gateway.store.values import Client, Grant
from mappings.fhir.question import Question

__all__ = ["Acknowledgement", "ApiSettings", "Client", "Gateway", "Grant"]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What everybody who asks is told: a reference of its own, when it came in, by when an answer goes out."""

    reference: str
    received_at: datetime
    due_at: datetime


class ApiSettings(Protocol):
    """The settings that the API reads. `neutral_step_ms`: the T of a refusal's timing, in milliseconds."""

    @property
    def base_url(self) -> str:
        """The outside address, no slash at its end: `https://gateway.example`."""

    @property
    def neutral_step_ms(self) -> int:
        """Refusals leave at arrival plus a whole multiple of this."""

    @property
    def max_body_bytes(self) -> int:
        """No request body is read beyond this."""


class Gateway(Protocol):
    """The program behind the API. Every moment is an aware datetime."""

    @property
    def settings(self) -> ApiSettings:
        """The site's settings."""

    @property
    def organizations(self) -> Mapping[str, Organization]:
        """All partners by id, for the names in a Bundle."""

    def figures(self) -> str:
        """Give what sending has come to in this process, for /metrics: no identifiers (Prometheus text format)."""

    def now(self) -> datetime:
        """Read the clock, the only one that the API has."""

    async def client(self, client_id: str) -> Client | None:
        """Find a registered client; None where there is none."""

    async def use_jti(self, client_id: str, jti: str, expires: datetime) -> bool:
        """Spend a token id, for all processes: False where this client has used it before."""

    async def issue_token(self, client_id: str, scopes: frozenset[str], expires: datetime) -> str:
        """Make an opaque access token of at least 128 random bits (only its digest is kept)."""

    async def token(self, token: str) -> Grant | None:
        """Look a token up; None for an unknown or expired one and for a disabled client."""

    async def ask(self, client: Grant, question: Question, at: datetime) -> Acknowledgement:
        """Take a question that a person answers. INVARIANT: the same for a known and an unknown person."""

    async def answer_now(self, client: Grant, question: Question, at: datetime) -> Disclosure | NeutralAnswer:
        """Answer a question of purpose `emergency` through the one way out (42 CFR 2.51)."""

    async def stop_by_slip(self, code: str, at: datetime) -> bool:
        """Revoke everything for whose slip has this code; False for any other code, whatever is wrong with it."""

    async def ready(self) -> Mapping[str, bool]:
        """Tell by name which parts are ready; an empty mapping counts as not ready."""
