"""A participant's timeline: forms and stops, jail, court, what was told; drawn here, with a table beside it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from consent.codes import Category
from consent.model import Consent, Item
from gateway import use
from gateway.store.repositories.affairs import Affairs
from gateway.store.repositories.consents import with_revocations
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import Stop, StopKind
from gateway.web.guard import program_of
from gateway.web.participant import MAY, frame
from gateway.web.participant_words import FORMS
from gateway.web.rendering import page
from gateway.web.seeing import visible_participant
from gateway.web.site import zone_of
from gateway.web.words import plain

router = APIRouter()

LANES: Final[Mapping[str, str]] = {
    "consent": "Forms",
    "stop": "Stops",
    "custody": "Jail",
    "legal": "Court",
    "told": "Told",
}
WIDTH: Final = 1000
_LEFT: Final = 90
_TOP: Final = 12
_LANE: Final = 34
_NARROWEST: Final = 5
_TICKS: Final = 6
_STOPS: Final[Mapping[StopKind, str]] = {
    StopKind.REVOCATION: "Revoked",
    StopKind.HOLD: "Hold: all sharing stops",
    StopKind.LIFT: "Hold or restriction lifted",
    StopKind.RESTRICTION: "Restriction agreed",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing on the timeline. `end` None: a moment; `open`: it goes on."""

    lane: str
    start: datetime
    end: datetime | None
    text: str
    open: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing as it is drawn: whole pixels."""

    lane: str
    x: int
    y: int
    width: int
    text: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A timeline as it is drawn. `lanes`: (words, y); `ticks`: (x, moment)."""

    height: int
    lanes: tuple[tuple[str, int], ...]
    ticks: tuple[tuple[int, datetime], ...]
    bars: tuple[Bar, ...]


@router.get("/console/participants/{identity}/timeline", response_model=None)
async def timeline(request: Request, identity: UUID, visit: MAY) -> Response:
    """Show what happened when."""
    program = program_of(request)
    now, zone = program.now(), await zone_of(program.store)
    async with program.store.unit_of_work() as uow:
        record = await visible_participant(uow, visit, identity, now)
        found = await happenings(uow, identity, visit.session.organization, now)
        await use.seen(uow, [identity], visit.session.organization, visit.session.staff, "timeline", now)
        await uow.commit()
    newest = sorted(found, key=lambda each: each.start, reverse=True)
    context = frame(record, "/timeline")
    return page(
        request,
        "participant_timeline.html",
        visit,
        **context,
        drawing=draw(found, now),
        rows=newest,
        lanes=LANES,
        zone=zone,
    )


async def happenings(uow: UnitOfWork, participant: UUID, own: str, now: datetime) -> list[Happening]:
    """Give everything that has a place on the timeline and that `own` may read; the ledger is not opened."""
    stops = await uow.consents.stops(participant)
    signed = with_revocations([each for each, _ in await uow.consents.signed(participant)], stops)
    gone = frozenset(envelope for _, envelope in await uow.matters.unlinked(participant))
    organizations = {name: each for name, (each, _) in (await uow.registry.organizations()).items()}
    record = use.inside(await uow.record.items(participant, without=gone), own, organizations)
    told = await Affairs(uow.connection, uow.vault).told(participant, now - timedelta(days=366 * 3))
    return [
        *(_form(each, now) for each in signed),
        *(Happening("stop", stop.at, None, _stop(stop)) for _, stop in stops),
        *_stays(record, now),
        *(Happening("legal", each.at, None, plain(each.name)) for _, each in await uow.matters.events(participant)),
        *(_order(each.type.value, each.expires) for _, each in await uow.matters.orders(participant)),
        *(
            Happening("legal", i.created, None, "Court case news")
            for i in record
            if i.category is Category.LEGAL_STATUS
        ),
        *(
            Happening("told", at, None, f"Told: {organizations[name].name if name in organizations else name}")
            for _, at, name in told
        ),
    ]


def _form(consent: Consent, now: datetime) -> Happening:
    """Write a form as long as any row of it runs."""
    whole = [each.at for each in consent.revocations if each.grants == "all"]
    ends = [each.expires for each in consent.grants if isinstance(each.expires, datetime)]
    open_ended = len(ends) < len(consent.grants) or not ends
    end = min(whole) if whole else now if open_ended else max(ends)
    rows = len(consent.grants)
    text = f"Signed: {FORMS[consent.kind]}, {rows} row{'' if rows == 1 else 's'}"
    return Happening("consent", consent.signed_at, end, text, open=not whole and open_ended)


def _stop(stop: Stop) -> str:
    said = _STOPS[stop.kind]
    return (
        said if stop.grants == "all" or stop.kind is not StopKind.REVOCATION else f"{said}: {len(stop.grants)} row(s)"
    )


def _order(kind: str, expires: datetime) -> Happening:
    return Happening("legal", expires, None, f"Court order under {kind} ends")


def _stays(record: Iterable[Item], now: datetime) -> Iterator[Happening]:
    for item in record:
        if item.category is Category.CUSTODY and item.resource is not None:
            period: Any = item.resource.get("period") or {}
            start, end = _moment(period.get("start")) or item.created, _moment(period.get("end"))
            yield Happening("custody", start, end or now, "In jail", open=end is None)


def _moment(text: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def draw(found: Iterable[Happening], now: datetime) -> Drawing | None:
    """Place what happened on a line from the first to the last, or to now; None: nothing happened."""
    things = list(found)
    if not things:
        return None
    first = min(each.start for each in things)
    last = max(now, *(each.end or each.start for each in things)) + timedelta(days=1)
    span = (last - first) / timedelta(seconds=1) or 1

    def x(moment: datetime) -> int:
        return _LEFT + round((WIDTH - _LEFT - _NARROWEST - 1) * ((moment - first) / timedelta(seconds=1)) / span)

    tops = {lane: _TOP + _LANE * number for number, lane in enumerate(LANES)}
    bars = tuple(
        Bar(
            each.lane,
            x(each.start),
            tops[each.lane] + 4,
            max(_NARROWEST, x(each.end or each.start) - x(each.start)),
            each.text,
        )
        for each in things
    )
    ticks = tuple((x(moment), moment) for moment in (first + (last - first) * part / _TICKS for part in range(_TICKS)))
    height = _TOP + _LANE * len(LANES) + 26
    return Drawing(height, tuple((LANES[lane], top) for lane, top in tops.items()), ticks, bars)
