"""CDS Hooks: discovery, and the consultation `patient-consent-consult` (gateway.consulting).

Every refusal is one fixed card, at a whole multiple of the step of a refusal; an organization that discloses by the
participant's consents gets the whole card.
"""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request

from gateway.api import fixed, fixed_consents, pacing
from gateway.api.composition import gateway_of
from gateway.api.consents import let_in, party
from gateway.api.reading import RefusedError, is_plain, read_object
from gateway.api.responses import FixedResponse, PartyResponse
from mappings.fhir.consult.errors import ConsultError
from mappings.fhir.consult.question import read_question

router = APIRouter()

_JSON: Final = b"application/json; charset=utf-8"


@router.get("/cds-services", response_model=None)
async def services() -> FixedResponse:
    """Say which hooks are served (CDS Hooks, discovery)."""
    return FixedResponse(fixed_consents.SERVICES)


@router.post("/cds-services/patient-consent-consult", response_model=None)
async def consult(request: Request) -> FixedResponse | PartyResponse:
    """Say whether a consent permits one organization to receive information about a person."""
    arrived, gateway = pacing.now(), gateway_of(request)
    try:
        grant = await let_in(request, gateway, "Consent", "s")
        body = await read_object(request, gateway.settings.max_body_bytes)
        if not is_plain(body):
            return FixedResponse(fixed_consents.HOOK_BAD)
        question = read_question(body)
    except RefusedError as refusal:
        return FixedResponse(fixed_consents.HOOK_NOT_JSON if refusal.answer is fixed.NOT_JSON else refusal.answer)
    except ConsultError as error:
        return FixedResponse(fixed_consents.bad_hook(error))
    step = gateway.settings.neutral_step_ms
    try:
        found = await gateway.consents.consult(grant, question, gateway.now())
    except Exception:
        await pacing.until_step(arrived, step)
        raise
    return await party(found, grant, fixed_consents.NO_CONSENT, arrived, step, kind=_JSON)
