"""The port in memory: an implementation of gateway.api.ports.Gateway without any of the real parts behind it."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from pydantic import SecretStr

from consent.codes import HipaaStatus, OrganizationKind, Part2Status
from consent.disclosure import Disclosure, NeutralAnswer
from consent.model import Organization
from gateway.api.ports import Acknowledgement, Client, Grant
from mappings.fhir.question import Question
from tests.gateway.api.factory import disclosure, neutral

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KNOWN = "Alder"


def organization(name: str, kind: OrganizationKind) -> Organization:
    return Organization(name, name.title(), kind, Part2Status.NOT_PROGRAM, HipaaStatus.NONE)


@dataclass(frozen=True)
class Settings:
    base_url: str = "https://gateway.test"
    neutral_step_ms: int = 60
    max_body_bytes: int = 20_000
    metrics_token: SecretStr | None = None


@dataclass
class FakeGateway:
    settings: Settings = field(default_factory=Settings)
    clients: dict[str, Client] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    spent: set[tuple[str, str]] = field(default_factory=set)
    asked: list[tuple[Grant, Question]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    parts: dict[str, bool] = field(default_factory=lambda: {"database": True, "ledger": True})
    lapsed: set[str] = field(default_factory=set)
    tries: list[tuple[str, str]] = field(default_factory=list)
    most_tries: int = 1000
    requests: int = 0
    most_requests: int = 100_000
    time: datetime = NOON
    breaks: Exception | None = None

    @property
    def organizations(self) -> dict[str, Organization]:
        made = (
            organization("prosecutor", OrganizationKind.PROSECUTOR),
            organization("hospital", OrganizationKind.HOSPITAL),
            organization("lead", OrganizationKind.CASE_MANAGEMENT),
        )
        return {one.id: one for one in made}

    def now(self) -> datetime:
        return self.time

    def figures(self) -> str:
        return "lead_gateway_sending_attempts_total 0\n"

    async def client(self, client_id: str) -> Client | None:
        return self.clients.get(client_id)

    async def partner(self, organization: str) -> Organization | None:
        return None if organization in self.lapsed else self.organizations.get(organization)

    async def keys_of(self, client: Client, key_id: str) -> dict:
        return client.jwks

    async def may_try(self, client_id: str, source: str) -> bool:
        self.tries.append((client_id, source))
        return len(self.tries) <= self.most_tries

    async def succeeded(self, client_id: str, source: str) -> None:
        self.tries.remove((client_id, source))

    async def may_ask(self, client_id: str) -> bool:
        self.requests += 1
        return self.requests <= self.most_requests

    async def use_jti(self, client_id: str, jti: str, expires: datetime) -> bool:
        assert expires > self.time
        new = (client_id, jti) not in self.spent
        self.spent.add((client_id, jti))
        return new

    async def issue_token(self, client_id: str, scopes: frozenset[str], expires: datetime, **more) -> str:
        token = secrets.token_urlsafe(32)
        self.grants[token] = Grant(client_id, self.clients[client_id].organization, scopes, expires, **more)
        return token

    async def token(self, token: str) -> Grant | None:
        return self.grants.get(token)

    async def ask(self, client: Grant, question: Question, at: datetime) -> Acknowledgement:
        self._maybe_break()
        self.asked.append((client, question))
        return Acknowledgement(str(uuid4()), at, at + timedelta(hours=8))

    async def answer_now(self, client: Grant, question: Question, at: datetime) -> Disclosure | NeutralAnswer:
        self._maybe_break()
        if question.about.family == KNOWN:
            return disclosure(client.organization)
        return neutral(client.organization)

    async def stop_by_slip(self, code: str, at: datetime) -> bool:
        self._maybe_break()
        self.codes.append(code)
        return code == "GOOD-CODE"

    async def ready(self) -> dict[str, bool]:
        self._maybe_break()
        return self.parts

    def _maybe_break(self) -> None:
        if self.breaks is not None:
            raise self.breaks

    def grant(self, organization: str = "prosecutor", *scopes: str) -> str:
        token = secrets.token_urlsafe(32)
        held = frozenset(scopes or ("system/Task.c",))
        self.grants[token] = Grant(f"{organization}-system", organization, held, self.time + timedelta(minutes=5))
        return token
