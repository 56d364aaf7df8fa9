"""The program, composed: settings, database, keys, journal, doors. Shared by API, worker and command line."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from adapters.key_sets import KeySetFetch
from consent.codes import Purpose
from consent.disclosure import Disclosure, NeutralAnswer
from consent.facts import Policy
from consent.model import Organization, Person
from consent.request import DisclosureRequest
from gateway import attesting, intake, key_sets, ledger, links, notifying, pulling, questions, rounds, sending
from gateway.api.ports import Acknowledgement
from gateway.consent_wire import ConsentWire
from gateway.disclosure import disclose, refuse_stranger
from gateway.endpoints import Endpoints
from gateway.figures import Comings, Figures
from gateway.limits import Limits
from gateway.log import get_logger
from gateway.permissions import may_receive
from gateway.pulling import Pull, Pulled
from gateway.settings import Settings
from gateway.signed_feeds import SignedFeeds
from gateway.store.repositories.knocking import Rate
from gateway.store.unit_of_work import Store
from gateway.store.values import Client, Grant
from gateway.store.vault import UNREADABLE
from gateway.telling import Telling
from mappings.fhir.question import Question
from mappings.lead.matching import Weights

DECOY = UUID(int=0)  # nobody: the same steps are run on it as on a participant (design.md 3)
SEND_STEP = 0.5  # seconds; well below the two between the point of no return and the first byte
_log = get_logger(__name__)


def utc_now() -> datetime:
    """Give the clock of the program; tests hand in another."""
    return datetime.now(UTC)


@dataclass(repr=False)  # whatever shows a program shows no setting, no key, nobody: its class is enough
class Program:
    """One process's view of the site. Implements gateway.api.ports.Gateway."""

    settings: Settings
    store: Store
    weights: Weights
    policy: Policy
    clock: Callable[[], datetime] = utc_now
    organizations: Mapping[str, Organization] = field(default_factory=dict)
    sendings: Figures = field(default_factory=Figures)
    comings: Comings = field(default_factory=Comings)
    endpoints: Endpoints = field(init=False)
    limits: Limits = field(init=False)
    consents: ConsentWire = field(init=False)
    telling: Telling = field(init=False)
    signed: SignedFeeds = field(init=False)
    key_sets: KeySetFetch = field(default_factory=KeySetFetch)
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(rounds.AT_A_TIME))

    def __post_init__(self) -> None:
        self.endpoints = Endpoints(self.settings.base_url)
        self.telling = Telling(self.store)
        self.signed = SignedFeeds(self.store, self.weights)
        self.consents = ConsentWire(self.store, self.settings.base_url)
        rate = Rate(self.settings.client_requests_per_second, self.settings.client_requests_at_once)
        self.limits = Limits(self.store, rate)

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

    async def partner(self, organization: str) -> Organization | None:
        """Give an organization that is a partner now: known, its agreement in date. Asked of the database."""
        async with self.store.unit_of_work() as uow:
            site = await uow.registry.site()
            found = await uow.registry.organization(organization)
        return found if site is not None and may_receive(found, site, self.now()) else None

    async def keys_of(self, client: Client, key_id: str) -> Mapping[str, Any]:
        """Give the keys by which a client is believed: as registered, or from where it shows them."""
        return await key_sets.keys_of(self.store, self.key_sets, client, key_id, self.now())

    async def may_try(self, client_id: str, source: str) -> bool:
        """Count an authentication as failed until it has succeeded; False: there were too many."""
        return await self.limits.may_try(client_id, source, self.now())

    async def succeeded(self, client_id: str, source: str) -> None:
        """Take the count of `may_try` back."""
        await self.limits.succeeded(client_id, source)

    async def may_ask(self, client_id: str) -> bool:
        """Count one request of a system; False: it is one too many."""
        return await self.limits.may_ask(client_id, self.now())

    async def use_jti(self, client_id: str, jti: str, expires: datetime) -> bool:
        """Remember an assertion's id for as long as it could be replayed. False: it was used before."""
        async with self.store.unit_of_work() as uow:
            fresh = await uow.clients.use_jti(client_id, jti, expires)
            await uow.commit()
            return fresh

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
        """Make an opaque token; only its digest is stored."""
        token = secrets.token_urlsafe(32)
        async with self.store.unit_of_work() as uow:
            await uow.clients.forget_expired(self.now() - timedelta(minutes=5))
            await uow.clients.add_token(
                token, client_id, scopes, expires, purpose=purpose, person=person, thumbprint=thumbprint
            )
            await uow.commit()
        return token

    async def token(self, token: str) -> Grant | None:
        """Give what a token is worth now: nothing where its organization is no partner any more."""
        now = self.now()
        async with self.store.unit_of_work() as uow:
            found = await uow.clients.grant_and_standing(token, now)
        if found is None:
            return None
        grant, (organization, site) = found
        return grant if site is not None and may_receive(organization, site, now) else None

    async def ask(self, client: Grant, question: Question, at: datetime) -> Acknowledgement:
        """Take a question; the same acknowledgement for everybody."""
        (told,) = await self.ask_all(client, [(question, None)], at)
        return told

    async def ask_all(
        self, client: Grant, asked: Sequence[tuple[Question, str | None]], at: datetime
    ) -> Sequence[Acknowledgement]:
        """Take several questions, all or none; one that was taken under its name before is given back."""
        attested = [await attesting.is_attested(self.store, client, question, at) for question, _ in asked]
        promised = [(replace(one, attested=is_so), name) for (one, name), is_so in zip(asked, attested, strict=True)]
        told = await questions.ask_all(self.store, self.settings, client.organization, promised, at)
        return [Acknowledgement(str(one.id), one.received_at, one.due_at) for one in told]

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

    async def pull(self, client: Grant, asked: Pull, at: datetime) -> Pulled:
        """Let a partner's system read or search."""
        if client.organization not in self.organizations:
            await self.refresh()
        return await pulling.pull(self.store, self.weights, client, asked, at)

    async def page(self, client: Grant, token: str, at: datetime) -> Mapping[str, Any] | None:
        """Give what a page of a search goes on with."""
        return await pulling.next_page(self.store, client, token, at)

    async def own_questions(self, client: Grant) -> Sequence[tuple[str, datetime, datetime]]:
        """Give what an organization has asked."""
        return await pulling.own_questions(self.store, client)

    async def own_question(self, client: Grant, reference: str) -> tuple[str, datetime, datetime] | None:
        """Give one question of an organization's own; None for any other text."""
        return await pulling.own_question(self.store, client, reference)

    async def staff(self) -> Sequence[tuple[str, str, str]]:
        """Give whom partners may ask for by name; the organizations are read anew with them."""
        await self.refresh()
        return await pulling.staff(self.store)

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
        hooks = notifying.Hooks(self.settings.base_url)
        return sending.Doors(self.endpoints.open, self.now, seconds, SEND_STEP, self.sendings, hooks)

    def figures(self) -> str:
        """Give what sending has come to in this process, and what the feeds have, in the Prometheus text format."""
        return self.sendings.text() + self.comings.text()

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
