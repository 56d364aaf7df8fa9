"""Legal papers on the screen: taken in, an order read by one person and confirmed by another, printed or refused."""

import io
import zipfile
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from consent.codes import OrderFinding, OrderType
from consent.model import Item
from gateway import legal
from gateway.legal import Draft, LegalError
from gateway.store.repositories.affairs import Affairs, LegalRequest
from gateway.store.values import ParticipantRecord
from gateway.use import inside
from gateway.web import vocabulary
from gateway.web.guard import NotForYouError, for_roles, form_of, program_of
from gateway.web.matters import takes_papers, typed_in
from gateway.web.overview import names_of
from gateway.web.people import by_reference, seen, visible_names
from gateway.web.refusals import refusal
from gateway.web.rendering import download, page, see_other
from gateway.web.roles import Role
from gateway.web.seeing import full_name
from gateway.web.sessions import Visit
from gateway.web.site import zone_of
from gateway.web.words import day, plain

router = APIRouter()
PATH: Final = "/console/legal"
_NEW: Final = ("kind", "sender", "reference", "due", "participant")
_READ: Final = ("participant", "type", "recipient", "expires")
_NAMES: Final = {
    "kind": ("kind", "Kind of paper"),
    "sender": ("sender", "Who sent it"),
    "reference": ("reference", "Their number for it"),
    "expires": ("expires", "Ends on"),
    "recipient": ("recipient", "To whom"),
    "participant": ("participant", "Participant"),
    "items": ("items", "Records"),
    "why": ("why", "Why nothing is released"),
    "by": ("act", "You"),
    "state": ("act", "This paper"),
    "order": ("act", "This order"),
}
Reader = Annotated[Visit, Depends(for_roles(frozenset({Role.PRIVACY_OFFICER, Role.SUPERVISOR})))]


@router.get(f"{PATH}/new", response_model=None)
async def new(request: Request, visit: Reader) -> Response:
    """Ask for what a paper says of itself."""
    await _takes(request, visit)
    return await _ask(request, visit, {}, {})


@router.post(f"{PATH}/new", response_model=None)
async def receive(request: Request, visit: Reader) -> Response:
    """Take a paper in. The answer to whoever brought it is the same, whoever it is about."""
    await _takes(request, visit)
    program, at = program_of(request), program_of(request).now()
    typed = await typed_in(request, _NEW)
    due, known = None, None
    if typed["due"]:
        due = _end_of(typed["due"], await zone_of(program.store))
        if due is None:
            return await _ask(request, visit, typed, {"due": "Answer due: must be a day, such as 2026-11-24."})
    if typed["participant"]:
        async with program.store.unit_of_work() as uow:
            known = await by_reference(uow, visit, typed["participant"], at)
        if known is None:
            return await _ask(request, visit, typed, {"participant": "Participant: must be a participant of yours."})
    try:
        identity = await legal.receive(
            program.store,
            typed["kind"],
            sender=typed["sender"],
            reference=typed["reference"],
            by=visit.session.staff,
            at=at,
            participant=None if known is None else known.id,
            due_at=due,
        )
    except LegalError as error:
        return await _ask(request, visit, typed, refusal(error, _NAMES, "kind"))
    return see_other(request, f"{PATH}/{identity}")


@router.get(f"{PATH}/{{identity}}", response_model=None)
async def one(request: Request, identity: UUID, visit: Reader, participant: str = "") -> Response:
    """Show a paper. `participant`: whose records to choose from, where an order is being read."""
    return await _page(request, visit, identity, {"participant": participant.strip()}, {})


@router.post(f"{PATH}/{{identity}}/read", response_model=None)
async def structure(request: Request, identity: UUID, visit: Reader) -> Response:
    """Write down what an order says; it has no effect until another person confirms it."""
    program, at = program_of(request), program_of(request).now()
    await _visible(request, visit, identity)
    form, typed = await form_of(request), dict(await typed_in(request, _READ))
    chosen = {name: [str(each) for each in form.getlist(name)] for name in ("findings", "items")}
    async with program.store.unit_of_work() as uow:
        known = await by_reference(uow, visit, typed["participant"], at)
    expires = _end_of(typed["expires"], await zone_of(program.store))
    errors = _missing(known, expires, typed)
    if known is not None and expires is not None and not errors:
        findings = frozenset(OrderFinding(each) for each in chosen["findings"] if each in set(OrderFinding))
        draft = Draft(
            known.id, OrderType(typed["type"]), findings, frozenset(chosen["items"]), typed["recipient"], expires
        )
        try:
            await legal.structure(program.store, identity, draft, by=visit.session.staff, at=at)
        except LegalError as error:
            errors = refusal(error, _NAMES, "items")
    if errors:
        return await _page(request, visit, identity, {**typed, **chosen}, errors)
    return see_other(request, f"{PATH}/{identity}")


def _missing(known: ParticipantRecord | None, expires: datetime | None, typed: Mapping[str, str]) -> dict[str, str]:
    errors = {}
    if known is None:
        errors["participant"] = "Participant: must be a participant of yours."
    if typed["type"] not in set(OrderType):
        errors["type"] = "Kind of order: must be chosen."
    if expires is None:
        errors["expires"] = "Ends on: must be a day, such as 2026-11-24."
    return errors


