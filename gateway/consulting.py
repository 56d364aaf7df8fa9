"""The CDS Hooks consultation over HTTP: whether one organization may tell another about a person, for a purpose.

A permit needs both: the engine of `lead-gateway consult` on the consents of this site, as the asker may see them, and
`consent.engine.decide` on the same grants: firewall, agreement, holds, restrictions, state law. The asker is the
recipient itself, for the purpose of its token, or an organization that discloses by the participant's consents. To the
latter the card says all; to everybody else there is a permit, or one fixed answer (None here), whatever the reason.
Consents that come with the question can refuse, and never permit: nobody has verified them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from consent.codes import Integrity, Purpose
from consent.engine import decide
from consent.model import Item, Person
from consent.request import DisclosureRequest
from consent.sensitivity import SensitivityTables
from gateway import ledger
from gateway.parties import Filer, whose
from gateway.permissions import Standing, may_receive, standing_of
from gateway.public_ids import PublicIds, public_ids
from gateway.pulling import READERS
from gateway.showing import DECOY, PartyAnswer, as_seen, countable, discloses, told
from gateway.store.unit_of_work import Store, UnitOfWork
from mappings.fhir import codes
from mappings.fhir.build import Json, logical_id
from mappings.fhir.consult.consult import NONE, PERMIT, consult
from mappings.fhir.consult.names import Names, as_literals
from mappings.fhir.consult.question import Question

_REASONS: Final = {reason: purpose for purpose, reason in codes.REASONS.items()} | {
    "CAREMGT": Purpose.CARE_COORDINATION,
    **{purpose.value: purpose for purpose in Purpose},
}
"""Purposes by the codes of v3-ActReason, which the hook states without a system, and by our own."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who consults: an organization, the one purpose of its token, and the person for whom it was asked."""

    filer: Filer
    purpose: Purpose | None
    person: Person | None = None


async def consulted(
    store: Store, asker: Asker, question: Question, at: datetime, tables: SensitivityTables
) -> PartyAnswer | None:
    """Give the card, accounted for; None: the one fixed card."""
    async with store.unit_of_work() as uow:
        people = await whose(uow, _patient(question), asker.filer)
        participant = people[0] if len(people) == 1 else DECOY
        await uow.consents.lock_shared(participant)
        case = await _case(uow, asker, question, participant, at)
        card = case.card(tables)
        content = {"decision": card["extension"]["decision"], "actor": case.actor, "by": asker.filer.client_id}
        shown = case.permits(card) or case.is_discloser
        entry = await ledger.append(
            uow,
            "consulted" if shown else "denial",
            at=at,
            content=content if shown else {**content, "outcome": "deny", "refused": "no-consent-to-show"},
            participant=None if participant == DECOY else participant,
            organization=asker.filer.organization,
        )
        await uow.commit()
    return told(asker.filer.organization, entry, {"cards": [card]}) if shown else None


def _patient(question: Question) -> Names:
    return Names(as_literals(question.patients), frozenset(question.patients))


