"""A demo site on a real database, with a clock that tests move."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg
from sqlalchemy.engine import make_url

from adapters.outbound import Acknowledged, Failed
from consent.disclosure import Disclosure, NeutralAnswer
from gateway import ingesting, questions, sending
from gateway.demo.site import PROSECUTOR, build_site
from gateway.journal import Journal
from gateway.opening import compose
from gateway.program import Program
from gateway.settings import Settings, load
from gateway.store.places import Places
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import StoredDelivery, StoredProposal, StoredQuestion
from mappings.fhir.question import Question
from tests.gateway.conftest import DatabaseUrls

NOON = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)
RAY = "p-ray"


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def move(self, **amount: float) -> datetime:
        self.at += timedelta(**amount)
        return self.at


@dataclass
class Door:
    """An outbound door that remembers what went through, and fails as told."""

    outcomes: list[Acknowledged | Failed] = field(default_factory=list)
    sent: list[tuple[Disclosure | NeutralAnswer, str]] = field(default_factory=list)
    during: Callable[[], Awaitable[None]] | None = None

    async def send(
        self,
        message: Disclosure | NeutralAnswer,
        *,
        idempotency_key: str,
        timeout: float = 5.0,  # noqa: ASYNC109  -- the port says so
    ) -> Acknowledged | Failed:
        self.sent.append((message, idempotency_key))
        if self.during is not None:
            await self.during()
        return self.outcomes.pop(0) if self.outcomes else Acknowledged(201)

    @property
    def disclosures(self) -> list[Disclosure]:
        return [m for m, _ in self.sent if isinstance(m, Disclosure)]

    @property
    def neutral(self) -> list[NeutralAnswer]:
        return [m for m, _ in self.sent if isinstance(m, NeutralAnswer)]


@dataclass
class Scene:
    """The site, its clock, and one door for every recipient. Jobs are run by hand, in the order of the story."""

    program: Program
    clock: Clock
    door: Door

    @property
    def store(self) -> Any:
        return self.program.store

    async def participant(self, reference: str = RAY) -> UUID:
        async with self.store.unit_of_work() as uow:
            found = await uow.participants.find(reference)
        assert found is not None
        return found

    async def ask(self, question: Question, organization: str = PROSECUTOR) -> StoredQuestion:
        return await questions.ask(self.store, self.program.settings, organization, question, self.clock())

    async def consider(self, asked: StoredQuestion) -> list[StoredProposal]:
        await questions.consider(self.store, self.program.weights, asked.id, self.clock())
        async with self.store.unit_of_work() as uow:
            return await uow.proposals.for_question(asked.id)

    async def deliveries(self, asked: StoredQuestion) -> list[StoredDelivery]:
        async with self.store.unit_of_work() as uow:
            return await uow.deliveries.for_question(asked.id)

    async def deliver_due(self, asked: StoredQuestion) -> None:
        """What the worker does at the window: every delivery of this question whose time has come."""
        for delivery in await self.deliveries(asked):
            if delivery.due_at <= self.clock():
                await self.deliver(delivery.id)

    async def deliver(self, identity: UUID) -> None:
        async def door(_: UnitOfWork, __: str) -> Door:
            return self.door

        await sending.deliver(self.store, sending.Doors(door, self.clock, 5.0), identity)

    async def entries(self, reference: str = RAY) -> list[Any]:
        async with self.store.unit_of_work() as uow:
            return await uow.accounting.of(await self.participant(reference))

    async def kinds(self, reference: str = RAY) -> list[str]:
        return [entry.kind for entry in await self.entries(reference)]


def owner(urls: DatabaseUrls) -> psycopg.Connection:
    """Somebody with the owner's password: the one against whom the chain is there."""
    url = make_url(urls.data_owner).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(url, autocommit=True)


def settings_for(folder: Path, urls: DatabaseUrls, **more: Any) -> Settings:
    given = {"release_delay_seconds": 60, "release_window_seconds": 60, "key_cache_seconds": 60, **more}
    return load(data_dir=folder, database_url=urls.data, keys_url=urls.keys, **given)


@dataclass(frozen=True)
class People:
    """Whom a site begins with: read in once by each worker, and copied from then on. `name`: letters only."""

    name: str
    read_in: Callable[[Scene], Awaitable[None]]


async def _demo(scene: Scene) -> None:
    await ingesting.ingest(scene.store, orjson.dumps(build_site(scene.clock().date())), scene.clock())


DEMO = People("demo", _demo)


@asynccontextmanager
async def opened_scene(folder: Path, urls: DatabaseUrls, people: People = DEMO, **more: Any) -> AsyncIterator[Scene]:
    """An open site in its first state: the demo's people, none of the demo's story."""
    folder.mkdir(mode=0o700, exist_ok=True)  # noqa: ASYNC240  -- once, before anything runs
    if not urls.furnish(folder, people.name):
        async with _composed(folder, urls) as scene:
            await people.read_in(scene)
        urls.keep(folder, people.name)
    async with _composed(folder, urls, **more) as scene:
        yield scene


@asynccontextmanager
async def _composed(folder: Path, urls: DatabaseUrls, **more: Any) -> AsyncIterator[Scene]:
    clock = Clock()
    program = compose(settings_for(folder, urls, **more), Places(urls.data, urls.keys, None, None))
    program.clock = clock
    try:
        program.store.journal = Journal(program.settings.journal_dir, await program.store.keys.named("journal"))
        async with program.store.unit_of_work() as uow:
            await uow.registry.set_mark("demo")
            await uow.commit()
        await program.refresh()
        yield Scene(program, clock, Door())
    finally:
        await program.close()
