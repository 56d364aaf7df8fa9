"""What was told about a participant: on the screen, as CSV, as a PDF; and their own record (42 CFR 2.23)."""

from datetime import datetime
from http import HTTPStatus
from typing import Final
from uuid import UUID

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from consent.accounting import Accounting
from consent.codes import Category
from consent.days import day_of
from consent.model import Item
from gateway import ledger, use
from gateway.statements import state
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import ParticipantRecord
from gateway.web.guard import NotForYouError, form_of, program_of
from gateway.web.participant import MAY, frame
from gateway.web.rendering import download, page
from gateway.web.said import language_of
from gateway.web.seeing import full_name, visible_participant
from gateway.web.sessions import Visit
from gateway.web.site import zone_of
from gateway.web.told_words import (
    EVERYTHING,
    VIEW_WORDS,
    VIEWS,
    WORDS,
    attempts_of,
    copy_bundle,
    copy_pdf,
    rows_of,
    told_csv,
    told_pdf,
)

router = APIRouter()

_TAKEN: Final = ("pdf", "json")


async def _account(
    request: Request, visit: Visit, identity: UUID, view: str, now: datetime
) -> tuple[ParticipantRecord, Accounting]:
    """Read an accounting about somebody whom this person may see; it is recorded."""
    program = program_of(request)
    if view not in VIEWS:
        raise NotForYouError
    async with program.store.unit_of_work() as uow:
        record = await visible_participant(uow, visit, identity, now)
    today = day_of(now, await zone_of(program.store))
    found = await use.read_accounting(program.store, identity, VIEWS[view], today, staff=visit.session.staff, at=now)
    return record, found


@router.get("/console/participants/{identity}/told", response_model=None)
async def told(request: Request, identity: UUID, visit: MAY, view: str = EVERYTHING, lang: str = "en") -> Response:
    """Show who was told what."""
    program, language = program_of(request), language_of(lang)
    now = program.now()
    record, found = await _account(request, visit, identity, view, now)
    lines = (await state(program.store, identity, staff=visit.session.staff, at=now)).lines(language)
    return page(
        request,
        "participant_told.html",
        visit,
        **frame(record, "/told"),
        words=WORDS[language],
        rows=rows_of(found, language),
        attempts=attempts_of(found.attempts, language),
        lines=lines,
        view=view,
        views=list(VIEW_WORDS.items()),
        language=language,
        due=found.due,
        since=found.since,
    )


@router.get("/console/participants/{identity}/told.csv", response_model=None)
async def as_csv(request: Request, identity: UUID, visit: MAY, view: str = EVERYTHING, lang: str = "en") -> Response:
    """Give the rows as a file."""
    _, found = await _account(request, visit, identity, view, program_of(request).now())
    content = "\N{BYTE ORDER MARK}" + told_csv(found, language_of(lang))
    return download(content.encode(), "what-was-told.csv", "text/csv; charset=utf-8")


@router.get("/console/participants/{identity}/told.pdf", response_model=None)
async def as_pdf(request: Request, identity: UUID, visit: MAY, view: str = EVERYTHING, lang: str = "en") -> Response:
    """Give the rows as pages to take along."""
    program = program_of(request)
    now = program.now()
    record, found = await _account(request, visit, identity, view, now)
    today = day_of(now, await zone_of(program.store))
    made = told_pdf(found, full_name(record), language_of(lang), today, now)
    return download(made, "what-was-told.pdf", "application/pdf")


@router.post("/console/participants/{identity}/copy", response_model=None)
async def own_copy(request: Request, identity: UUID, visit: MAY) -> Response:
    """Give a participant's own record, to hand to them (42 CFR 2.23); that it was made is on the ledger."""
    program, given = program_of(request), await form_of(request)
    now, zone = program.now(), await zone_of(program.store)
    kind, language = str(given.get("as", "")), language_of(str(given.get("lang", "")))
    if kind not in _TAKEN:
        return await _ask_copy(request, identity, visit, now, {"as": "Form: choose pages or a file"})
    async with program.store.unit_of_work() as uow:
        record = await visible_participant(uow, visit, identity, now)
        items = await _own_items(uow, identity, visit.session.organization)
        content = {"staff": visit.session.staff, "items": [[i.id, i.version] for i in items], "as": kind}
        organization = visit.session.organization
        await ledger.append(uow, "own-copy", at=now, content=content, participant=identity, organization=organization)
        await uow.commit()
    if kind == "json":
        return download(orjson.dumps(copy_bundle(items, now)), "my-record.json", "application/fhir+json")
    return download(copy_pdf(items, full_name(record), language, now, zone), "my-record.pdf", "application/pdf")


@router.get("/console/participants/{identity}/copy", response_model=None)
async def ask_copy(request: Request, identity: UUID, visit: MAY) -> Response:
    """Ask in which form a participant wants their own record."""
    return await _ask_copy(request, identity, visit, program_of(request).now(), {})


async def _ask_copy(request: Request, identity: UUID, visit: Visit, now: datetime, errors: dict[str, str]) -> Response:
    async with program_of(request).store.unit_of_work() as uow:
        record = await visible_participant(uow, visit, identity, now)
        await use.seen(uow, [identity], visit.session.organization, visit.session.staff, "own-copy", now)
        await uow.commit()
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return page(request, "participant_copy.html", visit, status=status, **frame(record, "/told"), errors=errors)


async def _own_items(uow: UnitOfWork, participant: UUID, own: str) -> list[Item]:
    """Give what the own organization has noted, and what justice told it; never psychotherapy notes (164.524(a)(1))."""
    gone = frozenset(envelope for _, envelope in await uow.matters.unlinked(participant))
    organizations = {name: known for name, (known, _) in (await uow.registry.organizations()).items()}
    record = await uow.record.items(participant, without=gone)
    return [i for i in use.inside(record, own, organizations) if i.category is not Category.PSYCHOTHERAPY_NOTES]
