"""Signing a release, what is signed, and the participant's copy in three forms."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from consent.review import Review
from gateway import ledger
from gateway.halting import read_permissions, rows_of
from gateway.permissions import Standing
from gateway.releasing import REFUSED, Signing, looked_over, record, refuse
from gateway.web.guard import NotForYouError, form_of, program_of
from gateway.web.refusals import refusal
from gateway.web.release_form import SIGN, Typed, circumstances_of, typed_of
from gateway.web.release_paper import PaperError, uploaded, written
from gateway.web.releases import MAY, PLACE, Desk, desk_of, form_from, sentences, show
from gateway.web.rendering import page, see_other
from gateway.web.said import language_of, said
from gateway.web.seeing import full_name
from gateway.web.sessions import Visit
from gateway.web.words import plain

router = APIRouter()

METHODS: Final = ("typed", "mark", "paper")
COPIES: Final = ("full", "card", "office")
_LABELS: Final[Mapping[str, tuple[str, str]]] = {"paper": ("paper", "Paper")}


@router.post(f"{PLACE}/record", response_model=None)
async def sign(request: Request, identity: UUID, visit: MAY) -> Response:
    """Put the signed form in force; what it lacks is said at its field, and nothing is recorded."""
    program, desk = program_of(request), await desk_of(request, visit, identity)
    given = await form_of(request)
    typed = typed_of(given)
    errors = _missing(typed) or _lacking(desk, typed, visit)
    if not errors:
        try:
            signing = _signing(typed, visit, *await _paper(desk, typed, given, visit))
        except PaperError as error:
            return show(request, visit, desk, typed, SIGN, refusal(error, _LABELS, "paper"))
        known, form = circumstances_of(typed, visit.session.name), form_from(desk, typed)
        done = await record(program.store, form, desk.table, known, signing, by=visit.session.staff, at=desk.at)
        if not isinstance(done, Review):
            await _also_refused(request, typed, identity, visit, desk)
            return see_other(request, f"/console/participants/{identity}/releases/{done}?copy={typed.one('copy')}")
        errors = _said(done)
    return show(request, visit, desk, typed, SIGN, errors)


def _lacking(desk: Desk, typed: Typed, visit: Visit) -> dict[str, str]:
    """Say what the form lacks by every law, before anything is made of it."""
    known = circumstances_of(typed, visit.session.name)
    found = looked_over(form_from(desk, typed), desk.table, known, desk.at)
    return {} if found.may_be_finalised else _said(found)


def _said(found: Review) -> dict[str, str]:
    errors: dict[str, str] = {}
    for each in found.failing:
        field = {"signer.name": "signer", "signer.authority": "authority", "signed_at": "clear"}.get(each.field)
        errors.setdefault(field or each.field, f"{plain(each.cure)} ({each.cite}).")
    return errors or {"signer": "No row of the form counts (42 CFR 2.31)."}


async def _paper(desk: Desk, typed: Typed, given: FormData, visit: Visit) -> tuple[bytes, str]:
    if typed.one("method") == "paper":
        return await uploaded(given.get("paper"))
    form = form_from(desk, typed)
    rows = sentences(desk, form, typed.language)
    return written(form, rows, how=typed.one("method"), witness=visit.session.staff, at=desk.at)


def _signing(typed: Typed, visit: Visit, paper: bytes, media: str) -> Signing:
    return Signing(
        reference=f"console|{typed.one('draft')}",
        method=typed.one("method"),
        witness=visit.session.staff,
        copy=typed.one("copy"),
        notice_given=bool(typed.one("notice_given")),
        paper=paper,
        media=media,
    )


def _missing(typed: Typed) -> dict[str, str]:
    found = {}
    try:
        UUID(typed.one("draft"))
    except ValueError:
        found["signer"] = "This form is damaged: begin again."
    if typed.one("method") not in METHODS:
        found["method"] = "How they sign: choose one."
    if not typed.one("intent"):
        found["intent"] = "Their will: tick that they mean to sign this form."
    if typed.one("clear") not in {"yes", "no"}:
        found["clear"] = "Clear head: choose yes or no (42 CFR 2.31(c)(2))."
    if typed.one("copy") not in COPIES:
        found["copy"] = "Their copy: choose which one they take (45 CFR 164.508(c)(4))."
    return found


async def _also_refused(request: Request, typed: Typed, identity: UUID, visit: Visit, desk: Desk) -> None:
    no = frozenset(typed.refused)
    if no:
        store, again = program_of(request).store, typed.one("again")
        await refuse(store, identity, no, again=again, by=visit.session.staff, at=desk.at)


@router.get(PLACE, response_model=None)
async def all_of_them(request: Request, identity: UUID, visit: MAY) -> Response:
    """Show what is in force, who said no to whom, and which partners nobody has asked about."""
    desk = await desk_of(request, visit, identity)
    standing = await _read(request, visit, identity, desk)
    async with program_of(request).store.unit_of_work() as uow:
        entries = [each for each in await uow.accounting.of(identity) if each.kind == REFUSED]
    known = desk.table.organizations
    rows = () if standing is None else rows_of(standing, desk.at)
    named = {who for row in rows for who in row.grant.recipient}
    named |= {who for each in entries for who in each.content["organizations"]}
    return page(
        request,
        "releases.html",
        visit,
        record=desk.record,
        name=full_name(desk.record),
        rows=[(row.consent.id, said(row.name, row.grant, known, desk.zone)) for row in rows],
        readable=standing is not None,
        refused=[
            (each.at, [known[n].name for n in each.content["organizations"] if n in known], each.content["again"])
            for each in entries
        ],
        waiting=[each for each in desk.may_receive(Typed({}).kind) if each.id not in named],
        zone=desk.zone,
    )


async def _read(request: Request, visit: Visit, identity: UUID, desk: Desk) -> Standing | None:
    staff, own = visit.session.staff, visit.session.organization
    return await read_permissions(program_of(request).store, identity, staff=staff, organization=own, at=desk.at)


@router.get(f"{PLACE}/{{consent}}", response_model=None)
async def one(request: Request, identity: UUID, consent: UUID, visit: MAY) -> Response:
    """Show one signed form; `?copy=full` or `card`: as the participant takes it along."""
    desk = await desk_of(request, visit, identity)
    standing = await _read(request, visit, identity, desk)
    form = next((each for each in (standing.consents if standing else ()) if each.id == str(consent)), None)
    if form is None:
        raise NotForYouError
    language = language_of(form.form.language)
    copy = request.query_params.get("copy", "office")
    return page(
        request,
        "release_signed.html",
        visit,
        record=desk.record,
        name=full_name(desk.record),
        form_of=form,
        said=sentences(desk, form, language),
        typed=Typed({"language": (language,)}),
        copy=copy if copy in COPIES else "office",
        zone=desk.zone,
    )


@router.post(f"{PLACE}/{{consent}}/copy", response_model=None)
async def took(request: Request, identity: UUID, consent: UUID, visit: MAY) -> Response:
    """Record which copy was taken, also later than at the signing."""
    desk = await desk_of(request, visit, identity)
    copy = str((await form_of(request)).get("copy", ""))
    if copy not in COPIES:
        raise NotForYouError
    async with program_of(request).store.unit_of_work() as uow:
        if not any(form.id == str(consent) for form, _ in await uow.consents.signed(identity)):
            raise NotForYouError
        content: dict[str, Any] = {"consent": str(consent), "copy": copy, "by": visit.session.staff}
        await ledger.append(uow, "release-copy", at=desk.at, content=content, participant=identity)
        await uow.commit()
    return see_other(request, f"/console/participants/{identity}/releases/{consent}?copy={copy}")
