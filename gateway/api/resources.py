"""Read and search over the FHIR door: GET and HEAD of a type or a resource, POST of a search.

What may be said of a request before anything is looked up (scope, format, a parameter that is not served) is said at
once. From there on there are two answers: what may leave, or what everybody gets who finds nothing, at arrival plus a
whole multiple of the step of a refusal: 404 for a read, an empty searchset for a search (GR-03).
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from fastapi import APIRouter
from starlette.requests import Request

from consent.disclosure import Disclosure
from gateway.api import fixed, fixed_search, pacing
from gateway.api.admission import admitted_for
from gateway.api.composition import gateway_of
from gateway.api.negotiation import check_format, is_strict, parameters_of, tags_of, takes_gzip
from gateway.api.pacing import until_step
from gateway.api.ports import Gateway, Grant
from gateway.api.reading import RefusedError
from gateway.api.responses import FixedResponse, PulledResponse, Wish
from gateway.exit import Departure
from gateway.pulling import Pull, Pulled
from mappings.fhir.search_query import Query, QueryError, read_query
from mappings.fhir.search_table import CLINICAL
from mappings.fhir.searchset import View

PULLED: Final = (*CLINICAL, "Patient", "Provenance", "AuditEvent", "Task")
"""The types that are pulled. A Task is first of all an asker's own question (gateway/api/own_tasks.py)."""

Answer = FixedResponse | PulledResponse
Pairs = Sequence[tuple[str, str]]

router = APIRouter()

_log = structlog.get_logger(__name__)

_PAGE: Final = "_page"
_LONGEST_PAGE: Final = 64
_DESCRIPTION: Final = ("_id", "identifier", "family", "given", "name", "birthdate")
_NAMED_BY: Final = {"Provenance": ("_id", "target")}


async def search(request: Request, kind: str) -> Answer:
    """Answer one search of one type."""
    arrived = pacing.now()
    gateway = gateway_of(request)
    try:
        grant = await admitted_for(request, gateway, kind, "s")
        given = await parameters_of(request)
        return await search_as(request, grant, kind, given, arrived)
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)


async def search_as(request: Request, grant: Grant, kind: str, given: Pairs, arrived: float) -> Answer:
    """Answer the search of a client that has come in. Raises RefusedError for what is wrong with it: 400 or 406."""
    gateway = gateway_of(request)
    asked = await _asked(request, gateway, grant, kind, given)
    if asked is None:
        await until_step(arrived, gateway.settings.neutral_step_ms)
        return FixedResponse(fixed_search.nothing_found(kind, gateway.settings.base_url))
    return await _found(request, gateway, grant, asked, arrived)


async def _found(request: Request, gateway: Gateway, grant: Grant, asked: Pull, arrived: float) -> Answer:
    query = asked.query
    base = gateway.settings.base_url

    def shown(pulled: Pulled, sealed: Disclosure) -> PulledResponse:
        next_page = None if pulled.next_page is None else f"{base}/fhir/{query.kind}?{_PAGE}={pulled.next_page}"
        outcome = fixed_search.ignored(query.ignored, and_others=query.more_ignored)
        wish = Wish(ignored=outcome, next_page=next_page, gzip=takes_gzip(request))
        return PulledResponse(sealed, _view(gateway, query, pulled), wish, recipient=grant.organization)

    refused = fixed_search.nothing_found(query.kind, base, query.ignored, and_others=query.more_ignored)
    return await pulled_or(gateway, grant, asked, arrived, shown=shown, refused=refused)


async def read(request: Request, kind: str, identity: str) -> Answer:
    """Answer the read of one resource."""
    arrived = pacing.now()
    gateway = gateway_of(request)
    try:
        grant = await admitted_for(request, gateway, kind, "r")
        query = checked_query(request, gateway, kind, await parameters_of(request), is_read=True)
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    return await read_as(request, grant, query, identity, arrived)


async def read_as(request: Request, grant: Grant, query: Query, identity: str, arrived: float) -> Answer:
    """Answer the read of a client that has come in."""
    gateway = gateway_of(request)

    def shown(pulled: Pulled, sealed: Disclosure) -> PulledResponse:
        wish = Wish(one=True, gzip=takes_gzip(request), tags=tags_of(request))
        return PulledResponse(sealed, _view(gateway, query, pulled), wish, recipient=grant.organization)

    asked = Pull(query, identity=identity)
    return await pulled_or(gateway, grant, asked, arrived, shown=shown, refused=fixed.NOT_FOUND)


