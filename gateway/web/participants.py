"""Find a participant: by name, reference, birth date or identifier; and one's own, a page at a time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from gateway import use
from gateway.delegating import delegators
from gateway.store.sealing import letters_of, person_tokens
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import ParticipantRecord
from gateway.store.vault import UNREADABLE
from gateway.web.guard import for_roles, program_of
from gateway.web.rendering import page
from gateway.web.roles import CASEWORK, Role
from gateway.web.seeing import full_name, may_see
from gateway.web.sessions import Visit
from mappings.lead.custody import FBI, SID

router = APIRouter()

PAGE: Final = 25
LONGEST: Final = 100
_SYSTEMS: Final = (SID, FBI)


@dataclass(frozen=True, slots=True)
class Found:
    """One line: whom, the birth date that tells them apart, whether this person works with them."""

    record: ParticipantRecord
    name: str
    mine: bool


@router.get("/console/participants", response_model=None)
async def participants(
    request: Request, visit: Annotated[Visit, Depends(for_roles(CASEWORK))], number: int = 1
) -> Response:
    """Show one's own participants, a page at a time."""
    return await _show(request, visit, "", max(1, min(number, 10_000)))


@router.post("/console/participants", response_model=None)
async def find(request: Request, visit: Annotated[Visit, Depends(for_roles(CASEWORK))]) -> Response:
    """Find somebody. A name is never part of an address (it would stay in logs and in the browser's history)."""
    wanted = str((await request.form()).get("q", ""))[:LONGEST].strip()
    return await _show(request, visit, wanted, 1)


async def _show(request: Request, visit: Visit, wanted: str, number: int) -> Response:
    program = program_of(request)
    at, session = program.now(), visit.session
    async with program.store.unit_of_work() as uow:
        known = await search(uow, visit, wanted, at) if wanted else await _own(uow, visit, at, number)
        seen = [each.id for each in known[:PAGE]]
        await use.seen(uow, seen, session.organization, session.staff, "participants", at)
        await uow.commit()
    found = [Found(each, full_name(each), each.case_manager == session.staff) for each in known[:PAGE]]
    found.sort(key=lambda each: (not each.mine, each.record.name.family.casefold(), each.name.casefold()))
    errors = {} if wanted or request.method == "GET" else {"q": "Find: write a name, a reference or an identifier"}
    return page(
        request,
        "participants.html",
        visit,
        found=found,
        wanted=wanted,
        number=number,
        more=len(known) > PAGE,
        errors=errors,
    )


async def _own(uow: UnitOfWork, visit: Visit, at: datetime, number: int) -> list[ParticipantRecord]:
    """Give one page of those with whom somebody works, or whose approvals were delegated to them, and one more."""
    if Role.CASE_MANAGER not in visit.roles:
        return []
    organization, staff = visit.session.organization, visit.session.staff
    people = {staff, None, *await delegators(uow, organization, staff, at)}
    found = await uow.participants.with_case_managers(organization, people, after=(number - 1) * PAGE, most=PAGE + 1)
    return [each for each in found if await may_see(uow, visit, each, at)]


async def search(uow: UnitOfWork, visit: Visit, wanted: str, at: datetime) -> list[ParticipantRecord]:
    """Give whom this person may see and the words fit: a reference, an identifier, a birth date, or names."""
    by_reference = await uow.participants.find(wanted)
    if by_reference is not None:
        candidates = await _readable(uow, by_reference)
    else:
        candidates = await uow.participants.candidates(sorted(set(_tokens(wanted))))
        candidates = [each for each in candidates if fits(each, wanted)]
    return [each for each in candidates if await may_see(uow, visit, each, at)]


async def _readable(uow: UnitOfWork, identity: UUID) -> list[ParticipantRecord]:
    """Give whom an id names; nobody where it cannot be read (a shredded key): as if there had never been anybody."""
    try:
        known = await uow.participants.get(identity)
    except UNREADABLE:
        return []
    return [] if known is None else [known[0]]


def _tokens(wanted: str) -> Iterator[tuple[str, str]]:
    """Yield what to look up: each word as the beginning of a family name, the whole as an identifier or a day."""
    for word in re.split(r"[\s,]+", wanted):
        yield from person_tokens(family=word, birth_date=None)
    yield from person_tokens(family="", birth_date=_day(wanted), identifiers=[(each, wanted) for each in _SYSTEMS])


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def fits(record: ParticipantRecord, wanted: str) -> bool:
    """Say whether each word begins one of the names of somebody, or the whole is their identifier or birth date."""
    if record.participant.birth_date is not None and _day(wanted) == record.participant.birth_date:
        return True
    bare = "".join(letter for letter in wanted.upper() if letter.isalnum())
    if bare and any(bare == "".join(c for c in value.upper() if c.isalnum()) for _, value in record.identifiers):
        return True
    words = [letters for word in re.split(r"[\s,]+", wanted) if (letters := letters_of(word))]
    names = [letters_of(part) for name in (record.name, *record.aliases) for part in (*name.given, name.family)]
    return bool(words) and all(any(name.startswith(word) for name in names) for word in words)
