"""A hospital's system at the FHIR door of a site where each participant is there for one cause."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import orjson
from fastapi import FastAPI

from consent.codes import Purpose
from gateway import ingesting, stopping
from gateway.api import install
from gateway.demo.site import HOSPITAL, HOUSING, PROSECUTOR, build_site
from gateway.demo.site_record import CASE_MANAGEMENT
from gateway.public_ids import PublicIds, public_ids
from gateway.store.values import Client
from gateway.store.vault import Vault
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import DEMO, NOON, People, Scene, opened_scene

ALL = ("identity", "participation", "care-plan", "goals", "barriers", "medications", "physical-health", "custody")
CAUSES = {
    "no consent": "p-birch",
    "revoked": "p-elm",
    "held": "p-ivy",
    "restricted": "p-oak",
    "withheld": "p-pine",
    "nothing on record": "p-yew",
}
"""Why nothing is told, by whom it is not told about. A stranger is the seventh."""

STRANGER = "0190f3a0-0000-7000-8000-00000000dead"
SCOPES = frozenset({"system/*.cruds"})


def about(stem: str) -> dict[str, str]:
    return {"reference": f"Patient/p-{stem}"}


def resources(stem: str) -> dict[str, dict[str, Any]]:
    """One resource of each type that is on record, by its category."""
    subject = {"subject": about(stem)}
    coding = {"coding": [{"system": "http://loinc.org", "code": "1-8", "display": "Something"}], "text": "something"}
    medicine = {"medicationCodeableConcept": coding}
    return {
        "identity": {
            "resourceType": "Patient",
            "name": [{"family": stem.title(), "given": ["Testina"]}],
            "gender": "male",
        },
        "participation": {"resourceType": "EpisodeOfCare", "status": "active", "patient": about(stem)},
        "care-plan": {
            "resourceType": "CarePlan",
            "status": "active",
            "intent": "plan",
            "title": "A plan",
            "period": {"start": "2026-10-01", "end": "2026-12-31"},
            "note": [{"text": "canary-note"}],
            **subject,
        },
        "goals": {"resourceType": "Goal", "lifecycleStatus": "active", "description": coding, **subject},
        "barriers": {
            "resourceType": "ServiceRequest",
            "status": "active",
            "intent": "order",
            "code": coding,
            **subject,
        },
        "medications": {"resourceType": "MedicationStatement", "status": "active", **medicine, **subject},
        "physical-health": {"resourceType": "Condition", "code": coding, **subject},
        "custody": {
            "resourceType": "Encounter",
            "status": "in-progress",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
            "type": [coding],
            "reasonCode": [{"text": "canary-reason"}],
            "period": {"start": "2026-11-20T08:00:00-08:00"},
            **subject,
        },
    }


def records(stem: str, *, goals: int = 1) -> list[dict[str, Any]]:
    found = [(category, category, resource) for category, resource in resources(stem).items()]
    goal = resources(stem)["goals"]
    found += [(f"goal-{n}", "goals", goal) for n in range(1, goals)]
    return [
        {
            "id": f"r-{stem}-{name}",
            "participant": f"p-{stem}",
            "category": category,
            "source": CASE_MANAGEMENT,
            "created": "2026-11-20T09:00:00-08:00",
            "resource": {**resource, "id": f"p-{stem}" if name == "identity" else f"r-{stem}-{name}"},
        }
        for name, category, resource in found
    ]


def _roi(template: dict[str, Any], stem: str, categories: tuple[str, ...], **more: Any) -> dict[str, Any]:
    common = {"discloser": [CASE_MANAGEMENT], "expires": (NOON + timedelta(days=100)).isoformat()}
    coordination = ["treatment", "care-coordination"]
    grants = [
        {"id": "g-hospital", "recipient": [HOSPITAL], "purposes": coordination, "categories": list(categories)},
        {"id": "g-housing", "recipient": [HOUSING], "purposes": ["care-coordination"], "categories": ["goals"]},
        {
            "id": "g-liaison",
            "recipient": [PROSECUTOR],
            "purposes": ["case-alignment"],
            "categories": ["participation"],
            "role": "liaison-prosecutor",
        },
    ]
    grants = [{**grant, **common} for grant in grants]
    name = f"Testina {stem.title()}"
    own = {"id": f"roi-{stem}", "participant": f"p-{stem}", "patient_name": name, "grants": grants}
    return {**template, **own, "signer": {"name": name, "capacity": "self"}, **more}


def _participant(stem: str) -> dict[str, Any]:
    return {
        "id": f"p-{stem}",
        "name": {"given": ["Testina"], "family": stem.title()},
        "birth_date": "1990-04-01",
        "identifiers": [{"system": "sid", "value": f"WA7{stem.upper()}01"}],
        "case_management": CASE_MANAGEMENT,
        "case_manager": "Mo Cypress",
        "screened": True,
        "enrolled": True,
    }


def site() -> dict[str, Any]:
    """People beside the demo's: each has released all, and has one record of each type, but for one thing."""
    found = build_site(NOON.date())
    template = next(one for one in found["rois"] if one["id"] == "roi-ray")
    stopped = [{"at": (NOON - timedelta(days=2)).isoformat(), "grants": "all", "mode": "written"}]
    stems = ("ash", *(name.removeprefix("p-") for name in CAUSES.values()))
    return {
        "site": found["site"],
        "organizations": found["organizations"],
        "participants": [_participant(stem) for stem in stems],
        "intakes": [],
        "plans": [],
        "rois": [
            *(_roi(template, stem, ALL) for stem in ("ash", "ivy", "oak", "yew")),
            _roi(template, "elm", ALL, revocations=stopped),
            _roi(template, "pine", ("housing",)),
        ],
        "records": [
            *records("ash", goals=5),
            *(one for stem in ("birch", "elm", "ivy", "oak", "pine") for one in records(stem)),
        ],
    }


