"""Exchanges: what goes out and how far it has come, what comes in and how long ago; one that failed is tried again."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from gateway import breaking, outcomes
from gateway.delivery import DeliveryError
from gateway.feeds import state_of
from gateway.store.repositories.feeds import Feed
from gateway.store.repositories.oversight import PAGE, Oversight, SendingRow
from gateway.store.unit_of_work import UnitOfWork
from gateway.web import vocabulary
from gateway.web.figures import WATCHING
from gateway.web.guard import NotForYouError, for_roles, program_of
from gateway.web.overview import PARTNERS_STATES, csv_of, named, names_of, own_rows_only
from gateway.web.refusals import refusal
from gateway.web.rendering import download, page, see_other
from gateway.web.roles import Role
from gateway.web.sessions import Visit
from gateway.web.site import zone_of
from gateway.web.words import plain

router = APIRouter()
PATH: Final = "/console/exchanges"
RETRYING: Final = frozenset({Role.PRIVACY_OFFICER, Role.SUPERVISOR})
GROUPS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "open": ("On the way", ("proposed", "approved", "queued", "sending")),
    "failed": ("Failed for good", ("failed",)),
    "done": ("Arrived", ("delivered", "acknowledged")),
    "stopped": ("Stopped or out of time", ("suppressed", "expired")),
}
STATES: Final[Mapping[str, tuple[str, str]]] = {
    "proposed": ("Waits for approval", "wait"),
    "approved": ("Approved", "wait"),
    "queued": ("Waits to be sent", "wait"),
    "sending": ("Being sent", "wait"),
    "delivered": ("Delivered", "go"),
    "acknowledged": ("Confirmed", "go"),
    "failed": ("Failed", "stop"),
    "suppressed": ("Stopped", "stop"),
    "expired": ("Out of time", "stop"),
}
_KINDS: Final[Mapping[str, str]] = {"end-of-permission": "A permission ended", "notification": "Notification"}
_FEEDS: Final[Mapping[str, tuple[str, str]]] = {
    "in-order": ("In order", "go"),
    "silent": ("Silent for too long", "stop"),
    "malformed": ("Cannot be read", "stop"),
    "paused": ("Paused", "wait"),
}
_OUTCOMES: Final = ("matched", "unmatched", "quarantined", "repeated", "purged")
_DAYS: Final = 7
_LATE: Final = 48  # hours from which an age is said in days
Visiting = Annotated[Visit, Depends(for_roles(WATCHING))]
Retrying = Annotated[Visit, Depends(for_roles(RETRYING))]


@router.get(PATH, response_model=None)
async def exchanges(request: Request, visit: Visiting, show: str = "open", before: UUID | None = None) -> Response:
    """Show a page of sendings in a group of states, and the feeds."""
    return await _page(request, visit, show, before)


@router.get(f"{PATH}.csv", response_model=None)
async def exported(request: Request, visit: Visiting, show: str = "open") -> Response:
    """Give the sendings of a group as CSV, the newest 5,000."""
    async with program_of(request).store.unit_of_work() as uow:
        own = await own_rows_only(uow, visit)
        groups = groups_for(own)
        states = groups[chosen(show, groups)][1]
        rows = await Oversight(uow.connection).sendings(states, recipient=own, most=5000)
    header = ("id", "recipient", "what", "state", "attempts", "cause", "due", "acknowledged")
    lines = [
        (r.id, r.recipient, r.exchange or r.kind, r.state, r.attempts, r.cause, r.due_at.isoformat(), _iso(r))
        for r in rows
    ]
    return download(csv_of(header, lines), "exchanges.csv", "text/csv; charset=utf-8")


def groups_for(own: str | None) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Give the groups of states that one may look at: `own`, a partner's, only what came to its door or did not."""
    kept = {
        key: (title, tuple(state for state in states if own is None or state in PARTNERS_STATES))
        for key, (title, states) in GROUPS.items()
    }
    return {key: group for key, group in kept.items() if group[1]}


def chosen(show: str, groups: Mapping[str, object]) -> str:
    """Give the group that was asked for, or the first."""
    return show if show in groups else next(iter(groups))


def _iso(row: SendingRow) -> str:
    return "" if row.acknowledged_at is None else row.acknowledged_at.isoformat()


@router.get(f"{PATH}/deliveries/{{identity}}", response_model=None)
async def delivery(request: Request, identity: UUID, visit: Visiting) -> Response:
    """Show one sending, of what it says nothing."""
    return await _one(request, visit, identity, {})


