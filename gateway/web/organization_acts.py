"""What a privacy officer changes about a partner: the end of its agreement, its systems and keys, who is told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import Annotated, Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from adapters.key_sets import LARGEST, KeySetError, read_key_set
from adapters.reaching import reach
from consent.codes import Purpose
from consent.model import Organization
from gateway import caps, leaving, registering
from gateway.certificates import thumbprint
from gateway.program import Program
from gateway.registering import Credentials, RegistrationError, Wish
from gateway.stopping import StopError
from gateway.store.values import Client
from gateway.web import vocabulary
from gateway.web.guard import NotForYouError, for_roles, form_of, program_of
from gateway.web.organizations import PATH, keeps_registry, show
from gateway.web.refusals import refusal
from gateway.web.rendering import page, see_other
from gateway.web.roles import OFFICE
from gateway.web.sessions import Visit

router = APIRouter()

ONE: Final = f"{PATH}/{{organization}}"
FIELDS: Final = {
    "jwks": ("jwks", "Public keys"),
    "jwks-uri": ("jwks_uri", "Address of its keys"),
    "certificate": ("certificate", "Certificate"),
    "scope": ("scopes", "What it may ask for"),
    "purpose": ("purposes", "Why it asks"),
    "id": ("client_id", "Its id"),
    "organization": ("client_id", "This organization"),
    "client_id": ("client_id", "This system"),
    "address": ("address", "Address"),
    "role": ("role", "Role"),
    "lead_smtp_url": ("address", "E-mail"),
}

Visiting = Annotated[Visit, Depends(for_roles(OFFICE))]


@dataclass(frozen=True, slots=True)
class Keeper:
    """A privacy officer who may change the registry, before one organization of it."""

    request: Request
    program: Program
    visit: Visit
    organization: Organization

    @property
    def by(self) -> str:
        """Who it is, for the ledger."""
        return self.visit.session.staff

    @property
    def home(self) -> str:
        """Where the organization's page is."""
        return f"{PATH}/{self.organization.id}"


async def keeper(request: Request, organization: str, visit: Visiting) -> Keeper:
    """Let a privacy officer of whoever runs the site in. Raises NotForYouError, also for no such organization."""
    program = program_of(request)
    async with program.store.unit_of_work() as uow:
        known = await uow.registry.organization(organization)
        if known is None or not await keeps_registry(uow, visit):
            raise NotForYouError
    return Keeper(request, program, visit, known)


Keeping = Annotated[Keeper, Depends(keeper)]


@router.post(f"{ONE}/endpoint/test", response_model=None)
async def try_endpoint(here: Keeping) -> Response:
    """Connect to its endpoint and hang up: nothing is sent, about nobody."""
    async with here.program.store.unit_of_work() as uow:
        endpoint = await uow.registry.endpoint(here.organization.id)
    if endpoint is None:
        raise NotForYouError
    return await show(here.request, here.program, here.visit, here.organization.id, reached=await reach(endpoint))


@router.get(f"{ONE}/end", response_model=None)
async def ask_end(here: Keeping) -> Response:
    """Ask how it shall end."""
    return await _ask_end(here, {}, {})


@router.post(f"{ONE}/end", response_model=None)
async def end(here: Keeping) -> Response:
    """Set the agreement's last day, or let the organization go at once; either needs a tick."""
    typed = texts(await form_of(here.request), ("how", "last_day", "sure"))
    last = _day(typed["last_day"])
    errors = {} if typed["how"] in {"day", "leave"} else {"how": "Choose how it ends."}
    if typed["how"] == "day" and last is None:
        errors["last_day"] = "Last day: must be a day."
    if typed["sure"] != "yes":
        errors["sure"] = "Tick that you mean it. Nothing was changed."
    if errors:
        return await _ask_end(here, typed, errors)
    at, store, which = here.program.now(), here.program.store, here.organization.id
    try:
        if typed["how"] == "leave" or last is None:
            await leaving.leave(store, which, at=at, by=here.by)
        else:
            await leaving.end_agreement(store, which, last_day=last, at=at, by=here.by)
    except StopError as error:
        return await _ask_end(here, typed, refusal(error, {}, "how"))
    return see_other(here.request, here.home)


