"""Approve: what waits for a decision, one by one, with exactly what would leave; and what somebody makes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from gateway import approval
from gateway.approval import AdverseError, ApprovalError, Edit
from gateway.deciding import decidable
from gateway.delegating import Staff
from gateway.program import Program
from gateway.store.values import StoredProposal
from gateway.use import read_decidable, read_proposal
from gateway.web import vocabulary
from gateway.web.approval_view import Shown, shown, told
from gateway.web.guard import NotForYouError, for_roles, form_of, is_secure, program_of
from gateway.web.refusals import refusal
from gateway.web.rendering import page, see_other
from gateway.web.roles import CASEWORK, staff_of
from gateway.web.seeing import full_name
from gateway.web.sessions import Visit
from gateway.web.site import zone_of
from gateway.web.words import plain
from mappings.tables.exchanges import Approval, load_exchanges

router = APIRouter()

PATH: Final = "/console/approvals"
TODAY: Final = "/console/today"
KEYS: Final = "lead-keys"
DONE: Final[Mapping[str, str]] = {
    "approved": "Approved. It goes in its window, if nothing stops it until then.",
    "nothing-helpful": "Noted: nothing helpful to share. Whoever asked gets just that, when the answer is due.",
    "declined": "Declined. Your reason stays here.",
}
_FIELDS: Final = {
    "summary": ("summary", "Your own words"),
    "item": ("items", "What leaves"),
    "why": ("why", "Why you decline"),
    "proposal": ("main", "This decision"),
}

Visiting = Annotated[Visit, Depends(for_roles(CASEWORK))]


@dataclass(frozen=True, slots=True)
class Typed:
    """What somebody has put into the forms so far. `items` None: nothing is unticked."""

    items: frozenset[str] | None = None
    summary: str = ""
    why: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)
    stands: bool = False


def who(visit: Visit) -> tuple[Staff, ...]:
    """Give somebody in each role in which they may decide."""
    return tuple(staff_of(visit.session, role) for role in sorted(visit.roles & CASEWORK))


@router.get(PATH, response_model=None)
async def waiting(request: Request, visit: Visiting, after: UUID | None = None) -> Response:
    """Show what waits, oldest first."""
    program, at = program_of(request), program_of(request).now()
    found = await read_decidable(program.store, who(visit), after=after, at=at)
    async with program.store.unit_of_work() as uow:
        names = {key: each.name for key, (each, _) in (await uow.registry.organizations()).items()}
        due = {
            duty.reference: duty.due_at
            for duty in await uow.duties.open(kinds=["approval"], organization=visit.session.organization, bare=True)
        }
    rows = [
        {
            "id": proposal.id,
            "participant": full_name(known),
            "recipient": names.get(proposal.recipient, plain(proposal.recipient)),
            "what": vocabulary.exchange(proposal.exchange),
            "purpose": vocabulary.purpose(proposal.clearance["purpose"]),
            "since": proposal.created_at,
            "due": due.get(proposal.id),
            "late": (due.get(proposal.id) or at) < at,
        }
        for proposal, known in found
    ]
    more = found[-1][0].id if len(found) == PAGE_SIZE else None
    return page(request, "approvals.html", visit, rows=rows, more=more, zone=await zone_of(program.store))


PAGE_SIZE: Final = 50


@router.post(f"{PATH}/keys", response_model=None)
async def keys(request: Request, visit: Visiting) -> Response:
    """Turn the keyboard shortcuts on or off (WCAG 2.1.4), and go back to where they were turned."""
    del visit
    fields = await form_of(request)
    back = str(fields.get("back", ""))
    answer = see_other(request, f"{PATH}/{UUID(back)}" if _is_id(back) else PATH)
    state = "off" if fields.get("keys") == "off" else "on"
    answer.set_cookie(KEYS, state, path=PATH, secure=is_secure(request), httponly=True, samesite="lax")
    return answer


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@router.get(f"{PATH}/{{identity}}", response_model=None)
async def one(request: Request, identity: UUID, visit: Visiting, done: str = "") -> Response:
    """Show one proposal: to decide, or how it was decided."""
    return await _show(request, visit, identity, Typed(), done=done)


@router.post(f"{PATH}/{{identity}}/approve", response_model=None)
async def approve(request: Request, identity: UUID, visit: Visiting) -> Response:
    """Approve exactly what is ticked, with the words that stand there; adverse ones are pointed out first."""
    program, at = program_of(request), program_of(request).now()
    before = await _opened(program, visit, identity, at)
    typed = _typed(await form_of(request))
    try:
        await approval.approve(
            program.store,
            program.settings,
            identity,
            at=at,
            by=visit.session.staff,
            edit=_edit(typed, before),
            knowing=typed.stands,
        )
    except AdverseError:
        errors = {"stands": "Your own words may speak against the participant. Change them, or say that they stand."}
        return await _show(request, visit, identity, _with(typed, errors))
    except ApprovalError as error:
        return await _show(request, visit, identity, _with(typed, refusal(error, _FIELDS, "main")))
    return await _on(request, visit, identity, "approved")


@router.post(f"{PATH}/{{identity}}/edit", response_model=None)
async def edit(request: Request, identity: UUID, visit: Visiting) -> Response:
    """Make it what is ticked, with the words that stand there, and show that: it waits in the place of this one."""
    program, at = program_of(request), program_of(request).now()
    before = await _opened(program, visit, identity, at)
    typed = _typed(await form_of(request))
    try:
        edited = await approval.edit_down(program.store, identity, _edit(typed, before), by=visit.session.staff, at=at)
    except ApprovalError as error:
        return await _show(request, visit, identity, _with(typed, refusal(error, _FIELDS, "main")))
    return see_other(request, f"{PATH}/{edited.id}")


@router.post(f"{PATH}/{{identity}}/nothing-helpful", response_model=None)
async def nothing_helpful(request: Request, identity: UUID, visit: Visiting) -> Response:
    """Say that there is nothing helpful to share."""
    program, at = program_of(request), program_of(request).now()
    await _opened(program, visit, identity, at)
    try:
        await approval.nothing_helpful(program.store, identity, at=at, by=visit.session.staff)
    except ApprovalError as error:
        return await _show(request, visit, identity, Typed(errors=refusal(error, _FIELDS, "main")))
    return await _on(request, visit, identity, "nothing-helpful")


@router.post(f"{PATH}/{{identity}}/decline", response_model=None)
async def decline(request: Request, identity: UUID, visit: Visiting) -> Response:
    """Decline, with a reason that stays here."""
    program, at = program_of(request), program_of(request).now()
    await _opened(program, visit, identity, at)
    why = str((await form_of(request)).get("why", ""))
    try:
        await approval.decline(program.store, identity, why=why, at=at, by=visit.session.staff)
    except ApprovalError as error:
        return await _show(request, visit, identity, Typed(why=why, errors=refusal(error, _FIELDS, "main")))
    return await _on(request, visit, identity, "declined")


async def _opened(program: Program, visit: Visit, identity: UUID, at: datetime) -> StoredProposal:
    found = await read_proposal(program.store, identity, who(visit), at=at)
    if found is None:
        raise NotForYouError
    return found


def _typed(fields: FormData) -> Typed:
    items = frozenset(str(each) for each in fields.getlist("items"))
    summary = "\n".join(str(fields.get("summary", "")).splitlines())
    return Typed(items, summary, stands=fields.get("stands") == "yes")


def _with(typed: Typed, errors: Mapping[str, str]) -> Typed:
    return Typed(typed.items, typed.summary, typed.why, errors, typed.stands)


def _edit(typed: Typed, before: StoredProposal) -> Edit:
    """Give what was typed as a change. INVARIANT: words that somebody has rubbed out are never taken to stand."""
    items = None if typed.items is None else tuple(sorted(typed.items))
    rubbed_out = not typed.summary.strip() and before.clearance["summary"] is not None
    return Edit(items, "" if rubbed_out else typed.summary or None)


async def _show(request: Request, visit: Visit, identity: UUID, typed: Typed, done: str = "") -> Response:
    program, at = program_of(request), program_of(request).now()
    proposal = await _opened(program, visit, identity, at)
    zone = await zone_of(program.store)
    found = await shown(program.store, proposal, zone)
    summary = typed.summary or proposal.clearance["summary"] or ""
    return page(
        request,
        "approval.html",
        visit,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if typed.errors else HTTPStatus.OK,
        shown=found,
        proposal=proposal,
        typed=typed,
        summary=summary,
        told=told(summary),
        done=DONE.get(done),
        next=await _next(program, visit, identity, at),
        keys=request.cookies.get(KEYS) != "off",
        routine=_is_routine(proposal),
        late=found.due_at is not None and found.due_at < at,
        answered=proposal.question is not None and found.due_at is None,
        zone=zone,
        **_asked(found),
    )


def _is_routine(proposal: StoredProposal) -> bool:
    """Say whether what a proposal's exchange says may be approved beforehand."""
    exchange = load_exchanges().get(proposal.exchange or "")
    seen = proposal.state in {"waiting", "approved", "released"}
    return exchange is not None and exchange.approval is Approval.STANDING and seen


def _asked(found: Shown) -> dict[str, str]:
    recipient = found.recipient
    return {
        "recipient": plain(found.proposal.recipient) if recipient is None else recipient.name,
        "kind": "Not registered" if recipient is None else vocabulary.kind(recipient.kind),
        "what": vocabulary.exchange(found.proposal.exchange),
        "purpose": vocabulary.purpose(found.proposal.clearance["purpose"]),
    }


async def _next(program: Program, visit: Visit, identity: UUID, at: datetime) -> UUID | None:
    """Give the next that waits, after this one and then from the first; None where this is the only one."""
    async with program.store.unit_of_work() as uow:
        later = await decidable(uow, who(visit), at=at, after=identity, limit=1)
        first = later or await decidable(uow, who(visit), at=at, limit=1)
    return first[0].id if first and first[0].id != identity else None


async def _on(request: Request, visit: Visit, identity: UUID, done: str) -> Response:
    """Go on to the next that waits, or to Today."""
    program = program_of(request)
    following = await _next(program, visit, identity, program.now())
    return see_other(request, TODAY if following is None else f"{PATH}/{following}?done={done}")
