"""The ledger by the page: who was told when, that nobody has changed it; what a row says, to whom it may be said."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from gateway import ledger
from gateway.store.repositories.oversight import MOST, PAGE, LedgerFilter, LedgerRow, Oversight
from gateway.store.unit_of_work import UnitOfWork
from gateway.use import read_entry
from gateway.web.guard import NotForYouError, for_roles, program_of
from gateway.web.overview import PARTNERS_KINDS, csv_of, named, names_of, own_rows_only
from gateway.web.rendering import download, page
from gateway.web.roles import OFFICE, OVERSIGHT
from gateway.web.seeing import full_name, visible_participant
from gateway.web.sessions import Visit
from gateway.web.site import zone_of
from gateway.web.words import plain

router = APIRouter()
PATH: Final = "/console/ledger"
KINDS: Final = (
    "disclosure",
    "denial",
    "delivery",
    "end-of-permission",
    "proposal",
    "approved",
    "declined",
    "proposal-withdrawn",
    "standing-approval",
    "standing-approval-ended",
    "consent",
    "revocation",
    "hold",
    "lift",
    "restriction",
    "question",
    "received",
    "use",
    "signal",
    "event",
    "emergency-completed",
    "emergency-reviewed",
    "legal-paper",
    "conference",
    "incident-opened",
    "incident-closed",
    "accounting-requested",
    "accounting-answered",
    "defender-told",
    "enforcement-followed",
    "match-decided",
    "unlink",
    "duty-acknowledged",
    "duty-escalated",
    "reminder",
    "expired",
    "promise",
    "attestation",
    "exchange-narrowed",
    "signed-in",
    "signed-out",
)
"""The kinds that one may filter by; rows of other kinds are shown all the same."""
Visiting = Annotated[Visit, Depends(for_roles(OVERSIGHT))]
Officer = Annotated[Visit, Depends(for_roles(OFFICE))]


@router.get(PATH, response_model=None)
async def rows(
    request: Request,
    visit: Visiting,
    kind: str = "",
    organization: str = "",
    day: str = "",
    before: UUID | None = None,
) -> Response:
    """Show a page of rows, narrowed by kind, organization and day."""
    typed = {"kind": kind, "organization": organization, "day": day}
    return await _page(request, visit, typed, before, None)


@router.post(f"{PATH}/verify", response_model=None)
async def verify(request: Request, visit: Visiting) -> Response:
    """Work the whole chain out anew, and say whether anybody has changed it: for those who run the site."""
    program = program_of(request)
    async with program.store.unit_of_work() as uow:
        if await own_rows_only(uow, visit) is not None:
            raise NotForYouError  # how long the chain is tells a partner whether its question was about somebody known
    found = await ledger.verify(program.store, program.settings.checkpoint_dir)
    return await _page(request, visit, {"kind": "", "organization": "", "day": ""}, None, found)


@router.get(f"{PATH}.csv", response_model=None)
async def exported(
    request: Request, visit: Visiting, kind: str = "", organization: str = "", day: str = ""
) -> Response:
    """Give the rows as CSV, the newest 5,000; nothing of their content, nobody named."""
    program, typed = program_of(request), {"kind": kind, "organization": organization, "day": day}
    wanted, errors = _filter(typed, await zone_of(program.store))
    if errors:
        return await _page(request, visit, typed, None, None)
    async with program.store.unit_of_work() as uow:
        wanted = _narrowed(wanted, await own_rows_only(uow, visit))
        found = await Oversight(uow.connection).ledger(wanted, most=MOST)
    lines = [(r.id, r.at.isoformat(), r.kind, r.organization, "yes" if r.sealed else "not yet") for r in found]
    return download(
        csv_of(("id", "at", "kind", "organization", "sealed"), lines), "ledger.csv", "text/csv; charset=utf-8"
    )


@router.get(f"{PATH}/{{identity}}", response_model=None)
async def entry(request: Request, identity: UUID, visit: Officer) -> Response:
    """Show what one entry says, to a privacy officer of the participant's own organization: a Use."""
    program, at = program_of(request), program_of(request).now()
    async with program.store.unit_of_work() as uow:
        found = await Oversight(uow.connection).row(identity)
        if found is None or found.participant is None:
            raise NotForYouError
        known, names = await visible_participant(uow, visit, found.participant, at), await names_of(uow)
    opened = await read_entry(
        program.store, identity, staff=visit.session.staff, organization=visit.session.organization, at=at
    )
    return page(
        request,
        "ledger_entry.html",
        visit,
        row=_line(found, names, opens=True),
        participant=full_name(known),
        link=f"/console/participants/{known.id}",
        content=opened,
        zone=await zone_of(program.store),
    )


async def _page(
    request: Request, visit: Visit, typed: dict[str, str], before: UUID | None, found: ledger.Verification | None
) -> Response:
    program = program_of(request)
    zone = await zone_of(program.store)
    wanted, errors = _filter(typed, zone)
    async with program.store.unit_of_work() as uow:
        own, oversight, names = await own_rows_only(uow, visit), Oversight(uow.connection), await names_of(uow)
        shown = [] if errors else await oversight.ledger(_narrowed(wanted, own), before=before)
        mine = own is None and bool(visit.roles & OFFICE)  # a link tells that a row is about somebody known
        state = await _state(uow, oversight) if own is None else None
    more = urlencode({**{k: v for k, v in typed.items() if v}, "before": shown[-1].id}) if len(shown) == PAGE else None
    return page(
        request,
        "ledger.html",
        visit,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK,
        rows=[_line(each, names, opens=mine and each.participant is not None) for each in shown],
        more=more,
        kinds=[("", "All kinds"), *((each, plain(each)) for each in KINDS if own is None or each in PARTNERS_KINDS)],
        organizations=[("", "All organizations"), *((k, v) for k, v in names.items() if own in {None, k})],
        typed=typed,
        export=urlencode({k: v for k, v in typed.items() if v}),
        errors=errors,
        state=state,
        found=found,
        zone=zone,
    )


async def _state(uow: UnitOfWork, oversight: Oversight) -> dict[str, Any]:
    return {"sealed": await oversight.last_sealed(), "signed": await uow.accounting.last_checkpoint()}


def _filter(typed: Mapping[str, str], zone: ZoneInfo) -> tuple[LedgerFilter, dict[str, str]]:
    since = until = None
    if typed["day"].strip():
        since, until = _start(typed["day"].strip(), zone, 0), _start(typed["day"].strip(), zone, 1)
        if since is None or until is None:
            return LedgerFilter(), {"day": "Day: must be a day, such as 2026-11-24."}
    return LedgerFilter(typed["kind"] or None, typed["organization"] or None, since, until), {}


def _start(day: str, zone: ZoneInfo, later: int) -> datetime | None:
    """Give the beginning of a day, or of one that is so many days later; None for no day."""
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=later), time.min, zone)
    except (ValueError, OverflowError):
        return None


def _narrowed(wanted: LedgerFilter, own: str | None) -> LedgerFilter:
    """Leave only the rows that tell of one's own organization, whatever was asked for. None: the whole site."""
    return wanted if own is None else LedgerFilter(wanted.kind, own, wanted.since, wanted.until, PARTNERS_KINDS)


def _line(row: LedgerRow, names: Mapping[str, str], *, opens: bool) -> dict[str, Any]:
    link = f"{PATH}/{row.id}" if opens else None
    return {"row": row, "kind": plain(row.kind), "organization": named(names, row.organization), "link": link}