@router.post(f"{PATH}/{{identity}}/confirm", response_model=None)
async def confirm(request: Request, identity: UUID, visit: Reader) -> Response:
    """Confirm what another person has read."""
    program, at = program_of(request), program_of(request).now()
    await _visible(request, visit, identity)
    try:
        await legal.confirm(program.store, identity, by=visit.session.staff, at=at)
    except LegalError as error:
        return await _page(request, visit, identity, {}, refusal(error, _NAMES, "act"))
    return see_other(request, f"{PATH}/{identity}")


@router.post(f"{PATH}/{{identity}}/print", response_model=None)
async def hand_over(request: Request, identity: UUID, visit: Reader) -> Response:
    """Give what a confirmed order lets out, once, to be handed over: a disclosure, decided again now."""
    program, at = program_of(request), program_of(request).now()
    await _visible(request, visit, identity)
    base_url = program.settings.base_url
    try:
        made = await legal.hand_over(program.store, identity, base_url=base_url, by=visit.session.staff, at=at)
    except LegalError as error:
        return await _page(request, visit, identity, {}, refusal(error, _NAMES, "act"))
    return download(zipped({"order.pdf": made.pdf, "order.json": made.bundle}), "order.zip", "application/zip")


@router.post(f"{PATH}/{{identity}}/refuse", response_model=None)
async def refuse(request: Request, identity: UUID, visit: Reader) -> Response:
    """Close a paper without releasing anything."""
    program, at = program_of(request), program_of(request).now()
    await _visible(request, visit, identity)
    typed = await typed_in(request, ("why",))
    try:
        await legal.refuse(program.store, identity, why=typed["why"], by=visit.session.staff, at=at)
    except LegalError as error:
        return await _page(request, visit, identity, dict(typed), refusal(error, _NAMES, "why"))
    return see_other(request, f"{PATH}/{identity}")


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Put files together; their names are of our own making."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def _end_of(given: str, zone: Any) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(given) + timedelta(days=1), time.min, zone)
    except (ValueError, OverflowError):
        return None


async def _takes(request: Request, visit: Visit) -> None:
    """Let in whoever works where papers are taken in. Raises NotForYouError: a partner's staff put none on our list."""
    async with program_of(request).store.unit_of_work() as uow:
        if not await takes_papers(uow, visit):
            raise NotForYouError


async def _visible(request: Request, visit: Visit, identity: UUID) -> LegalRequest:
    """Give a paper about somebody whom this person may see, or about nobody yet named, at case management."""
    program = program_of(request)
    async with program.store.unit_of_work() as uow:
        found = await Affairs(uow.connection, uow.vault).legal(identity)
        if found is None:
            raise NotForYouError
        if found.participant is None:
            allowed = await takes_papers(uow, visit)
        else:
            allowed = await seen(uow, visit, found.participant, program.now()) is not None
    if not allowed:
        raise NotForYouError
    return found


async def _ask(request: Request, visit: Visit, typed: dict[str, str], errors: dict[str, str]) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    kinds = [(each, plain(each)) for each in legal.KINDS]
    return page(request, "legal_new.html", visit, status=status, kinds=kinds, typed=typed, errors=errors)


async def _page(
    request: Request, visit: Visit, identity: UUID, typed: dict[str, Any], errors: dict[str, str]
) -> Response:
    program, at = program_of(request), program_of(request).now()
    paper = await _visible(request, visit, identity)
    known, items = None, list[Item]()
    async with program.store.unit_of_work() as uow:
        names = await names_of(uow)
        reference = typed.get("participant", "")
        known = await by_reference(uow, visit, reference, at) if reference else None
        known = known or await seen(uow, visit, paper.participant, at)
        if known is not None:
            gone = frozenset(envelope for _, envelope in await uow.matters.unlinked(known.id))
            record = await uow.record.items(known.id, without=gone)
            organizations = {name: each for name, (each, _) in (await uow.registry.organizations()).items()}
            items = list(inside(record, known.case_management, organizations))  # an order on others goes to them
    if known is not None:
        await visible_names(program.store, visit, [known.id], read=f"legal paper {identity}", at=at)
    unknown = typed.get("participant") and known is None and not errors
    return page(
        request,
        "legal_paper.html",
        visit,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if errors or unknown else HTTPStatus.OK,
        paper=paper,
        about=None if known is None else full_name(known),
        whom=None if known is None else known.reference,
        items=[(each.id, f"{vocabulary.category(each.category)}, {day(each.created)}", each.source) for each in items],
        names=names,
        types=[(each.value, f"42 CFR {each.value}") for each in OrderType],
        findings=[(each.value, plain(each)) for each in OrderFinding],
        organizations=list(names.items()),
        order=paper.detail.get("order"),
        mine=paper.detail.get("structured_by") == visit.session.staff,
        acknowledgement=legal.ACKNOWLEDGEMENT,
        answer=legal.ANSWER,
        typed=typed,
        errors=errors or ({"participant": "Participant: must be a participant of yours."} if unknown else {}),
        zone=await zone_of(program.store),
    )
