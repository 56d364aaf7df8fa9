"""Who at a partner is told that something waits: added, tried and stopped by a privacy officer."""

from collections.abc import Mapping
from typing import Final, Literal
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from adapters.staff.nudge import ContactError, NotTold
from gateway import nudging
from gateway.web.guard import NotForYouError, form_of
from gateway.web.organization_acts import FIELDS, ONE, Keeper, Keeping, form_page, texts
from gateway.web.organizations import show
from gateway.web.refusals import refusal
from gateway.web.rendering import see_other
from gateway.web.roles import Role
from gateway.web.words import plain

router = APIRouter()

_ROLES: Final = tuple((role.value, plain(role)) for role in Role)
_CHANNELS: Final = (("email", "E-mail"), ("webhook", "Webhook"))


@router.get(f"{ONE}/contacts/new", response_model=None)
async def ask_contact(here: Keeping) -> Response:
    """Ask who shall be told that something waits."""
    return _contact_form(here, {}, {})


@router.post(f"{ONE}/contacts/new", response_model=None)
async def add_contact(here: Keeping) -> Response:
    """Keep where staff are told."""
    typed = texts(await form_of(here.request), ("role", "channel", "address", "staff"))
    channel: Literal["email", "webhook"] = "webhook" if typed["channel"] == "webhook" else "email"
    try:
        await nudging.add_contact(
            here.program.store,
            organization=here.organization.id,
            role=typed["role"],
            channel=channel,
            address=typed["address"],
            staff=typed["staff"] or None,
        )
    except ContactError as error:
        return _contact_form(here, typed, refusal(error, FIELDS, "address"))
    return see_other(here.request, here.home)


def _contact_form(here: Keeper, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    return form_page(here, "organization_contact.html", typed, errors, role_options=_ROLES, channels=_CHANNELS)


@router.post(f"{ONE}/contacts/{{identity}}/test", response_model=None)
async def try_contact(here: Keeping, identity: UUID) -> Response:
    """Send a contact what it would get: that something waits, and nothing else."""
    await _check_contact(here, identity)
    settings, store = here.program.settings, here.program.store
    try:
        went = await nudging.try_contact(store, settings, nudging.doors_of(settings), identity, here.program.now())
    except ContactError as error:
        errors = refusal(error, FIELDS, "contacts")
        return await show(here.request, here.program, here.visit, here.organization.id, errors=errors)
    said = f"Could not be told ({went.cause})." if isinstance(went, NotTold) else "Told."
    return await show(here.request, here.program, here.visit, here.organization.id, said=said)


@router.post(f"{ONE}/contacts/{{identity}}/disable", response_model=None)
async def disable_contact(here: Keeping, identity: UUID) -> Response:
    """Tell a contact nothing any more."""
    await _check_contact(here, identity)
    await nudging.disable_contact(here.program.store, identity, here.program.now())
    return see_other(here.request, here.home)


async def _check_contact(here: Keeper, identity: UUID) -> None:
    async with here.program.store.unit_of_work() as uow:
        found = await uow.approvals.contact(identity)
    if found is None or found.organization != here.organization.id or found.disabled_at is not None:
        raise NotForYouError
