"""A participant at a glance: who may know what, on any day, and because of what."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from consent.codes import Category
from consent.days import day_of
from gateway import use
from gateway.knowing import Picture, facts_at, on_record, picture_of, why_not
from gateway.store.values import ParticipantRecord
from gateway.web import vocabulary
from gateway.web.guard import NotForYouError, for_roles, program_of
from gateway.web.participant_words import cells_of, reasons_of, ways_in_words
from gateway.web.rendering import page
from gateway.web.roles import CASEWORK
from gateway.web.seeing import full_name, visible_participant
from gateway.web.sessions import Visit
from gateway.web.site import zone_of

router = APIRouter()

MAY = Annotated[Visit, Depends(for_roles(CASEWORK))]
TABS: Final = (
    ("", "Who may know what"),
    ("/timeline", "Timeline"),
    ("/plan", "Care plan"),
    ("/identity", "Who this is"),
    ("/told", "What was told"),
)


@dataclass(frozen=True, slots=True)
class Day:
    """The day that a page shows. `moment`: its end, or now. `text`: as typed; `errors`: why it will not do."""

    moment: datetime
    text: str
    is_today: bool
    errors: dict[str, str]


def day_asked(text: str, zone: ZoneInfo, now: datetime) -> Day:
    """Read a day that somebody picked: today, or one that is past."""
    today = day_of(now, zone)
    if not text.strip():
        return Day(now, today.isoformat(), is_today=True, errors={})
    try:
        wanted = date.fromisoformat(text.strip())
    except ValueError:
        return Day(now, text, is_today=True, errors={"day": "Day: write it as year-month-day, like 2026-11-24"})
    if wanted > today:
        return Day(now, text, is_today=True, errors={"day": "Day: pick today or a day that is past"})
    if wanted == today:
        return Day(now, text, is_today=True, errors={})
    end = datetime.combine(wanted + timedelta(days=1), time(), zone) - timedelta(seconds=1)
    return Day(end, text, is_today=False, errors={})


@router.get("/console/participants/{identity}", response_model=None)
async def participant(request: Request, identity: UUID, visit: MAY, day: str = "") -> Response:
    """Show who may know what."""
    program = program_of(request)
    now, zone = program.now(), await zone_of(program.store)
    asked = day_asked(day, zone, now)
    async with program.store.unit_of_work() as uow:
        record = await visible_participant(uow, visit, identity, now)
        facts = await facts_at(uow, identity, asked.moment, now)
        held = await uow.is_held()
        await use.seen(uow, [identity], visit.session.organization, visit.session.staff, "who-may-know", now)
        await uow.commit()
    picture = None if facts is None else picture_of(facts, str(identity), record.case_management, asked.moment)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if asked.errors else HTTPStatus.OK
    shown = {} if picture is None else cells_of(picture, zone)
    return page(
        request,
        "participant.html",
        visit,
        status=status,
        **frame(record, ""),
        asked=asked,
        zone=zone,
        picture=picture,
        cells=shown,
        held=held,
        stops=_stops(picture),
        choices=_choices(picture),
    )


def _choices(picture: Picture | None) -> dict[str, list[tuple[str, str]]]:
    known = () if picture is None else sorted((*picture.organizations, *picture.others), key=lambda each: each.name)
    return {
        "organizations": [(each.id, each.name) for each in known],
        "categories": [(each.value, vocabulary.category(each)) for each in Category],
    }


def _stops(picture: Picture | None) -> bool:
    """Say whether a hold of the participant stops everything."""
    return picture is not None and any(each.grants == "all" for each in picture.facts.holds or ())


def frame(record: ParticipantRecord, tab: str) -> dict[str, Any]:
    """Give what every page about a participant shows above its content."""
    return {
        "record": record,
        "name": full_name(record),
        "tabs": TABS,
        "tab": tab,
        "base": f"/console/participants/{record.id}",
        "say": vocabulary,
    }


@router.get("/console/participants/{identity}/why", response_model=None)
async def why(request: Request, identity: UUID, visit: MAY, recipient: str, category: str, day: str = "") -> Response:
    """Explain one cell: what may be told, for what, until when, because of what; and why the rest may not."""
    program = program_of(request)
    now, zone = program.now(), await zone_of(program.store)
    asked, what = day_asked(day, zone, now), _category(category)
    async with program.store.unit_of_work() as uow:
        record = await visible_participant(uow, visit, identity, now)
        facts = await facts_at(uow, identity, asked.moment, now)
        await use.seen(uow, [identity], visit.session.organization, visit.session.staff, "why", now)
        await uow.commit()
    if facts is None or recipient not in facts.organizations:
        raise NotForYouError
    own = record.case_management
    ways = picture_of(facts, str(identity), own, asked.moment, only=(recipient,)).cells.get((recipient, what), ())
    return page(
        request,
        "participant_why.html",
        visit,
        **frame(record, ""),
        asked=asked,
        zone=zone,
        organization=facts.organizations[recipient],
        category=what,
        ways=ways_in_words(ways, facts, zone),
        reasons=reasons_of(why_not(facts, str(identity), own, recipient, what, asked.moment)),
        on_record=on_record(facts, own, recipient, what, asked.moment),
    )


def _category(text: str) -> Category:
    try:
        return Category(text)
    except ValueError:
        raise NotForYouError from None
