"""CDS Hooks over HTTP: every refusal is one card; a permit needs the consents and the law; a discloser hears all."""

from datetime import timedelta
from typing import Any

import pytest

from consent.codes import Purpose
from gateway import stopping
from gateway.api import fixed_consents
from gateway.demo.site import DEFENDER, HOUSING, JAIL_HEALTH, PROSECUTOR
from gateway.demo.site_record import CASE_MANAGEMENT, HOSPITAL
from mappings.fhir import codes
from tests.gateway.api.consents.stage import ROWAN, STEP, Stage, consent, hook
from tests.gateway.api.consents.test_operations import deep
from tests.gateway.api.consents.test_showing import alike

pytestmark = pytest.mark.asyncio(loop_scope="module")

CONSULT = "/cds-services/patient-consent-consult"


def card(answer: Any) -> Any:
    assert answer.status_code == 200
    (one,) = answer.json()["cards"]
    return one


async def ask(stage: Stage, organization: str, body: Any) -> Any:
    return await stage.post(organization, CONSULT, body, **{"content-type": "application/json"})


class TestBadInput:
    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"[]", "the body must be one JSON object in UTF-8"),
            ({}, "`hook` must be `patient-consent-consult`"),
            (hook(JAIL_HEALTH, canary=1), "`context` must hold no elements but those of the hook"),
            (hook(JAIL_HEALTH, patientId=[{"value": 5}]), "`context.patientId.value` must be a text"),
            (hook(JAIL_HEALTH, category=[{"system": "x", "canary": "y"}]), "`context.category`"),
            (hook(JAIL_HEALTH, consent=deep(200)), "the body breaks the schema of the hook"),
            (hook(JAIL_HEALTH, purposeOfUse=5), "`context.purposeOfUse` must be a list"),
        ],
    )
    async def test_the_schema(self, module_stage: Stage, body: Any, message: str) -> None:
        answer = await ask(module_stage, JAIL_HEALTH, body)
        assert answer.status_code == 400
        assert (answer.json()["httpCode"], answer.json()["error"]) == (400, "bad_request")
        assert answer.json()["errorMessage"].startswith(message)
        assert "canary" not in answer.text

    async def test_without_a_token(self, module_stage: Stage) -> None:
        assert (await module_stage.http.post(CONSULT, json=hook(JAIL_HEALTH))).status_code == 401


class TestRefusing:
    async def test_every_reason_is_one_card_at_its_step(self, stage: Stage) -> None:
        many = [{"system": "sid", "value": f"WA9000000{n}"} for n in range(30)]  # to find out who is here
        told = [
            await ask(stage, JAIL_HEALTH, hook(JAIL_HEALTH, sid="WA00000000")),  # nobody
            await ask(stage, HOSPITAL, hook(HOSPITAL)),  # no consent
            await ask(stage, HOSPITAL, hook(JAIL_HEALTH)),  # about somebody else's permission
            await ask(stage, JAIL_HEALTH, hook("org:nobody")),
            await ask(stage, JAIL_HEALTH, hook(JAIL_HEALTH, purposeOfUse="HPAYMT")),  # not what its token is for
            await ask(stage, JAIL_HEALTH, hook(JAIL_HEALTH, purposeOfUse="NONSENSE")),
            await ask(stage, JAIL_HEALTH, hook(JAIL_HEALTH, consent=[consent(provision={"type": "deny"})])),
            await ask(stage, JAIL_HEALTH, hook(JAIL_HEALTH, patientId=many)),
            await ask(stage, PROSECUTOR, hook(PROSECUTOR, sid="WA90000001")),  # justice asks questions
            await ask(stage, HOUSING, hook(HOUSING, sid="WA90000001")),
        ]
        rowan, at = await stage.rowan(), stage.scene.clock()
        await stopping.hold(stage.scene.store, rowan, at=at)
        told.append(await ask(stage, JAIL_HEALTH, hook(JAIL_HEALTH)))
        await stopping.lift(stage.scene.store, rowan, at=at, by="mo")
        assert card(await ask(stage, JAIL_HEALTH, hook(JAIL_HEALTH)))["summary"] == "CONSENT_PERMIT"
        await stopping.restrict(stage.scene.store, rowan, JAIL_HEALTH, at=at)
        told.append(await ask(stage, JAIL_HEALTH, hook(JAIL_HEALTH)))
        await stopping.revoke(stage.scene.store, rowan, at=at)
        told.append(await ask(stage, JAIL_HEALTH, hook(JAIL_HEALTH)))
        assert {alike(answer) for answer in told} == {alike(told[0])}
        assert told[0].content == fixed_consents.NO_CONSENT.body
        assert not {"basedOn", "obligations"} & card(told[0])["extension"].keys()
        assert all(answer.elapsed >= timedelta(milliseconds=STEP) for answer in told)

    async def test_a_consent_that_comes_along_permits_nothing(self, module_stage: Stage) -> None:
        patient = {"identifier": {"system": codes.PARTICIPANT, "value": "x"}}
        brought = consent(patient=patient, sid="WA90000002")
        answer = await ask(module_stage, HOSPITAL, hook(HOSPITAL, sid="WA90000002", consent=[brought]))
        assert answer.content == fixed_consents.NO_CONSENT.body


class TestAnswering:
    async def test_discovery(self, module_stage: Stage) -> None:
        (service,) = (await module_stage.http.get("/cds-services")).json()["services"]
        assert (service["hook"], service["id"]) == ("patient-consent-consult", "patient-consent-consult")

    @pytest.mark.parametrize("purpose", [{}, {"purposeOfUse": "TREAT"}, {"purposeOfUse": [Purpose.TREATMENT.value]}])
    async def test_a_recipient_is_permitted(self, module_stage: Stage, purpose: Any) -> None:
        (own,) = await module_stage.consents()
        found = card(await ask(module_stage, JAIL_HEALTH, hook(JAIL_HEALTH, **purpose)))
        assert (found["summary"], found["indicator"]) == ("CONSENT_PERMIT", "info")
        assert found["extension"]["basedOn"] == f"Consent/{await module_stage.own_id(JAIL_HEALTH, own.id)}"
        assert CASE_MANAGEMENT not in str(found)
        assert "consulted" in await module_stage.scene.kinds(ROWAN)

    async def test_a_discloser_hears_all(self, module_stage: Stage) -> None:
        treat = {"purposeOfUse": "TREAT"}
        yes = card(await ask(module_stage, CASE_MANAGEMENT, hook(JAIL_HEALTH, **treat)))
        assert (yes["summary"], "basedOn" in yes["extension"]) == ("CONSENT_PERMIT", True)
        no = await ask(module_stage, CASE_MANAGEMENT, hook(HOSPITAL, **treat))
        assert card(no)["summary"] in {"CONSENT_DENY", "NO_CONSENT"}
        assert no.content != fixed_consents.NO_CONSENT.body
        other = card(await ask(module_stage, CASE_MANAGEMENT, hook(JAIL_HEALTH, purposeOfUse="HPAYMT")))
        assert other["summary"] != "CONSENT_PERMIT"

    async def test_the_law_counts_beside_the_consent(self, module_stage: Stage) -> None:
        """Counsel may receive, by the consent; for treatment the grant is silent, and nobody promised (GR-05)."""
        found = card(await ask(module_stage, CASE_MANAGEMENT, hook(DEFENDER, purposeOfUse="TREAT")))
        assert found["summary"] != "CONSENT_PERMIT"