@dataclass
class Partner:
    """One system of one organization, with a token, at the door of an open site."""

    scene: Scene
    http: httpx2.AsyncClient
    rows: dict[str, UUID] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    token: str = ""
    own: PublicIds = field(default_factory=lambda: PublicIds(bytes(32), ""))

    async def signs_in(
        self,
        organization: str = HOSPITAL,
        *,
        scopes: frozenset[str] = SCOPES,
        purpose: Purpose | None = Purpose.TREATMENT,
    ) -> None:
        self.token = await self.token_of(organization, "system", scopes, purpose)
        self.own = await public_ids(Vault(self.scene.store.keys), organization)
        self.ids = {name: self.own.given(row) for name, row in self.rows.items()}

    async def token_of(
        self,
        organization: str,
        system: str,
        scopes: frozenset[str] = SCOPES,
        purpose: Purpose | None = Purpose.TREATMENT,
    ) -> str:
        """A token for one system of an organization, made for the occasion."""
        name = f"{organization}-{system}"
        async with self.scene.store.unit_of_work() as uow:
            await uow.clients.put(Client(name, organization, {"keys": []}, scopes, disabled=False))
            await uow.commit()
        expires = self.scene.clock() + timedelta(hours=1)
        return await self.scene.program.issue_token(name, scopes, expires, purpose=purpose)

    async def get(self, path: str, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        path = path.removeprefix("https://gateway.test/fhir/")
        return await self.http.get(f"/fhir/{path}", headers={"Authorization": f"Bearer {self.token}", **named})

    async def post(self, path: str, body: Any, kind: str = "application/fhir+json", **headers: str) -> httpx2.Response:
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named |= {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        return await self.http.post(f"/fhir/{path}" if path else "/fhir", content=content, headers=named)

    async def found(self, path: str) -> list[dict[str, Any]]:
        """The resources that a search matches."""
        answer = await self.get(path)
        assert answer.status_code == 200, answer.text
        return [one["resource"] for one in answer.json().get("entry", []) if one["search"]["mode"] == "match"]

    async def entries(self, reference: str = "p-ash") -> list[Any]:
        return await self.scene.entries(reference)


async def _read_in(scene: Scene) -> None:
    await DEMO.read_in(scene)
    await ingesting.ingest(scene.store, orjson.dumps(site()), scene.clock())
    await stopping.hold(scene.store, await scene.participant("p-ivy"), at=scene.clock(), by="mo")
    await stopping.restrict(scene.store, await scene.participant("p-oak"), HOSPITAL, at=scene.clock(), by="mo")


PEOPLE = People("pulling", _read_in)


@asynccontextmanager
async def opened_door(folder: Path, urls: DatabaseUrls, **more: Any) -> AsyncIterator[Partner]:
    given = {"neutral_step_ms": 5, "base_url": "https://gateway.test", **more}
    async with opened_scene(folder, urls, PEOPLE, **given) as scene:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        install(app, scene.program)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="https://gateway.test") as http:
            names = ("p-ash", *CAUSES.values())
            partner = Partner(scene, http, {name: await scene.participant(name) for name in names})
            await partner.signs_in()
            yield partner