@router.post(f"{PATH}/deliveries/{{identity}}/retry", response_model=None)
async def retry(request: Request, identity: UUID, visit: Retrying) -> Response:
    """Try a sending again that has failed: it is decided once more, like any other. For those who run the site."""
    program, at = program_of(request), program_of(request).now()
    async with program.store.unit_of_work() as uow:
        await _visible(uow, visit, identity)
        if await own_rows_only(uow, visit) is not None:
            raise NotForYouError  # whether it stays failed would tell a partner what the new decision was
        try:
            await outcomes.retry(uow, identity, at, by=visit.session.staff)
        except DeliveryError as error:
            errors = refusal(error, {}, "delivery")
        else:
            errors = {}
            await uow.commit()
    if errors:
        return await _one(request, visit, identity, errors)
    return see_other(request, f"{PATH}/deliveries/{identity}")


async def _visible(uow: UnitOfWork, visit: Visit, identity: UUID) -> SendingRow:
    found, own = await Oversight(uow.connection).sending(identity), await own_rows_only(uow, visit)
    if found is None or (own is not None and (found.recipient != own or found.state not in PARTNERS_STATES)):
        raise NotForYouError
    return found


async def _one(request: Request, visit: Visit, identity: UUID, errors: dict[str, str]) -> Response:
    store = program_of(request).store
    async with store.unit_of_work() as uow:
        found, names = await _visible(uow, visit, identity), await names_of(uow)
        runs = await own_rows_only(uow, visit) is None
    return page(
        request,
        "delivery.html",
        visit,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        one=_line(found, names),
        may_retry=runs and bool(visit.roles & RETRYING) and found.state == "failed",
        zone=await zone_of(store),
        errors=errors,
    )


async def _page(request: Request, visit: Visit, show: str, before: UUID | None) -> Response:
    program, at = program_of(request), program_of(request).now()
    async with program.store.unit_of_work() as uow:
        own, names, oversight = await own_rows_only(uow, visit), await names_of(uow), Oversight(uow.connection)
        groups = groups_for(own)
        show = chosen(show, groups)
        rows = await oversight.sendings(groups[show][1], recipient=own, before=before)
        counts = await oversight.sent_counts(own)
        came = await oversight.came(at - timedelta(days=_DAYS)) if own is None else {}
        feeds = [each for each in await uow.feeds.every() if own in {None, each.organization}]
        failing = [each for each in await uow.breakers.every() if own in {None, each.recipient}]
    return page(
        request,
        "exchanges.html",
        visit,
        show=show,
        groups=[(key, title, sum(counts.get(s, 0) for s in states)) for key, (title, states) in groups.items()],
        rows=[_line(each, names) for each in rows],
        more=rows[-1].id if len(rows) == PAGE else None,
        feeds=[_feed(each, names, came.get(each.name, {}), at) for each in feeds],
        failing=[_failing(each, names, at) for each in failing],
        outcomes=_OUTCOMES if own is None else (),  # a partner would see which of those it told of are participants
        figures=own is None,
        zone=await zone_of(program.store),
    )


def _line(row: SendingRow, names: Mapping[str, str]) -> dict[str, Any]:
    state, tone = STATES.get(row.state, (plain(row.state), ""))
    what = _KINDS.get(row.kind) or vocabulary.exchange(row.exchange)
    cause = "" if row.cause is None else plain(row.cause)
    return {"row": row, "to": named(names, row.recipient), "what": what, "state": state, "tone": tone, "cause": cause}


def _feed(feed: Feed, names: Mapping[str, str], counts: Mapping[str, int], at: datetime) -> dict[str, Any]:
    state, tone = _FEEDS[state_of(feed, at)]
    whose, old = named(names, feed.organization), age(feed.seen_at, at)
    return {"name": feed.name, "from": whose, "state": state, "tone": tone, "age": old, "counts": counts}


def _failing(breaker: Any, names: Mapping[str, str], at: datetime) -> dict[str, Any]:
    until = breaker.open_until if breaking.is_open(breaker, at) else None
    cause = "" if breaker.cause is None else plain(breaker.cause)
    return {"to": named(names, breaker.recipient), "failures": breaker.failures, "cause": cause, "until": until}


def age(seen: datetime | None, at: datetime) -> str:
    """Say how long ago something came: `6 minutes ago`."""
    if seen is None:
        return "never"
    minutes = max(int((at - seen).total_seconds() // 60), 0)
    hours = minutes // 60
    if hours >= _LATE:
        return f"{hours // 24} days ago"
    number, unit = (hours, "hour") if hours else (minutes, "minute")
    return f"{number} {unit}{'' if number == 1 else 's'} ago"
