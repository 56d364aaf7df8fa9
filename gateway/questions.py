"""A question comes in: the same acknowledgement for everybody; then, out of the asker's sight, it is considered."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from consent.model import Person
from consent.request import DisclosureRequest
from gateway import ledger
from gateway.announcing import answer_due
from gateway.delivery import QUEUED, own
from gateway.disclosure import propose
from gateway.exchanges.bounding import bounded
from gateway.intake import described_name, match_person
from gateway.jobs import enqueue_delivery, enqueue_question
from gateway.log import get_logger
from gateway.settings import Settings
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import PersonName, StoredDelivery, StoredQuestion
from gateway.store.vault import UNREADABLE
from gateway.windows import due
from mappings.fhir.question import About, Question
from mappings.lead.custody import PersonDescription
from mappings.lead.matching import Weights

_log = get_logger(__name__)


async def ask(store: Store, settings: Settings, organization: str, question: Question, at: datetime) -> StoredQuestion:
    """Keep a question and queue its one answer. Nobody is looked up here: a stranger costs what a participant costs."""
    (asked,) = await ask_all(store, settings, organization, [(question, None)], at)
    return asked


async def ask_all(
    store: Store, settings: Settings, organization: str, asked: Sequence[tuple[Question, str | None]], at: datetime
) -> list[StoredQuestion]:
    """Keep several questions, all or none. One with a name is kept once: the next time it is given back as it was.

    The name is the organization's own and stays with it: the id of such a question follows from both, by a site's key.
    """
    found = []
    async with store.unit_of_work() as uow:
        for question, name in asked:
            identity = new_id() if name is None else await uow.questions.once(organization, name)
            known = None if name is None else await uow.questions.get(identity)
            made = known or _made(identity, settings, organization, question, at)
            if known is None:
                await _keep(uow, made, at)
            found.append(made)
        await uow.commit()
    return found


def _made(identity: UUID, settings: Settings, organization: str, question: Question, at: datetime) -> StoredQuestion:
    every = timedelta(seconds=settings.release_window_seconds)
    delay = timedelta(seconds=settings.release_delay_seconds)
    return StoredQuestion(
        id=identity,
        requester=organization,
        participant=None,
        state="received",
        purpose=question.purpose,
        person_name=question.person.name,
        person_role=question.person.role,
        attested=question.attested,
        about=about_json(question.about),
        received_at=at,
        due_at=due(at, delay=delay, every=every),
    )


async def _keep(uow: UnitOfWork, asked: StoredQuestion, at: datetime) -> None:
    answer = StoredDelivery(new_id(), None, asked.id, None, asked.requester, QUEUED, 0, None, None, asked.due_at)
    await uow.questions.add(asked)
    await uow.deliveries.add(answer, at)
    await enqueue_question(uow, asked.id)
    await enqueue_delivery(uow, answer.id, asked.due_at)
    await answer_due(uow, asked.requester, asked.id, asked.due_at, at)


def about_json(about: About) -> dict[str, Any]:
    """Give a description as JSON, for the sealed row."""
    return {
        "given": list(about.given),
        "family": about.family,
        "birth_date": about.birth_date.isoformat(),
        "identifiers": [list(pair) for pair in about.identifiers],
    }


def described(about: dict[str, Any]) -> PersonDescription:
    """Give the person that a stored question describes."""
    return PersonDescription(
        names=(described_name(PersonName(tuple(about["given"]), about["family"])),),
        aliases=(),
        birth_date=date.fromisoformat(about["birth_date"]),
        identifiers=tuple((system, value) for system, value in about["identifiers"]),
    )


async def consider(store: Store, weights: Weights, identity: UUID, at: datetime) -> None:
    """Find out whom a question is about, forget how it described them, and propose what could be said.

    Idempotent: a question is considered once. Nothing here can be seen by who asked.
    """
    async with store.unit_of_work() as uow:
        question = await uow.questions.get(identity, lock=True)
        if question is None or question.about is None:
            return
        found = await match_person(uow, described(question.about), weights)
        certain = UUID(found.participant) if found.result == "certain" and found.participant else None
        state = "considered" if question.state == "received" else question.state  # the answer may have gone before
        question = replace(question, participant=certain, state=state, about=None)
        await uow.questions.considered(question)
        if certain is not None:
            await uow.consents.lock_shared(certain)
            await _own(uow, question, certain, at)
            await _propose(uow, question, certain, at)
        await uow.commit()


async def _propose(uow: UnitOfWork, question: StoredQuestion, participant: UUID, at: datetime) -> None:
    """Propose what could be said; of a record that cannot be read, nothing."""
    try:
        request = await bounded(uow, request_of(question, participant, at))
        await propose(uow, request, question.id)
    except UNREADABLE as error:
        _log.error("record unreadable", question=str(question.id), error_class=type(error).__name__)


async def _own(uow: UnitOfWork, question: StoredQuestion, participant: UUID, at: datetime) -> None:
    """Let the queued answer know whom it is about, and account for the question."""
    for delivery in await uow.deliveries.for_question(question.id):
        await own(uow, delivery.id, participant, at)
    content = {"question": str(question.id), "purpose": question.purpose.value}
    await ledger.append(
        uow, "question", at=at, content=content, participant=participant, organization=question.requester
    )


def request_of(question: StoredQuestion, participant: UUID, at: datetime) -> DisclosureRequest:
    """Give the request that a considered question makes."""
    return DisclosureRequest(
        id=str(question.id),
        at=at,
        requester=question.requester,
        participant=str(participant),
        purpose=question.purpose,
        person=Person(question.person_name, question.person_role),
        attested=question.attested,
    )
