"""Organizations: who the partners are, what binds them, what reaches them, and what each kind receives at most."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from consent.codes import OrganizationKind
from consent.days import day_of
from consent.model import Organization
from gateway.caps import purposes_of
from gateway.exchanges.configured import Promise, configured
from gateway.program import Program
from gateway.store.repositories.approvals import Contact
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import Client
from gateway.web import vocabulary
from gateway.web.guard import NotForYouError, for_roles, program_of
from gateway.web.most import most, sent_to
from gateway.web.rendering import page
from gateway.web.roles import CASEWORK, Role
from gateway.web.sessions import Visit
from gateway.web.site import zone_of

router = APIRouter()

PATH: Final = "/console/organizations"
_SOON: Final = timedelta(days=60)
_KEEPERS: Final = frozenset({OrganizationKind.CASE_MANAGEMENT, OrganizationKind.PROJECT_MANAGEMENT})
"""Whose privacy officers keep the registry: those who run the site, not those who are partners of it."""

Visiting = Annotated[Visit, Depends(for_roles(CASEWORK))]


@dataclass(frozen=True, slots=True)
class Known:
    """What is on file about one organization."""

    organization: Organization
    endpoint: str | None
    clients: tuple[Client, ...]
    contacts: tuple[Contact, ...]
    changes: tuple[dict[str, Any], ...]
    promise: Promise | None


async def keeps_registry(uow: UnitOfWork, visit: Visit) -> bool:
    """Say whether somebody may change the registry: a privacy officer of an organization that runs the site."""
    if Role.PRIVACY_OFFICER not in visit.roles:
        return False
    own = await uow.registry.organization(visit.session.organization)
    return own is not None and own.kind in _KEEPERS


@router.get(PATH, response_model=None)
async def registry(request: Request, visit: Visiting) -> Response:
    """Show every organization."""
    program, at = program_of(request), program_of(request).now()
    zone = await zone_of(program.store)
    async with program.store.unit_of_work() as uow:
        known = [each for each, _ in (await uow.registry.organizations()).values()]
        working = [client.organization for client in await uow.clients.every() if not client.disabled]
        endpoints = {each.id: await uow.registry.endpoint(each.id) for each in known}
    today = day_of(at, zone)
    rows = [
        {
            "one": each,
            "kind": vocabulary.kind(each.kind),
            "part2": vocabulary.part2(each.part2_status),
            "hipaa": vocabulary.hipaa(each.hipaa_status),
            "agreement": agreement(each, today),
            "systems": working.count(each.id),
            "endpoint": endpoints[each.id] is not None,
        }
        for each in sorted(known, key=lambda each: each.name)
    ]
    return page(request, "organizations.html", visit, rows=rows)


def agreement(organization: Organization, today: date) -> tuple[str, str]:
    """Say how the agreement stands: a word, and the kind of its tag."""
    last = organization.agreement_expires
    if last is None:
        return "none", "stop"
    if last < today:
        return "ended", "stop"
    return ("ends soon", "wait") if last - today <= _SOON else ("in date", "go")


@router.get(f"{PATH}/most", response_model=None)
async def at_most(request: Request, visit: Visiting, kind: str = "") -> Response:
    """Show what a kind may receive at most, and which exchanges reach it."""
    program, at = program_of(request), program_of(request).now()
    known = {each.value: each for each in OrganizationKind if purposes_of(each)}
    chosen = known.get(kind, OrganizationKind.PROSECUTOR)
    async with program.store.unit_of_work() as uow:
        exchanges = list((await configured(uow, at)).exchanges.values())
    options = sorted(((code, vocabulary.kind(each)) for code, each in known.items()), key=lambda pair: pair[1])
    return page(
        request,
        "organizations_most.html",
        visit,
        table=most(chosen),
        exchanges=sent_to(chosen, exchanges),
        options=options,
        chosen=chosen.value,
    )


@router.get(f"{PATH}/{{organization}}", response_model=None)
async def one(request: Request, organization: str, visit: Visiting) -> Response:
    """Show one organization."""
    program = program_of(request)
    return await show(request, program, visit, organization)


async def show(request: Request, program: Program, visit: Visit, identity: str, **more: Any) -> Response:
    """Give the page of an organization. Raises NotForYouError for one that is not here."""
    at, zone = program.now(), await zone_of(program.store)
    async with program.store.unit_of_work() as uow:
        known = await _known(uow, identity, at)
        keeper = await keeps_registry(uow, visit)
    found = known.organization
    return page(
        request,
        "organization.html",
        visit,
        known=known,
        one=found,
        kind=vocabulary.kind(found.kind),
        part2=vocabulary.part2(found.part2_status),
        hipaa=vocabulary.hipaa(found.hipaa_status),
        agreement=agreement(found, day_of(at, zone)),
        keeper=keeper,
        words=vocabulary,
        zone=zone,
        **{"errors": {}, "reached": None, "said": None, **more},
    )


async def _known(uow: UnitOfWork, identity: str, at: datetime) -> Known:
    found = await uow.registry.organization(identity)
    if found is None:
        raise NotForYouError
    return Known(
        found,
        await uow.registry.endpoint(identity),
        tuple(each for each in await uow.clients.every() if each.organization == identity),
        tuple(each for each in await uow.approvals.contacts() if each.organization == identity),
        tuple(_changes(await uow.registry.history(identity))),
        (await configured(uow, at)).promises.get(identity),
    )


def _changes(history: list[tuple[int, datetime, Organization, str | None]]) -> list[dict[str, Any]]:
    """Give what each version changed, newest first; the first says only that it was recorded."""
    found = []
    for place, (version, at, now, endpoint) in enumerate(history):
        before = history[place + 1] if place + 1 < len(history) else None
        what = "recorded" if before is None else "; ".join(_differences(before[2], now, before[3], endpoint))
        found.append({"version": version, "at": at, "what": what or "recorded again"})
    return found


def _differences(old: Organization, new: Organization, was: str | None, endpoint: str | None) -> list[str]:
    pairs = (
        ("name", old.name, new.name),
        ("kind", vocabulary.kind(old.kind), vocabulary.kind(new.kind)),
        ("Part 2", vocabulary.part2(old.part2_status), vocabulary.part2(new.part2_status)),
        ("HIPAA", vocabulary.hipaa(old.hipaa_status), vocabulary.hipaa(new.hipaa_status)),
        ("agreement until", str(old.agreement_expires or "none"), str(new.agreement_expires or "none")),
        ("endpoint", was or "none", endpoint or "none"),
    )
    return [f"{label}: {before}, now {after}" for label, before, after in pairs if before != after]
