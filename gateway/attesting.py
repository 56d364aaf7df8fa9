"""What a recipient's person promises before a question: no adverse use, no evidence, no intelligence (LEAD GR-05).

A session is one access token, five minutes. The promise is made once in it, by a named person in a role, for a
purpose: by itself, or with the first question that carries it. It covers the later questions of that person, role and
purpose under that token, and nothing else. Whoever has not promised is answered like a stranger (rule GR-05 denies).
"""

from dataclasses import dataclass
from datetime import datetime

from consent.codes import Purpose
from consent.model import Person
from gateway import ledger
from gateway.store.repositories.attestations import Attestations
from gateway.store.repositories.exchange import new_id
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import Grant
from mappings.fhir.attestation import STATEMENT
from mappings.fhir.question import Question


@dataclass(frozen=True, slots=True)
class Attestation:
    """Who promises, in which role, for what."""

    person: Person
    purpose: Purpose


async def attest(store: Store, grant: Grant, said: Attestation, at: datetime) -> bool:
    """Keep a promise for this session, on the ledger too. False: this session has another one already."""
    async with store.unit_of_work() as uow:
        kept = await _keep(uow, grant, said, at)
        await uow.commit()
    return kept


async def _keep(uow: UnitOfWork, grant: Grant, said: Attestation, at: datetime) -> bool:
    """Keep a promise in the caller's transaction; the same one again is kept already."""
    content = _content(said)
    identity, shelf = new_id(), Attestations(uow.connection, uow.vault)
    if not await shelf.add(identity, grant.client_id, grant.digest, content, at, grant.expires):
        return await shelf.of(grant.digest, at) == content
    entry = {"attestation": str(identity), "client": grant.client_id, **content}
    await ledger.append(uow, "attestation", at=at, content=entry, organization=grant.organization)
    return True


def _content(said: Attestation) -> dict[str, str]:
    return {
        "name": said.person.name,
        "role": said.person.role,
        "purpose": said.purpose.value,
        "statement": STATEMENT,
    }


async def is_attested(store: Store, grant: Grant, question: Question, at: datetime) -> bool:
    """Say whether a question is covered: by its own promise, which is kept for the session, or by one made before.

    INVARIANT: about who asks, and nobody else: the same steps whoever is asked about.
    """
    said = Attestation(question.person, question.purpose)
    if not grant.digest:  # no token, no session
        return question.attested
    async with store.unit_of_work() as uow:
        if question.attested:
            await _keep(uow, grant, said, at)
            await uow.commit()
            return True
        return await Attestations(uow.connection, uow.vault).of(grant.digest, at) == _content(said)
