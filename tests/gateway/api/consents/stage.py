"""A real site behind the real routes, with systems of several organizations, each with a live token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import orjson
from fastapi import FastAPI

from consent.codes import Purpose
from gateway.api import install
from gateway.demo.site import HOUSING, JAIL_HEALTH, PROSECUTOR
from gateway.demo.site_record import CASE_MANAGEMENT, HOSPITAL
from gateway.public_ids import public_ids
from gateway.store.repositories.duties import Duty
from gateway.store.values import Client
from gateway.store.vault import Vault
from mappings.fhir import codes
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene

Json = dict[str, Any]
ROWAN = "p-rowan"
SID = "WA90000007"
SCOPES = frozenset({"system/Consent.crs", "system/AuditEvent.c"})
PURPOSES = {JAIL_HEALTH: Purpose.TREATMENT, HOSPITAL: Purpose.TREATMENT}
STEP = 15  # milliseconds


@dataclass
class Stage:
    """The site, a client on its routes, and a token by organization."""

    scene: Scene
    http: httpx2.AsyncClient
    tokens: dict[str, str]

    def bearer(self, organization: str, **more: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.tokens[organization]}", **more}

    async def get(self, organization: str, path: str, params: Any = None, **headers: str) -> httpx2.Response:
        return await self.http.get(path, params=params, headers=self.bearer(organization, **headers))

    async def post(self, organization: str, path: str, body: Any, **headers: str) -> httpx2.Response:
        said = {"content-type": "application/fhir+json", **headers}
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        return await self.http.post(path, content=content, headers=self.bearer(organization, **said))

    async def search(self, organization: str, patient: str | None = None, **more: str) -> httpx2.Response:
        wanted = {"patient": patient} if patient else {"patient.identifier": f"sid|{SID}"}
        return await self.get(organization, "/fhir/Consent", {**wanted, "status": "active", **more})

    async def own_id(self, organization: str, row: UUID | str) -> str:
        """The id by which an organization knows a row."""
        return (await public_ids(Vault(self.scene.store.keys), organization)).given(row)

    async def rowan(self) -> UUID:
        return await self.scene.participant(ROWAN)

    async def consents(self, reference: str = ROWAN) -> list[Any]:
        who = await self.scene.participant(reference)
        async with self.scene.store.unit_of_work() as uow:
            return [consent for consent, _ in await uow.consents.signed(who)]

    async def duties(self, kind: str = "consent-unverified", reference: str = ROWAN) -> list[Duty]:
        who = await self.scene.participant(reference)
        async with self.scene.store.unit_of_work() as uow:
            found: list[Duty] = await uow.duties.open(kinds=[kind])
        return [duty for duty in found if duty.participant == who]


@asynccontextmanager
async def opened_stage(folder: Path, urls: DatabaseUrls) -> AsyncIterator[Stage]:
    """The stage, with the demo's people as they are before its story."""
    async with opened_scene(folder, urls, neutral_step_ms=STEP) as scene:
        tokens = {}
        async with scene.store.unit_of_work() as uow:
            for organization in (JAIL_HEALTH, HOSPITAL, CASE_MANAGEMENT, HOUSING, PROSECUTOR):
                client = Client(f"{organization}-system", organization, {"keys": []}, SCOPES, disabled=False)
                await uow.clients.put(client)
                tokens[organization] = f"token-of-{organization}-{'x' * 20}"
                purpose = PURPOSES.get(organization, Purpose.CARE_COORDINATION)
                until = scene.clock() + timedelta(hours=8)
                await uow.clients.add_token(
                    tokens[organization], client.client_id, SCOPES, until, purpose=purpose, person=None, thumbprint=None
                )
            await uow.commit()
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        install(app, scene.program)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="https://gateway.test") as http:
            yield Stage(scene, http, tokens)


def consent(identifier: str = "c-1", sid: str = SID, **more: Any) -> Json:
    """A Consent as a hospital's system would file it."""
    made = {
        "resourceType": "Consent",
        "identifier": [{"system": "urn:lakeside:consents", "value": identifier}],
        "status": "active",
        "scope": codes.concept(codes.CONSENT_SCOPE, "patient-privacy"),
        "category": [codes.concept(codes.LOINC, "59284-0")],
        "patient": {"identifier": {"system": "sid", "value": sid}},
        "dateTime": "2026-11-20",
        "policy": [{"uri": codes.PART2_POLICY}],
        "provision": {"type": "permit", "purpose": [{"system": codes.ACT_REASON, "code": "TREAT"}]},
    }
    return {name: content for name, content in (made | more).items() if content is not None}


def filing(resource: Json, *papers: Json) -> Json:
    """The Parameters of $fileConsent."""
    given = [{"name": "consent", "resource": resource}, *({"name": "document", "resource": one} for one in papers)]
    return {"resourceType": "Parameters", "parameter": given}


def revoking(consent: Json, sid: str = SID) -> Json:
    """The Parameters of $revokeConsent."""
    patient = {"identifier": {"system": "sid", "value": sid}}
    given = [{"name": "consent", "valueReference": consent}, {"name": "patient", "valueReference": patient}]
    return {"resourceType": "Parameters", "parameter": given}


def recording(consent: Json, sid: str = SID) -> Json:
    """The Parameters of $recordDisclosure."""
    who = {"type": "Patient", "identifier": {"system": "sid", "value": sid}}
    event = {"resourceType": "AuditEvent", "recorded": "2026-11-23T10:00:00Z", "entity": [{"what": who}]}
    given = [{"name": "disclosure", "resource": event}, {"name": "consent", "valueReference": consent}]
    return {"resourceType": "Parameters", "parameter": given}


def hook(actor: str, sid: str = SID, **more: Any) -> Json:
    """The body of a consultation: may `actor` receive."""
    context = {
        "patientId": [{"system": "sid", "value": sid}],
        "actor": [{"system": codes.ORGANIZATION, "value": actor}],
        **more,
    }
    return {"hook": "patient-consent-consult", "hookInstance": "h-1", "context": context}
