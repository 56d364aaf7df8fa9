"""A session of the console: begins with a sign-in, ends when idle, when old, when told, and with the agreement."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from gateway import ledger
from gateway.permissions import may_receive
from gateway.settings import Settings
from gateway.store.repositories.console import Session
from gateway.store.unit_of_work import SiteNotConfiguredError, Store, UnitOfWork
from gateway.web.roles import Role, roles_of

_TOUCH: Final = timedelta(seconds=30)  # a page that is asked for twice in a minute need not write twice
_LONGEST_NAME: Final = 200
_FORM: Final = b"lead console form"


class NotLetInError(Exception):
    """Whom the provider vouches for is not let in. `why`: a closed code, shown as a sentence of our own."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is signed in. `form`: the value that each of their forms carries (CSRF)."""

    session: Session
    form: str

    @property
    def roles(self) -> frozenset[Role]:
        """What they may act as."""
        return roles_of(self.session.roles)


def person_of(claims: Mapping[str, Any], settings: Settings, at: datetime) -> Session:
    """Read who somebody is from the claims that the provider signed. Raises NotLetInError."""
    staff, organization = claims.get(settings.oidc_staff_claim), claims.get(settings.oidc_organization_claim)
    roles = roles_of(claims.get(settings.oidc_roles_claim))
    if not _is_name(staff) or not _is_name(organization):
        raise NotLetInError("no-organization")
    if not roles:
        raise NotLetInError("no-role")
    name = claims.get("name") if _is_name(claims.get("name")) else staff
    return Session(str(staff), str(name), str(organization), frozenset(r.value for r in roles), at, at)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and len(value) <= _LONGEST_NAME and value.isprintable()


async def start(store: Store, person: Session, at: datetime) -> str:
    """Let somebody in, on the ledger. Returns the token for their cookie. Raises NotLetInError."""
    token = secrets.token_urlsafe(32)
    async with store.unit_of_work() as uow:
        if not await _is_partner(uow, person.organization, at):
            raise NotLetInError("no-agreement")
        await uow.console.start(token, person)
        await _account(uow, "signed-in", person, at)
        await uow.commit()
    return token


async def _is_partner(uow: UnitOfWork, organization: str, at: datetime) -> bool:
    site = await uow.registry.site_at()
    if site is None:
        raise SiteNotConfiguredError("`site`: no settings have been ingested yet")
    known = (await uow.registry.organizations()).get(organization)
    return may_receive(None if known is None else known[0], site[0], at)


async def _account(uow: UnitOfWork, kind: str, person: Session, at: datetime) -> None:
    content = {"staff": person.staff, "roles": sorted(person.roles)}
    await ledger.append(uow, kind, at=at, content=content, organization=person.organization)


async def visit(store: Store, settings: Settings, token: str, at: datetime) -> Visit | None:
    """Give who comes with a cookie; None where nobody is signed in by it now."""
    async with store.unit_of_work() as uow:
        found = await uow.console.session(token)
        if found is None or not goes_on(found, settings, at) or not await _is_partner(uow, found.organization, at):
            return None
        if at - found.seen_at >= _TOUCH:
            await uow.console.seen(token, at)
            await uow.commit()
    return Visit(found, form_value(token))


def goes_on(session: Session, settings: Settings, at: datetime) -> bool:
    """Say whether a session is neither ended nor idle for too long nor too old."""
    idle, oldest = timedelta(minutes=settings.session_idle_minutes), timedelta(hours=settings.session_hours)
    return session.ended_at is None and at - session.seen_at < idle and at - session.started_at < oldest


async def end(store: Store, token: str, at: datetime) -> None:
    """End a session, on the ledger."""
    async with store.unit_of_work() as uow:
        found = await uow.console.session(token)
        if found is not None and found.ended_at is None:
            await uow.console.end(token, at)
            await _account(uow, "signed-out", found, at)
            await uow.commit()


def form_value(token: str) -> str:
    """Give what proves that a form came from a page of ours: follows from the cookie, does not tell it."""
    return hmac.new(token.encode(), _FORM, sha256).hexdigest()


def is_own_form(token: str, value: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(form_value(token).encode(), value.encode())