@dataclass(frozen=True, slots=True)
class _Case:
    """One question about one participant.

    `standing` None: nothing may be said; `actor` None: it names nobody of the register.
    """

    asker: Asker
    question: Question
    standing: Standing | None
    participant: UUID
    actor: str | None
    at: datetime
    ids: PublicIds

    @property
    def is_discloser(self) -> bool:
        """Whether the asker is one that may disclose by a consent of the participant that can be relied on."""
        mine = self.asker.filer.organization
        return self.standing is not None and any(
            discloses(one, mine) and one.integrity is Integrity.OK for one in self.standing.consents
        )

    def permits(self, card: Json) -> bool:
        """Whether the card is a permit."""
        return bool(card["extension"]["decision"] == PERMIT)

    def card(self, tables: SensitivityTables) -> Json:
        """Answer: by the consents, and by the law."""
        found = self._by_consents((), tables)
        brought = self.question.consents
        lawful = self.permits(found) and self._is_lawful()
        if lawful and brought:
            lawful = self.permits(self._by_consents(brought, tables))
        if not self.permits(found) or lawful:
            return found
        refused = consult(replace(self.question, consents=(), content=None), at=self.at)
        return refused | {"detail": "No consent can be relied on for this."}

    def _by_consents(self, brought: Sequence[Json], tables: SensitivityTables) -> Json:
        """Ask the engine about the consents of this site, and about those that came with the question."""
        question = replace(
            self.question,
            patients=((codes.PARTICIPANT, self.ids.given(self.participant)), *self.question.patients),
            actors=() if self.actor is None else ((codes.ORGANIZATION, self.actor),),
            consents=(*self._own(), *brought),
            purposes=tuple(self.question.purposes or self._default()),
        )
        return consult(question, at=self.at, tables=None if question.content is None else tables)

    def _default(self) -> tuple[str, ...]:
        purpose = self.asker.purpose
        return () if purpose is None else (codes.REASONS.get(purpose, purpose.value),)

    def _own(self) -> Iterator[Json]:
        """Write the consents that count, as the asker may see them; none where one of them cannot be read."""
        standing = self.standing
        if standing is None or any(one.integrity is Integrity.UNREADABLE for one in standing.consents):
            return
        for one in standing.consents:
            counting = countable(standing, one, self.at)
            seen = None if counting is None else as_seen(standing, counting, self.asker.filer, self.at, self.ids)
            if seen is not None:
                yield seen

    def _is_lawful(self) -> bool:
        purposes = self._purposes()
        return bool(purposes) and all(self._decided(purpose) for purpose in purposes)

    def _purposes(self) -> tuple[Purpose, ...]:
        """Give what it is for. INVARIANT: who would receive it asks for the one purpose of its token."""
        stated = self.question.purposes
        found = tuple(_REASONS[one] for one in stated if one in _REASONS)
        if len(found) != len(stated):
            return ()
        own = () if self.asker.purpose is None else (self.asker.purpose,)
        if self.is_discloser:
            return found or own
        return own if set(found) <= set(own) else ()

    def _decided(self, purpose: Purpose) -> bool:
        """Decide about one imagined item of every category that is granted: nothing of the record is looked at."""
        if self.standing is None or self.actor is None:
            return False
        request = DisclosureRequest(
            id="consultation",
            at=self.at,
            requester=self.actor,
            participant=str(self.participant),
            purpose=purpose,
            person=self.asker.person if self.actor == self.asker.filer.organization else None,
        )
        imagined = tuple(self._imagined(self.standing))
        return decide(request, replace(self.standing.facts, record=imagined)).outcome == "permit"

    def _imagined(self, standing: Standing) -> Iterable[Item]:
        mine = self.asker.filer.organization
        pairs = {
            (source, category)
            for one in standing.consents
            for grant in one.grants
            for source in grant.discloser
            for category in grant.categories
            if source == mine or not self.is_discloser
        }
        for number, (source, category) in enumerate(sorted(pairs)):
            yield Item(f"imagined-{number}", str(self.participant), category, source, self.at)


async def _case(uow: UnitOfWork, asker: Asker, question: Question, participant: UUID, at: datetime) -> _Case:
    standing = await standing_of(uow, participant, at)
    register = {name: one for name, (one, _) in (await uow.registry.organizations()).items()}
    organization = register.get(asker.filer.organization)
    held = await uow.registry.is_held()
    actor = _actor(question, register)
    may = standing is not None and may_receive(organization, standing.site, at) and not held
    welcome = organization is not None and organization.kind in READERS
    ids = await public_ids(uow.vault, asker.filer.organization)
    case = _Case(asker, question, standing if may and welcome else None, participant, actor, at, ids)
    if actor == asker.filer.organization or case.is_discloser:
        return case
    return replace(case, standing=None)


def _actor(question: Question, register: Iterable[str]) -> str | None:
    """Give the organization that would receive it, by our identifier or its id here; None: nobody, or several."""
    values = {value.removeprefix("Organization/") for _, value in question.actors}
    found = {name for name in register if name in values or logical_id("Organization", name) in values}
    return found.pop() if len(found) == 1 else None


__all__ = ["NONE", "Asker", "consulted"]