async def pulled_or(
    gateway: Gateway,
    grant: Grant,
    asked: Pull,
    arrived: float,
    *,
    shown: Callable[[Pulled, Disclosure], PulledResponse],
    refused: Departure,
) -> Answer:
    """Pull, and show what may leave at once; anything else, a failure too, on the step of a refusal."""
    try:
        pulled = await gateway.pull(grant, asked, gateway.now())
    except Exception:
        await until_step(arrived, gateway.settings.neutral_step_ms)
        raise
    answer = _shown_or_none(pulled, shown)
    if answer is None:
        await until_step(arrived, gateway.settings.neutral_step_ms)
    return answer or FixedResponse(refused)


def _shown_or_none(pulled: Pulled, shown: Callable[[Pulled, Disclosure], PulledResponse]) -> PulledResponse | None:
    """Show what may leave. INVARIANT: a failure here is a refusal: only what is on record could bring it about."""
    try:
        return shown(pulled, pulled.sealed) if isinstance(pulled.sealed, Disclosure) else None
    except Exception as error:  # noqa: BLE001  -- whatever it was, it must look like nothing
        _log.error("disclosure-not-shown", error_class=type(error).__name__)
        return None


async def _asked(request: Request, gateway: Gateway, grant: Grant, kind: str, given: Pairs) -> Pull | None:
    """Read what is asked for, or what a page goes on with; None: there is no such page, for this client and now."""
    tokens = [value for name, value in given if name == _PAGE]
    after = None
    if tokens:
        page = None
        if len(tokens) == 1 and len(tokens[0]) <= _LONGEST_PAGE:
            page = await gateway.page(grant, tokens[0], gateway.now())
        if page is None or page["kind"] != kind:
            return None
        given, after = [(name, value) for name, value in page["given"]], page["after"]
    query = checked_query(request, gateway, kind, given)
    _check_named(query)
    return Pull(query, given=tuple(given), after=after)


def checked_query(request: Request, gateway: Gateway, kind: str, given: Pairs, *, is_read: bool = False) -> Query:
    """Read the parameters of a search, or those beside a read. Raises RefusedError: 400 or 406."""
    try:
        query = read_query(kind, given, base=f"{gateway.settings.base_url}/fhir")
    except QueryError as error:
        raise RefusedError(fixed_search.bad_parameter(kind, error.parameter, error.rule)) from None
    check_format(request, query.format)
    if query.is_passing_over and is_strict(request):
        raise RefusedError(fixed_search.unknown_parameters(query.ignored, and_others=query.more_ignored))
    return Query(kind, format=query.format) if is_read else query


def _check_named(query: Query) -> None:
    """Refuse a search that is about nobody in particular."""
    by = _DESCRIPTION if query.kind == "Patient" else _NAMED_BY.get(query.kind, ("_id",))
    is_named = query.kind != "Patient" and query.patient is not None
    if not is_named and not any(len(query.values(name)) == 1 for name in by):
        raise RefusedError(fixed_search.NO_PARTICIPANT)


def _view(gateway: Gateway, query: Query, pulled: Pulled) -> View:
    return View(
        kind=query.kind,
        names=pulled.names,
        base_url=gateway.settings.base_url,
        organizations=gateway.organizations,
        updated=pulled.updated,
        told=pulled.told,
        with_patient=query.with_patient,
        with_provenance=query.with_provenance,
    )


Search = Callable[[Request], Awaitable[Answer]]
Read = Callable[[Request, str], Awaitable[Answer]]


def mount(doors: APIRouter, kind: str, searching: Search, reading: Read) -> None:
    """Mount the routes of one type: GET and HEAD of both kinds, POST of a search."""

    async def search_one(request: Request) -> FixedResponse | PulledResponse:
        return await searching(request)

    async def read_one(request: Request, identity: str) -> FixedResponse | PulledResponse:
        return await reading(request, identity)

    looking = ["GET", "HEAD"]
    doors.add_api_route(f"/fhir/{kind}", search_one, methods=looking, response_model=None)
    doors.add_api_route(f"/fhir/{kind}/_search", search_one, methods=["POST"], response_model=None)
    doors.add_api_route(f"/fhir/{kind}/{{identity}}", read_one, methods=looking, response_model=None)


def _doors_of(kind: str) -> tuple[Search, Read]:
    async def searching(request: Request) -> Answer:
        return await search(request, kind)

    async def reading(request: Request, identity: str) -> Answer:
        return await read(request, kind, identity)

    return searching, reading


for _kind in PULLED:
    if _kind != "Task":
        mount(router, _kind, *_doors_of(_kind))
