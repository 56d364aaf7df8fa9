"""What the HTTP API needs from the rest of the program, as one protocol and its value types."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from pydantic import SecretStr

from consent.codes import Purpose
from consent.disclosure import Disclosure, NeutralAnswer
from consent.model import Organization, Person
from gateway.consent_wire import ConsentWire
from gateway.pulling import Pull, Pulled
from gateway.signed_feeds import SignedFeeds
from gateway.store.values import Client, Grant
from gateway.telling import Telling
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

    @property
    def metrics_token(self) -> SecretStr | None:
        """What opens /metrics from elsewhere; None: nothing does."""


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

    async def partner(self, organization: str) -> Organization | None:
        """Give an organization whose agreement is in date now; None for any other."""

    async def keys_of(self, client: Client, key_id: str) -> Mapping[str, Any]:
        """Give the JWK set by which a client is believed now; `key_id`: which of them is asked for."""

    async def may_try(self, client_id: str, source: str) -> bool:
        """Count an authentication before it is looked at; False: too many have failed. Known or not, all alike."""

    async def succeeded(self, client_id: str, source: str) -> None:
        """Take that count back: it did not fail."""

    async def may_ask(self, client_id: str) -> bool:
        """Count a request of a system; False: it is one too many."""

    async def use_jti(self, client_id: str, jti: str, expires: datetime) -> bool:
        """Spend a token id, for all processes: False where this client has used it before."""

    async def issue_token(
        self,
        client_id: str,
        scopes: frozenset[str],
        expires: datetime,
        *,
        purpose: Purpose | None = None,
        person: Person | None = None,
        thumbprint: str | None = None,
    ) -> str:
        """Make an opaque access token of at least 128 random bits (only its digest is kept)."""

    async def token(self, token: str) -> Grant | None:
        """Look a token up; None for an unknown or expired one, a disabled client, an agreement out of date."""

    async def ask(self, client: Grant, question: Question, at: datetime) -> Acknowledgement:
        """Take a question that a person answers. INVARIANT: the same for a known and an unknown person."""

    async def ask_all(
        self, client: Grant, questions: Sequence[tuple[Question, str | None]], at: datetime
    ) -> Sequence[Acknowledgement]:
        """Take several in one database transaction, each once under its name, where it has one."""

    async def answer_now(self, client: Grant, question: Question, at: datetime) -> Disclosure | NeutralAnswer:
        """Answer a question of purpose `emergency` through the one way out (42 CFR 2.51)."""

    async def pull(self, client: Grant, asked: Pull, at: datetime) -> Pulled:
        """Answer a read or a page of a search through the one way out. INVARIANT: the same steps for everybody."""

    async def page(self, client: Grant, token: str, at: datetime) -> Mapping[str, Any] | None:
        """Give what a page goes on with: `kind`, `given`, `after`; None where this client has no such page now."""

    async def own_questions(self, client: Grant) -> Sequence[tuple[str, datetime, datetime]]:
        """Give the newest questions of the client's organization: reference, received, due."""

    async def own_question(self, client: Grant, reference: str) -> tuple[str, datetime, datetime] | None:
        """Give one of them by its reference; None for anybody else's and for none."""

    async def staff(self) -> Sequence[tuple[str, str, str]]:
        """Give whom partners may ask for by name: organization, role, name."""

    @property
    def telling(self) -> Telling:
        """What partners are told: subscriptions and their events, answers, attestations."""

    @property
    def consents(self) -> ConsentWire:
        """What partners may do about consents: file, revoke, record, search, read, consult."""

    @property
    def signed(self) -> SignedFeeds:
        """What takes in the messages of feeds that sign them."""

    async def stop_by_slip(self, code: str, at: datetime) -> bool:
        """Revoke everything for whose slip has this code; False for any other code, whatever is wrong with it."""

    async def ready(self) -> Mapping[str, bool]:
        """Tell by name which parts are ready; an empty mapping counts as not ready."""
