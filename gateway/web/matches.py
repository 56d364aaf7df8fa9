"""Is this the same person? A message that may be about a participant, beside those whom it may be about."""

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from gateway import matching, use
from gateway.feeds import FeedSetupError, find_source
from gateway.intake import Source
from gateway.matching import DOUBTFUL, MatchError
from gateway.store.repositories.affairs import Affairs
from gateway.store.repositories.inbound import QUARANTINE
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import ParticipantRecord
from gateway.store.vault import UNREADABLE
from gateway.web.guard import NotForYouError, for_roles, form_of, program_of
from gateway.web.rendering import page, see_other
from gateway.web.roles import OFFICE
from gateway.web.seeing import full_name, may_see
from gateway.web.sessions import Visit
from gateway.web.site import zone_of
from gateway.web.words import plain
from mappings.lead.custody import PersonDescription, PersonName
from mappings.lead.feed_error import FeedError

router = APIRouter()

MAY = Annotated[Visit, Depends(for_roles(OFFICE))]
TODAY: Final = "/console/today"
_NOBODY: Final = "nobody"


@dataclass(frozen=True, slots=True)
class Doubt:
    """What waits. `person` None: the message cannot be read any more. `because`: agreements and disagreements."""

    feed: str
    received_at: datetime
    expires_at: datetime
    because: tuple[str, ...]
    person: PersonDescription | None
    source: Source | None
    candidates: tuple[ParticipantRecord, ...]


async def _doubt(uow: UnitOfWork, identity: UUID, visit: Visit, at: datetime) -> Doubt:
    """Load what waits, with those of the own organization whom it may be about. Raises NotForYouError."""
    found = await Affairs(uow.connection, uow.vault).quarantined(identity)
    if found is None or found[1] != DOUBTFUL:
        raise NotForYouError
    feed, _, received_at, content = found
    candidates = [each for name in content.get("candidates", []) if (each := await _candidate(uow, name, visit, at))]
    if not candidates:
        raise NotForYouError
    try:
        source = await find_source(uow, feed)
    except FeedSetupError:
        source = None
    person = None if source is None else _person(source, content, received_at)
    because = tuple(plain(each) for each in content.get("because", ()))
    return Doubt(feed, received_at, received_at + QUARANTINE, because, person, source, tuple(candidates))


async def _candidate(uow: UnitOfWork, name: str, visit: Visit, at: datetime) -> ParticipantRecord | None:
    try:
        known = await uow.participants.get(UUID(name))
    except UNREADABLE:
        return None
    return known[0] if known is not None and await may_see(uow, visit, known[0], at) else None


def _person(source: Source, content: dict[str, Any], received_at: datetime) -> PersonDescription | None:
    """Read again whom the message describes."""
    message = bytes.fromhex(content["message"])
    try:
        parts = list(source.split(message, feed=source.feed, timezone=source.timezone, received_at=received_at))
    except FeedError:
        return None
    return parts[0].person if parts else None


@router.get("/console/matches/{identity}", response_model=None)
async def match(request: Request, identity: UUID, visit: MAY) -> Response:
    """Show what waits beside whom it may be about."""
    return await _show(request, identity, visit, {})


@router.post("/console/matches/{identity}", response_model=None)
async def decide(request: Request, identity: UUID, visit: MAY) -> Response:
    """Keep it as one participant's, or forget it."""
    program = program_of(request)
    now, staff = program.now(), visit.session.staff
    who = str((await form_of(request)).get("who", ""))
    async with program.store.unit_of_work() as uow:
        doubt = await _doubt(uow, identity, visit, now)
    chosen = next((each for each in doubt.candidates if str(each.id) == who), None)
    if chosen is None and who != _NOBODY:
        return await _show(request, identity, visit, {"who": "Who: choose one of them, or nobody"})
    try:
        if chosen is None:
            await matching.reject(program.store, identity, by=staff, at=now)
        elif doubt.source is None:
            return await _show(request, identity, visit, {"who": "Feed: is paused, or not set up any more"})
        else:
            await matching.confirm(program.store, identity, chosen.id, doubt.source, by=staff, at=now)
    except (MatchError, FeedError):
        return await _show(request, identity, visit, {"who": "This message cannot be kept: it can be read no more"})
    return see_other(request, TODAY)


async def _show(request: Request, identity: UUID, visit: Visit, errors: dict[str, str]) -> Response:
    program = program_of(request)
    now = program.now()
    async with program.store.unit_of_work() as uow:
        doubt = await _doubt(uow, identity, visit, now)
        whom = [each.id for each in doubt.candidates]
        await use.seen(uow, whom, visit.session.organization, visit.session.staff, "match-review", now)
        await uow.commit()
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return page(
        request,
        "match.html",
        visit,
        status=status,
        identity=identity,
        doubt=doubt,
        rows=rows_of(doubt),
        names=[full_name(each) for each in doubt.candidates],
        errors=errors,
        zone=await zone_of(program.store),
    )


def rows_of(doubt: Doubt) -> list[tuple[str, str, list[str]]]:
    """Give what to compare: label, as the message says it, as each candidate has it."""
    person = doubt.person
    said = ("not readable",) * 4 if person is None else _described(person)
    known = [_known(each) for each in doubt.candidates]
    labels = ("Name", "Also called", "Born", "Identifiers")
    return [(label, said[n], [each[n] for each in known]) for n, label in enumerate(labels)]


def _described(person: PersonDescription) -> tuple[str, ...]:
    born = "not said" if person.birth_date is None else person.birth_date.isoformat()
    return _names(person.names), _names(person.aliases), born, _pairs(person.identifiers)


def _known(record: ParticipantRecord) -> tuple[str, ...]:
    aliases = "; ".join(" ".join((*each.given, each.family)) for each in record.aliases)
    born = "not known" if record.participant.birth_date is None else record.participant.birth_date.isoformat()
    return full_name(record), aliases or "none known", born, _pairs(record.identifiers)


def _names(names: tuple[PersonName, ...]) -> str:
    return (
        "; ".join(" ".join(filter(None, (each.given, each.middle, each.family, each.suffix))) for each in names)
        or "none"
    )


def _pairs(identifiers: tuple[tuple[str, str], ...]) -> str:
    return "; ".join(f"{system}: {value}" for system, value in identifiers) or "none"