async def _ask_end(here: Keeper, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    async with here.program.store.unit_of_work() as uow:
        own = here.organization.id == here.visit.session.organization
        systems = [c for c in await uow.clients.every() if c.organization == here.organization.id and not c.disabled]
        told = [c for c in await uow.approvals.contacts() if c.organization == here.organization.id]
    more = {"systems": len(systems), "contacts": len(told), "own": own}
    return form_page(here, "organization_end.html", typed, errors, **more)


@router.get(f"{ONE}/clients/new", response_model=None)
async def ask_client(here: Keeping) -> Response:
    """Ask what a new system is."""
    return _client_form(here, {}, {})


@router.post(f"{ONE}/clients/new", response_model=None)
async def add_client(here: Keeping) -> Response:
    """Register a system, for no more than its kind may hold."""
    fields = await form_of(here.request)
    typed = texts(fields, ("client_id", "jwks", "jwks_uri", "certificate"))
    chosen = {name: tuple(str(each) for each in fields.getlist(name)) for name in ("scopes", "purposes")}
    try:
        why = tuple(Purpose(each) for each in chosen["purposes"])
        wish = Wish(here.organization.id, _credentials(typed), chosen["scopes"], why, typed["client_id"] or None)
        private = await _is_demo(here.program)
        await registering.register(here.program.store, wish, by=here.by, at=here.program.now(), private=private)
    except RegistrationError as error:
        return _client_form(here, {**typed, **chosen}, refusal(error, FIELDS, "client_id"))
    except ValueError:
        return _client_form(here, {**typed, **chosen}, {"purposes": "Why it asks: is not in the list."})
    return see_other(here.request, here.home)


def _client_form(here: Keeper, typed: Mapping[str, Any], errors: Mapping[str, str]) -> Response:
    kind = here.organization.kind
    scopes = sorted(caps.scopes_of(kind))
    purposes = [(each.value, vocabulary.purpose(each)) for each in caps.purposes_of(kind)]
    return form_page(here, "organization_client.html", typed, errors, scopes=scopes, purposes=purposes, client=None)


@router.get(f"{ONE}/clients/{{client}}", response_model=None)
async def ask_keys(here: Keeping, client: str) -> Response:
    """Ask for other keys of a system, or whether it shall stop."""
    return _keys_form(here, await _client(here, client), {}, {})


@router.post(f"{ONE}/clients/{{client}}/keys", response_model=None)
async def rotate(here: Keeping, client: str) -> Response:
    """Give a system other keys, another address of keys or another certificate, at once."""
    known = await _client(here, client)
    typed = texts(await form_of(here.request), ("jwks", "jwks_uri", "certificate"))
    try:
        given, private = _credentials(typed), await _is_demo(here.program)
        await registering.rotate(
            here.program.store, known.client_id, given, by=here.by, at=here.program.now(), private=private
        )
    except RegistrationError as error:
        return _keys_form(here, known, typed, refusal(error, FIELDS, "jwks"))
    return see_other(here.request, here.home)


@router.post(f"{ONE}/clients/{{client}}/disable", response_model=None)
async def disable(here: Keeping, client: str) -> Response:
    """Stop a system at once; it needs a tick."""
    known = await _client(here, client)
    if (await form_of(here.request)).get("sure") != "yes":
        return _keys_form(here, known, {}, {"sure": "Tick that you mean it. Nothing was changed."})
    await registering.disable(here.program.store, known.client_id, by=here.by, at=here.program.now())
    return see_other(here.request, here.home)


async def _client(here: Keeper, client: str) -> Client:
    async with here.program.store.unit_of_work() as uow:
        found = await uow.clients.get(client)
    if found is None or found.organization != here.organization.id or found.disabled:
        raise NotForYouError
    return found


def _keys_form(here: Keeper, client: Client, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    return form_page(here, "organization_keys.html", typed, errors, client=client)


def _credentials(typed: Mapping[str, str]) -> Credentials:
    return Credentials(_keys(typed["jwks"]), typed["jwks_uri"] or None, _thumbprint(typed["certificate"]))


def _keys(text: str) -> dict[str, Any] | None:
    if not text:
        return None
    if len(text.encode()) > LARGEST:
        raise RegistrationError(f"`--jwks`: must not be larger than {LARGEST} bytes")
    try:
        return read_key_set(text.encode())
    except KeySetError as error:
        rule = "holds a private key" if error.code == "private-key" else "must be a JWK set of public keys with `kid`"
        raise RegistrationError(f"`--jwks`: {rule}") from None


def _thumbprint(text: str) -> str | None:
    if not text:
        return None
    try:
        return thumbprint(x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.DER))
    except ValueError:
        raise RegistrationError("`--certificate`: must be a PEM certificate") from None


async def _is_demo(program: Program) -> bool:
    async with program.store.unit_of_work() as uow:
        return await uow.registry.mark() == "demo"


def form_page(
    here: Keeper, template: str, typed: Mapping[str, Any], errors: Mapping[str, str], **more: Any
) -> Response:
    """Give the page of a form about an organization; with errors it keeps what was typed, and its status is 422."""
    status = HTTPStatus.UNPROCESSABLE_ENTITY if errors else HTTPStatus.OK
    return page(
        here.request, template, here.visit, status=status, one=here.organization, typed=typed, errors=errors, **more
    )


def texts(fields: FormData, names: tuple[str, ...]) -> dict[str, str]:
    """Give the fields of a form as text without spaces around it; empty where one is missing."""
    return {name: str(fields.get(name, "")).strip() for name in names}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
