"""The program, composed: settings, database, keys, journal, doors. Shared by API, worker and command line."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from consent.disclosure import Disclosure, NeutralAnswer
from consent.facts import Policy
from consent.model import Organization, Person
from consent.request import DisclosureRequest
from gateway import intake, ledger, links, questions, rounds, sending
from gateway.api.ports import Acknowledgement
from gateway.disclosure import disclose, refuse_stranger
from gateway.endpoints import Endpoints
from gateway.figures import Figures
from gateway.log import get_logger
from gateway.settings import Settings
from gateway.store.unit_of_work import Store
from gateway.store.values import Client, Grant
from gateway.store.vault import UNREADABLE
from mappings.fhir.question import Question
from mappings.lead.matching import Weights

DECOY = UUID(int=0)  # nobody: the same steps are run on it as on a participant (design.md 3)
SEND_STEP = 0.5  # seconds; well below the two between the point of no return and the first byte
_log = get_logger(__name__)


def utc_now() -> datetime:
    """Give the clock of the program; tests hand in another."""
    return datetime.now(UTC)


@dataclass
class Program:
    """One process's view of the site. Implements gateway.api.ports.Gateway."""

    settings: Settings
    store: Store
    weights: Weights
    policy: Policy
    clock: Callable[[], datetime] = utc_now
    organizations: Mapping[str, Organization] = field(default_factory=dict)
    sendings: Figures = field(default_factory=Figures)
    endpoints: Endpoints = field(init=False)
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(rounds.AT_A_TIME))

    def __post_init__(self) -> None:
        self.endpoints = Endpoints(self.settings.base_url)

    def now(self) -> datetime:
        """Give the present moment, aware."""
        return self.clock()

    async def refresh(self) -> None:
        """Read the organizations anew; names in a Bundle come from here, decisions never do."""
        async with self.store.unit_of_work() as uow:
            self.organizations = {k: v for k, (v, _) in (await uow.registry.organizations()).items()}

    async def client(self, client_id: str) -> Client | None:
        """Give a registered client, disabled ones included."""
        async with self.store.unit_of_work() as uow:
            return await uow.clients.get(client_id)

    async def use_jti(self, client_id: str, jti: str, expires: datetime) -> bool:
        """Remember an assertion's id for as long as it could be replayed. False: it was used before."""
        async with self.store.unit_of_work() as uow:
            fresh = await uow.clients.use_jti(client_id, jti, expires)
            await uow.commit()
            return fresh

    async def issue_token(self, client_id: str, scopes: frozenset[str], expires: datetime) -> str:
        """Make an opaque token; only its digest is stored."""
        token = secrets.token_urlsafe(32)
        async with self.store.unit_of_work() as uow:
            await uow.clients.forget_expired(self.now() - timedelta(minutes=5))
            await uow.clients.add_token(token, client_id, scopes, expires)
            await uow.commit()
        return token

    async def token(self, token: str) -> Grant | None:
        """Give what a token is worth now."""
        async with self.store.unit_of_work() as uow:
            return await uow.clients.grant(token, self.now())

    async def ask(self, client: Grant, question: Question, at: datetime) -> Acknowledgement:
        """Take a question; the same acknowledgement for everybody."""
        asked = await questions.ask(self.store, self.settings, client.organization, question, at)
        return Acknowledgement(str(asked.id), asked.received_at, asked.due_at)

    async def answer_now(self, client: Grant, question: Question, at: datetime) -> Disclosure | NeutralAnswer:
        """Decide an emergency at once (42 CFR 2.51). A stranger runs through the same steps as nobody's record."""
        await self.refresh()
        reference = secrets.token_hex(16)
        try:
            certain = await self._certain(question) or str(DECOY)
            request = _now_request(client, question, certain, reference, at)
            return await disclose(self.store, request, reference=reference)
        except UNREADABLE as error:
            _log.error("record unreadable", error_class=type(error).__name__)
            return await refuse_stranger(
                self.store, recipient=client.organization, reference=reference, at=at, detail={"error": "unreadable"}
            )

    async def stop_by_slip(self, code: str, at: datetime) -> bool:
        """Let a participant stop everything by the code of a printed slip (gateway.links)."""
        return await links.use(self.store, code, at)

    async def _certain(self, question: Question) -> str | None:
        """Give the participant whom a question certainly describes."""
        described = questions.described(questions.about_json(question.about))
        async with self.store.unit_of_work() as uow:
            found = await intake.match_person(uow, described, self.weights)
        return found.participant if found.result == "certain" else None

    async def consider(self, question: UUID) -> None:
        """Job: find out whom a question is about and propose an answer."""
        await questions.consider(self.store, self.weights, question, self.now())

    async def deliver(self, delivery: UUID) -> None:
        """Job: make one delivery."""
        await sending.deliver(self.store, self._doors(), delivery)

    async def deliver_round(self, delivery: UUID, job: int) -> None:
        """Job: make one delivery, and take others along that are due."""
        async with self._turn:
            await rounds.deliver_round(self.store, self._doors(), delivery, job)

    def _doors(self) -> sending.Doors:
        seconds = self.settings.send_timeout_seconds
        return sending.Doors(self.endpoints.open, self.now, seconds, SEND_STEP, self.sendings)

    def figures(self) -> str:
        """Give what sending has come to in this process, in the Prometheus text format."""
        return self.sendings.text()

    async def close(self) -> None:
        """Give all connections back, to partners and to the databases."""
        await self.endpoints.close()
        await self.store.close()

    async def ready(self) -> Mapping[str, bool]:
        """Say whether the database is reachable, the key store sound, the ledger sealed in time."""
        parts = {"database": False, "keys": False, "ledger": False}
        try:
            async with self.store.unit_of_work() as uow:
                parts["database"] = await uow.registry.mark() is not None
            parts["keys"] = not await self.store.keys.problems()
            waited = await ledger.unsealed_for(self.store, utc_now())
            parts["ledger"] = waited <= ledger.UNSEALED_LIMIT
        except Exception as error:  # noqa: BLE001  -- whatever fails, the answer is "not ready"
            _log.warning("readiness failed", error_class=type(error).__name__)
        return parts


def _now_request(
    client: Grant, question: Question, participant: str, reference: str, at: datetime
) -> DisclosureRequest:
    return DisclosureRequest(
        id=reference,
        at=at,
        requester=client.organization,
        participant=participant,
        purpose=question.purpose,
        person=Person(question.person.name, question.person.role),
        attested=question.attested,
        emergency=question.emergency,
    )


@asynccontextmanager
async def closing(program: Program) -> AsyncIterator[Program]:
    """Close the program's connections at the end of the block."""
    try:
        yield program
    finally:
        await program.close()
