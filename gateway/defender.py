"""The defender's route: who defends a participant, a hold at their word, forms they are asked about, alerts (GR-09).

An organization is a participant's defender if it is one of counsel, and a grant of the participant reaches it: it knows
that they take part. A hold does not undo that. What a defender is told here names no record: that something waits to be
talked about, and of which kind.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from consent.codes import COUNSEL_KINDS, Category, ConsentKind, OrganizationKind, Purpose
from consent.enforcement import Action, Known, followed
from consent.engine import decide
from consent.facts import Facts
from consent.model import Consent, Item
from consent.request import DisclosureRequest
from gateway import ledger
from gateway.duties import open_duty
from gateway.store.repositories.affairs import Affairs
from gateway.store.repositories.site_exchanges import Past
from gateway.store.unit_of_work import Store, UnitOfWork
from mappings.tables.enforcement import actions

ALERT: Final = "defender-alert"
REVIEW: Final = "enforcement-review"
ROLE: Final = "defender"
DAYS: Final = 30
"""An action within so many days of a disclosure to the agency is looked at, where the site sets nothing else."""
NAMESPACE: Final = UUID("5d0f0c43-8a43-5c07-9d5e-2f4b8f0f6d19")  # of our own, for uuid5 (RFC 9562)
_PURPOSES: Final = (Purpose.CASE_ALIGNMENT, Purpose.CARE_COORDINATION)
_WATCHED: Final = frozenset({Category.CUSTODY, Category.LEGAL_STATUS})


def defenders_of(facts: Facts, participant: str, at: datetime) -> tuple[str, ...]:
    """Return the organizations of counsel that a grant of the participant reaches now, by id; holds do not count."""
    facts = replace(facts, holds=())
    return tuple(
        name
        for name, known in sorted(facts.organizations.items())
        if known.kind in COUNSEL_KINDS and any(_reaches(facts, participant, name, each, at) for each in _PURPOSES)
    )


def _reaches(facts: Facts, participant: str, organization: str, purpose: Purpose, at: datetime) -> bool:
    request = DisclosureRequest("", at, organization, participant, purpose, attested=True)
    return any(each.basis.startswith("consent:") for each in decide(request, facts).released)


async def defenders(uow: UnitOfWork, participant: UUID, at: datetime) -> tuple[str, ...]:
    """Return who defends a participant, as of now."""
    facts, _ = await uow.load(participant, at)
    return defenders_of(facts, str(participant), at)


async def tell(uow: UnitOfWork, participant: UUID, matter: str, reference: UUID, at: datetime) -> tuple[str, ...]:
    """Put it on the list of each defender of a participant that something of this kind wants to be talked about.

    Once for each reference. Each telling is on the ledger; the list of a defender names nobody until it is opened.
    """
    told = await defenders(uow, participant, at)
    for organization in told:
        await open_duty(
            uow,
            ALERT,
            organization=organization,
            role=ROLE,
            at=at,
            participant=participant,
            reference=uuid5(NAMESPACE, f"{reference}|{organization}"),
            detail={"matter": matter},
        )
        content = {"matter": matter, "reference": str(reference), "by": "system"}
        await ledger.append(
            uow, "defender-told", at=at, content=content, participant=participant, organization=organization
        )
    return told


async def before_consent(uow: UnitOfWork, participant: UUID, given: Consent) -> Consent:
    """Give a form for a proceeding as it is kept until a defender has looked: without the word that counsel was there.

    So it has no effect (42 CFR 2.31(d), P2-42). One that a defender has vouched for, told again unchanged, stays so;
    every other form is kept as it came.
    """
    if given.kind is not ConsentKind.PROCEEDING:
        return given
    for known, _ in await uow.consents.signed(participant):
        same = replace(given, id=known.id, participant=known.participant, revocations=(), counsel_present=True)
        if known == same:
            return replace(given, counsel_present=True)
    return replace(given, counsel_present=None)


async def after_consent(uow: UnitOfWork, participant: UUID, row: UUID, consent: Consent, at: datetime) -> None:
    """Have a form for a proceeding looked at by the defender, before it has any effect (P2-42).

    Where no defender is known, a privacy officer is asked to find counsel.
    """
    if consent.kind is not ConsentKind.PROCEEDING or consent.counsel_present is True:
        return
    if not await tell(uow, participant, "proceeding-form", row, at):
        await _ask_officer(uow, participant, row, at)


async def _ask_officer(uow: UnitOfWork, participant: UUID, row: UUID, at: datetime) -> None:
    known = await uow.participants.get(participant)
    if known is None:
        return
    await open_duty(
        uow,
        "consent-unverified",
        organization=known[0].case_management,
        role="privacy-officer",
        at=at,
        participant=participant,
        reference=row,
        detail={"matter": "proceeding-form-without-counsel"},
    )


async def look(store: Store, participant: UUID, items: Iterable[UUID], at: datetime, *, days: int = DAYS) -> int:
    """Find out whether items tell of an enforcement action that followed what an agency was told; have it looked at.

    Once for each item and action, by whichever process. `days`: how long before an action counts. Returns for how many
    disclosures. No disclosure is opened to find out.
    """
    wanted = {str(item) for item in items}
    if not wanted:
        return 0
    async with store.unit_of_work() as uow:
        await Past(uow.connection).alone(participant)
        found = [item for item in await uow.record.items(participant) if item.id in wanted]
        count = sum([await _after(uow, participant, item, at, days) for item in found])
        await uow.commit()
    return count


async def _after(uow: UnitOfWork, participant: UUID, item: Item, at: datetime, days: int) -> int:
    if item.category not in _WATCHED:
        return 0
    sender = None if item.source is None else await uow.registry.organization(item.source)
    found = actions(item.category, item.resource, None if sender is None else sender.kind)
    since = min(item.created, at)
    return sum([await _look(uow, participant, UUID(item.id), each, since, at, days) for each in found])


async def _look(
    uow: UnitOfWork, participant: UUID, row: UUID, action: Action, since: datetime, at: datetime, days: int
) -> int:
    affairs = Affairs(uow.connection, uow.vault)
    reference = uuid5(NAMESPACE, f"{row}|{action.value}")
    if await affairs.was_duty(REVIEW, reference):
        return 0
    told = [Known(m, o, str(e)) for e, m, o in await affairs.told(participant, since - timedelta(days=days))]
    kinds = {name: known.kind for name, (known, _) in (await uow.registry.organizations()).items()}
    suspicious = followed(action, since, told, kinds, days=days)
    if suspicious:
        await _raise(uow, participant, reference, action, suspicious, kinds, at)
    return len(suspicious)


async def _raise(
    uow: UnitOfWork,
    participant: UUID,
    reference: UUID,
    action: Action,
    told: tuple[Known, ...],
    kinds: dict[str, OrganizationKind],
    at: datetime,
) -> None:
    """Tell the defender, the privacy officer, and the policy group; the last hears of no person."""
    content: dict[str, Any] = {
        "action": action.value,
        "disclosures": [each.entry for each in told],
        "agencies": sorted({each.organization for each in told}),
        "by": "system",
    }
    await ledger.append(uow, "enforcement-followed", at=at, content=content, participant=participant)
    known = await uow.participants.get(participant)
    if known is not None:
        await open_duty(
            uow,
            REVIEW,
            organization=known[0].case_management,
            role="privacy-officer",
            at=at,
            participant=participant,
            reference=reference,
            detail=content,
        )
    independent = sorted(name for name, kind in kinds.items() if kind is OrganizationKind.PROJECT_MANAGEMENT)
    for organization in independent or ([] if known is None else [known[0].case_management]):
        await open_duty(
            uow,
            REVIEW,
            organization=organization,
            role="project-manager",
            at=at,
            reference=uuid5(reference, organization),
            detail={"action": action.value, "agency_kinds": sorted({kinds[o].value for o in content["agencies"]})},
        )
    await tell(uow, participant, "enforcement-followed", reference, at)
