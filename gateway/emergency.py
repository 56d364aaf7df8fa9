"""What follows a disclosure in a medical emergency: it is written down at once, and looked at by a privacy officer.

42 CFR 2.51(c) wants four things in the record immediately: what happened, who received it, at which facility, who
disclosed it. What is missing is an open duty that escalates within hours; when all is there, a review is owed (P2-80).
What an emergency opens, for whom, and that notes never do, is law: consent/rules/emergency.py.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from consent.request import DisclosureRequest
from consent.wording import is_blank
from gateway import ledger
from gateway.duties import close_duties, open_duty
from gateway.store.repositories.affairs import Affairs, Emergency
from gateway.store.unit_of_work import Store, UnitOfWork
from gateway.store.values import LedgerEntry

UNDOCUMENTED: Final = "emergency-undocumented"
REVIEW: Final = "emergency-review"
FIELDS: Final = ("nature", "personnel_name", "personnel_affiliation", "discloser")


class EmergencyError(ValueError):
    """An emergency cannot be completed or reviewed so. Names the field and the rule."""


async def document(
    uow: UnitOfWork, request: DisclosureRequest, owed: tuple[str, ...], entry: LedgerEntry, participant: UUID
) -> UUID:
    """Write an emergency into the participant's record, in the transaction of its disclosure; open what it owes."""
    declared = request.emergency
    told = {name: getattr(declared, name) if declared else None for name in FIELDS}
    detail = {**told, "at": request.at.isoformat(), "disclosure": str(entry.id)}
    identity = await uow.record.document_emergency(participant, detail, owed, request.at)
    await _owe(uow, Emergency(identity, participant, request.at, owed, detail), request.at)
    return identity


async def _owe(uow: UnitOfWork, emergency: Emergency, at: datetime) -> None:
    """Put the next step on somebody's list: the missing words on the case manager's, the review on the officer's."""
    known = await uow.participants.get(emergency.participant)
    if known is None:
        return
    missing = bool(emergency.owed)
    await open_duty(
        uow,
        UNDOCUMENTED if missing else REVIEW,
        organization=known[0].case_management,
        role="case-manager" if missing else "privacy-officer",
        at=at,
        participant=emergency.participant,
        assignee=known[0].case_manager if missing else None,
        reference=emergency.id,
        detail={"owed": list(emergency.owed)},
    )


async def complete(store: Store, identity: UUID, told: dict[str, str], *, by: str, at: datetime) -> tuple[str, ...]:
    """Add what was missing, by field of FIELDS; returns what still is. What stands there is never overwritten.

    Raises EmergencyError: no such emergency, an unknown or blank field, or one that is filled in already.
    """
    async with store.unit_of_work() as uow:
        found = await _held(uow, identity)
        _check(found, told, by)
        added = {name: text.strip() for name, text in told.items()}
        owed = tuple(name for name in found.owed if name not in added)
        completed = replace(found, owed=owed, detail={**found.detail, **added, "completed_by": by})
        await Affairs(uow.connection, uow.vault).set_emergency(completed)
        await _account(uow, "emergency-completed", found, at, by=by, added=sorted(added), owed=list(owed))
        if not owed:
            await close_duties(uow, kinds=[UNDOCUMENTED], reference=identity, at=at)
            await _owe(uow, completed, at)
        await uow.commit()
    return owed


def _check(found: Emergency, told: dict[str, str], by: str) -> None:
    if is_blank(by):
        raise EmergencyError("`--by`: must name somebody")
    if not told or any(name not in FIELDS or is_blank(text) for name, text in told.items()):
        raise EmergencyError("`fields`: at least one of " + ", ".join(FIELDS) + ", none of them blank")
    if any(name not in found.owed for name in told):
        raise EmergencyError("`fields`: what is on record is never overwritten")


async def review(store: Store, identity: UUID, *, note: str, by: str, at: datetime) -> None:
    """Record that a privacy officer has looked at an emergency, and what they found.

    Raises EmergencyError: no such emergency, something still missing, reviewed already, or whoever completed it.
    """
    async with store.unit_of_work() as uow:
        found = await _held(uow, identity)
        if is_blank(by) or is_blank(note):
            raise EmergencyError("`--by`, `--note`: must not be blank")
        if found.owed:
            raise EmergencyError("`emergency`: is not documented yet")
        if "reviewed_by" in found.detail:
            raise EmergencyError("`emergency`: has been reviewed already")
        if by in (found.detail.get("completed_by"), found.detail.get("discloser")):
            raise EmergencyError("`--by`: must be another person than who disclosed or documented it")
        detail = {**found.detail, "reviewed_by": by, "reviewed_at": at.isoformat(), "note": note.strip()}
        await Affairs(uow.connection, uow.vault).set_emergency(replace(found, detail=detail))
        await _account(uow, "emergency-reviewed", found, at, by=by)
        await close_duties(uow, kinds=[REVIEW], reference=identity, at=at)
        await uow.commit()


async def _held(uow: UnitOfWork, identity: UUID) -> Emergency:
    found = await Affairs(uow.connection, uow.vault).emergency(identity, lock=True)
    if found is None:
        raise EmergencyError("`ID`: names no emergency")
    return found


async def _account(uow: UnitOfWork, kind: str, found: Emergency, at: datetime, **content: Any) -> None:
    content = {"emergency": str(found.id), "disclosure": found.detail.get("disclosure"), **content}
    await ledger.append(uow, kind, at=at, content=content, participant=found.participant)
