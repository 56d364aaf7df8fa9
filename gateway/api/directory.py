"""Who the partners are, over the FHIR door: Organization, Practitioner, PractitionerRole. Nothing about a participant.

An organization is its id and its name; its kind could say that it treats substance use. Staff are those of whom the
site keeps a way to reach them (`lead-gateway contacts`), by name and role; the way itself is not told.
"""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request

from gateway.api import fixed_search
from gateway.api.admission import admitted_for
from gateway.api.composition import gateway_of
from gateway.api.fixed_search import Directory, StaffMember
from gateway.api.negotiation import parameters_of
from gateway.api.ports import Gateway
from gateway.api.reading import RefusedError
from gateway.api.resources import Answer, checked_query, mount
from gateway.api.responses import FixedResponse
from mappings.fhir.search_match import matches
from mappings.fhir.search_query import Query
from mappings.fhir.search_table import REGISTRY

router = APIRouter()

_ID: Final = "_id"


async def _directory(gateway: Gateway) -> Directory:
    staff = [StaffMember(*one) for one in await gateway.staff()]
    return Directory(gateway.organizations.values(), staff)


async def search(request: Request, kind: str) -> Answer:
    """List the partners, or their staff, who fit."""
    gateway = gateway_of(request)
    try:
        await admitted_for(request, gateway, kind, "s")
        query = checked_query(request, gateway, kind, await parameters_of(request))
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    found = await _directory(gateway)
    outcome = fixed_search.ignored(query.ignored, and_others=query.more_ignored)
    return FixedResponse(found.search(kind, gateway.settings.base_url, fitting(query), outcome, query.count))


def fitting(query: Query) -> fixed_search.Fits:
    """Give what says whether a resource fits a search, its id included."""
    ids = [one.values for one in query.criteria if one.parameter.name == _ID]
    rest = tuple(one for one in query.criteria if one.parameter.name != _ID)

    def fits(resource: Mapping[str, Any]) -> bool:
        return all(resource["id"] in values for values in ids) and matches(resource, rest)

    return fits


async def read(request: Request, kind: str, identity: str) -> Answer:
    """Give one partner, or member of staff."""
    gateway = gateway_of(request)
    try:
        await admitted_for(request, gateway, kind, "r")
        checked_query(request, gateway, kind, await parameters_of(request), is_read=True)
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    return FixedResponse((await _directory(gateway)).read(kind, identity))


def _mount(kind: str) -> None:
    async def searching(request: Request) -> Answer:
        return await search(request, kind)

    async def reading(request: Request, identity: str) -> Answer:
        return await read(request, kind, identity)

    mount(router, kind, searching, reading)


for _kind in REGISTRY:
    _mount(_kind)
