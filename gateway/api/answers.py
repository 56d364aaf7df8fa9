"""The answer to an own question, from its due time on; and what a person promises before asking (LEAD GR-05).

GET /fhir/Bundle/{id}, where a completed Task's `output` points: a disclosure, decided at this moment, or the neutral
answer, at a whole multiple of a refusal's step. POST /fhir/$attest: for the session of one access token.
"""

from fastapi import APIRouter
from starlette.requests import Request

from consent.disclosure import Disclosure
from gateway.api import fixed, fixed_subscriptions, pacing
from gateway.api.admission import admitted_for
from gateway.api.composition import gateway_of
from gateway.api.ports import Gateway, Grant
from gateway.api.reading import RefusedError, read_object
from gateway.api.responses import DisclosureResponse, FixedResponse
from gateway.attesting import Attestation
from mappings.fhir.attestation import AttestationError, read_attestation

router = APIRouter()


@router.get("/fhir/Bundle/{identity}", response_model=None)
async def answer(request: Request, identity: str) -> FixedResponse | DisclosureResponse:
    """Give the answer to a question that one's own organization has asked."""
    arrived, gateway = pacing.now(), gateway_of(request)
    try:
        grant = await admitted_for(request, gateway, "Task", "r")
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    step = gateway.settings.neutral_step_ms
    try:
        response, is_told = await _answer(gateway, grant, identity)
    except Exception:
        await pacing.until_step(arrived, step)
        raise
    if not is_told:
        await pacing.until_step(arrived, step)
    return response


async def _answer(gateway: Gateway, grant: Grant, identity: str) -> tuple[FixedResponse | DisclosureResponse, bool]:
    sealed = await gateway.telling.answer(grant, identity, gateway.now())
    if sealed is None:
        return FixedResponse(fixed.NOT_FOUND), False
    response = DisclosureResponse(
        sealed,
        recipient=grant.organization,
        organizations=gateway.organizations,
        base_url=gateway.settings.base_url,
    )
    return response, isinstance(sealed, Disclosure)


@router.post("/fhir/$attest", response_model=None)
async def attest(request: Request) -> FixedResponse:
    """Take a promise for this session: it covers the questions of that person, in that role, for that purpose."""
    gateway = gateway_of(request)
    try:
        grant = await admitted_for(request, gateway, "Task", "c")
        said = read_attestation(await read_object(request, gateway.settings.max_body_bytes))
    except RefusedError as refusal:
        return FixedResponse(refusal.answer)
    except AttestationError:
        return FixedResponse(fixed_subscriptions.NOT_AN_ATTESTATION)
    kept = await gateway.telling.attest(grant, Attestation(*said), gateway.now())
    return FixedResponse(fixed_subscriptions.ATTESTED if kept else fixed_subscriptions.ATTESTED_OTHERWISE)
