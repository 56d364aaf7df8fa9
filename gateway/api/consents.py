"""Consents by FHIR: IHE PCF Access Consent (ITI-108) read and search, and what HL7 FAST lets partners file.

GET /fhir/Consent and POST /fhir/Consent/_search with a patient and a status; GET /fhir/Consent/{id}; POST /fhir/Consent
and Consent/$fileConsent, Consent/$revokeConsent, AuditEvent/$recordDisclosure, in both spellings. What may be seen is
`gateway.showing`; the rendering is IHE PCF, or FAST by `_profile` or by a `profile` in Accept. Whatever is filed gets
one answer, and that, and every search or read that finds nothing, leaves at a whole multiple of a refusal's step.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

from fastapi import APIRouter
from starlette.requests import Request

from gateway.api import fixed, fixed_consents, pacing
from gateway.api.admission import admitted
from gateway.api.composition import gateway_of
from gateway.api.negotiation import check_format, is_strict, parameters_of
from gateway.api.ports import Gateway, Grant
from gateway.api.reading import RefusedError, is_plain, read_object
from gateway.api.responses import FixedResponse, PartyResponse
from gateway.api.scopes import permits
from gateway.exit import Departure
from gateway.showing import PartyAnswer
from mappings.fhir.consent_profiles import Profile, profile_named
from mappings.fhir.consent_search import ConsentQuery, ConsentQueryError, read_query
from mappings.fhir.filed import FiledConsent, FilingError, read_consent, read_disclosure, read_filing, read_revocation

router = APIRouter()

T = TypeVar("T")
_Act = Callable[[Grant, T, datetime], Awaitable[None]]


@router.api_route("/fhir/Consent", methods=["GET", "HEAD"], response_model=None)
async def search(request: Request) -> FixedResponse | PartyResponse:
    """Search for the Consents of one participant."""
    return await _search(request, pacing.now())


@router.post("/fhir/Consent/_search", response_model=None)
async def search_by_form(request: Request) -> FixedResponse | PartyResponse:
    """Search with the parameters in a form, so that no address holds them."""
    return await _search(request, pacing.now())


async def _search(request: Request, arrived: float) -> FixedResponse | PartyResponse:
    gateway = gateway_of(request)
    try:
        grant = await let_in(request, gateway, "Consent", "s")
        query = await _query(request)
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    nothing = fixed_consents.nothing_found(gateway.settings.base_url, ignored=query.ignored)
    step = gateway.settings.neutral_step_ms
    try:
        found = await gateway.consents.search(grant, query, gateway.now())
    except Exception:
        await pacing.until_step(arrived, step)
        raise
    return await party(found, grant, nothing, arrived, step)


async def _query(request: Request) -> ConsentQuery:
    """Read a search. Raises RefusedError: 400, 406 or 415."""
    given = await parameters_of(request)
    check_format(request, next((value for name, value in given if name == "_format"), None))
    try:
        query = read_query(given, _profile(request))
    except ConsentQueryError as error:
        raise RefusedError(fixed_consents.bad_query(error)) from None
    if query.ignored and is_strict(request):
        raise RefusedError(fixed_consents.UNKNOWN_PARAMETER)
    return query


def _profile(request: Request) -> Profile:
    """Give the profile that `Accept` asks for by its parameter `profile`; IHE PCF where it asks for none."""
    for kind in request.headers.get("accept", "").split(","):
        for parameter in kind.split(";")[1:]:
            name, _, value = parameter.strip().partition("=")
            found = profile_named(value.strip('"')) if name.lower() == "profile" else None
            if found is not None:
                return found
    return Profile.PCF


@router.api_route("/fhir/Consent/{identity}", methods=["GET", "HEAD"], response_model=None)
async def read(request: Request, identity: str) -> FixedResponse | PartyResponse:
    """Read one Consent; whatever may not be seen is not there."""
    arrived, gateway = pacing.now(), gateway_of(request)
    try:
        grant = await let_in(request, gateway, "Consent", "r")
        check_format(request, request.query_params.get("_format"))
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    named = profile_named(request.query_params.get("_profile", ""))
    step = gateway.settings.neutral_step_ms
    try:
        found = await gateway.consents.read(grant, identity, named or _profile(request), gateway.now())
    except Exception:
        await pacing.until_step(arrived, step)
        raise
    return await party(found, grant, fixed.NOT_FOUND, arrived, step)


async def party(
    found: PartyAnswer | None,
    grant: Grant,
    otherwise: Departure,
    arrived: float,
    step: int,
    *,
    kind: bytes | None = None,
) -> FixedResponse | PartyResponse:
    """Answer with what a party is told, or else with a constant, at its step."""
    if found is None:
        await pacing.until_step(arrived, step)
        return FixedResponse(otherwise)
    return PartyResponse(found, recipient=grant.organization, kind=kind or fixed.FHIR_JSON)


async def let_in(request: Request, gateway: Gateway, resource: str, letter: str) -> Grant:
    """Give what the token is worth, if it covers this. Raises RefusedError."""
    grant = await admitted(request, gateway)
    if not permits(grant.scopes, resource, letter):
        raise RefusedError(fixed_consents.LACKS[resource, letter])
    return grant


async def _filed(
    request: Request, scope: tuple[str, str], read_it: Callable[[Any], T], act: Callable[[Gateway], _Act[T]]
) -> FixedResponse:
    """Take something in that is filed. INVARIANT: one answer at one pace, whoever it is about."""
    arrived, gateway = pacing.now(), gateway_of(request)
    try:
        grant = await let_in(request, gateway, *scope)
        filed = read_it(await _plain(request, gateway))
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    except FilingError as error:
        return FixedResponse(fixed_consents.bad_filing(error))
    try:
        await act(gateway)(grant, filed, gateway.now())
    finally:
        await pacing.until_step(arrived, pacing.FILING_STEPS * gateway.settings.neutral_step_ms)
    return FixedResponse(fixed_consents.RECEIVED)


async def _plain(request: Request, gateway: Gateway) -> Any:
    body = await read_object(request, gateway.settings.max_body_bytes)
    if not is_plain(body):
        raise RefusedError(fixed.NOT_JSON)
    return body


def _bare(body: Any) -> FiledConsent:
    return read_consent(body)


@router.post("/fhir/Consent", response_model=None)
async def create(request: Request) -> FixedResponse:
    """Take a Consent in, like $fileConsent without papers."""
    return await _filed(request, ("Consent", "c"), _bare, lambda gateway: gateway.consents.file)


@router.post("/fhir/Consent/$fileConsent", response_model=None)
@router.post("/fhir/Consent/$file-consent", response_model=None)
async def file_consent(request: Request) -> FixedResponse:
    """Take a consent in, unverified, with its papers."""
    return await _filed(request, ("Consent", "c"), read_filing, lambda gateway: gateway.consents.file)


@router.post("/fhir/Consent/$revokeConsent", response_model=None)
@router.post("/fhir/Consent/$revoke-consent", response_model=None)
async def revoke_consent(request: Request) -> FixedResponse:
    """Take a revocation in; in force at once."""
    return await _filed(request, ("Consent", "c"), read_revocation, lambda gateway: gateway.consents.revoke)


@router.post("/fhir/AuditEvent/$recordDisclosure", response_model=None)
@router.post("/fhir/AuditEvent/$record-disclosure", response_model=None)
async def record_disclosure(request: Request) -> FixedResponse:
    """Put a partner's own disclosure on the ledger."""
    return await _filed(request, ("AuditEvent", "c"), read_disclosure, lambda gateway: gateway.consents.record)
