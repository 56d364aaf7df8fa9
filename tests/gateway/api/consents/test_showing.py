"""ITI-108: whoever is no party finds what a stranger finds; a party finds its own grants and nobody else in them."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from consent.codes import HipaaStatus, OrganizationKind, Part2Status
from consent.model import Organization
from gateway import stopping
from gateway.api import fixed, fixed_consents
from gateway.api.responses import PartyResponse
from gateway.demo.site import DEFENDER, HOUSING, JAIL_HEALTH, PROSECUTOR
from gateway.demo.site_record import CASE_MANAGEMENT, HOSPITAL
from gateway.exit import DepartureError
from gateway.store.values import Grant
from mappings.fhir.carried_notice import read_notice
from mappings.fhir.consent_profiles import FAST_URL, PCF_URL
from mappings.fhir.consent_search import PARAMETERS, read_query
from tests.gateway.api.consents.stage import ROWAN, SID, STEP, Stage
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.exchanges.cast import JUNIPER, Story, grant
from tests.mappings.fhir.schema import needs_schema, problems

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRANGER = "00000000-0000-7000-8000-000000000001"


def found(answer: Any) -> list[Any]:
    assert answer.status_code == 200
    return [one["resource"] for one in answer.json().get("entry", []) if one["search"]["mode"] == "match"]


def alike(answer: Any) -> tuple[Any, ...]:
    return (answer.status_code, answer.content, tuple(sorted(answer.headers.items())))


class TestWhoFindsNothing:
    async def test_every_reason_looks_the_same_and_takes_its_step(self, stage: Stage) -> None:
        rowan = str(await stage.rowan())
        answers = {
            "stranger": await stage.search(HOSPITAL, STRANGER),
            "no id": await stage.search(HOSPITAL, "nobody"),
            "no party": await stage.search(HOSPITAL, rowan),
            "justice": await stage.search(PROSECUTOR, str(await stage.scene.participant("p-ray"))),
            "community": await stage.search(HOUSING, str(await stage.scene.participant("p-ray"))),
            "the site's own name": await stage.search(JAIL_HEALTH, ROWAN),
            "other status": await stage.search(JAIL_HEALTH, rowan, status="inactive"),
        }
        await stopping.hold(stage.scene.store, await stage.rowan(), at=stage.scene.clock())
        answers["held"] = await stage.search(JAIL_HEALTH, rowan)
        await stopping.lift(stage.scene.store, await stage.rowan(), at=stage.scene.clock(), by="mo")
        assert found(await stage.search(JAIL_HEALTH, rowan))
        await stopping.restrict(stage.scene.store, await stage.rowan(), JAIL_HEALTH, at=stage.scene.clock())
        answers["restricted"] = await stage.search(JAIL_HEALTH, rowan)
        await stopping.revoke(stage.scene.store, await stage.rowan(), at=stage.scene.clock())
        answers["revoked"] = await stage.search(JAIL_HEALTH, rowan)
        assert {alike(answer) for answer in answers.values()} == {alike(answers["stranger"])}
        assert "entry" not in answers["stranger"].json()
        assert all(answer.elapsed >= timedelta(milliseconds=STEP) for answer in answers.values())

    async def test_denials_are_on_the_ledger(self, module_stage: Stage) -> None:
        await module_stage.search(HOSPITAL, str(await module_stage.rowan()))
        denial = [entry for entry in await module_stage.scene.entries(ROWAN) if entry.kind == "denial"][-1]
        assert (denial.organization, denial.content["refused"]) == (HOSPITAL, "no-consent-to-show")

    async def test_an_agreement_that_has_run_out_ends_it(self, stage: Stage) -> None:
        async with stage.scene.store.unit_of_work() as uow:
            past = stage.scene.clock().date() - timedelta(days=2)
            kind, none = OrganizationKind.JAIL_HEALTH, HipaaStatus.COVERED_ENTITY
            ended = Organization(JAIL_HEALTH, "Cedar Jail Health", kind, Part2Status.NOT_PROGRAM, none, past)
            await uow.registry.put_organization(ended, None, stage.scene.clock())
            await uow.commit()
        assert (await stage.search(JAIL_HEALTH)).status_code in {200, 401}
        assert not (await stage.search(JAIL_HEALTH)).json().get("entry")


class TestWhatIsWrongWithASearch:
    @pytest.mark.parametrize("params", [{}, {"status": "active"}, {"patient": "x"}, {"patient": "x", "status": "on"}])
    async def test_what_is_mandatory(self, module_stage: Stage, params: dict[str, str]) -> None:
        answer = await module_stage.get(JAIL_HEALTH, "/fhir/Consent", params)
        assert answer.status_code == 400
        assert answer.json()["resourceType"] == "OperationOutcome"

    async def test_other_formats(self, module_stage: Stage) -> None:
        xml = await module_stage.search(JAIL_HEALTH, _format="xml")
        assert xml.status_code == 406
        other = module_stage.bearer(JAIL_HEALTH, **{"content-type": "application/json"})
        assert (await module_stage.http.post("/fhir/Consent/_search", content=b"{}", headers=other)).status_code == 415
        head = await module_stage.http.head("/fhir/Consent", headers=module_stage.bearer(JAIL_HEALTH))
        assert head.status_code == 400

    async def test_who_may_not_at_all(self, module_stage: Stage) -> None:
        nobody = await module_stage.http.get("/fhir/Consent", headers={"authorization": "Bearer nothing"})
        assert (nobody.status_code, nobody.content) == (401, fixed.UNAUTHENTICATED.body)

    async def test_unknown_parameters(self, module_stage: Stage) -> None:
        rowan = str(await module_stage.rowan())
        strict = await module_stage.get(
            JAIL_HEALTH,
            "/fhir/Consent",
            {"patient": rowan, "status": "active", "colour": "crimson"},
            prefer="handling=strict",
        )
        assert (strict.status_code, strict.content) == (400, fixed_consents.UNKNOWN_PARAMETER.body)
        for who, patient in ((JAIL_HEALTH, rowan), (HOSPITAL, STRANGER)):
            lenient = await module_stage.search(who, patient, colour="crimson")
            assert "was passed over" in lenient.text
            assert "crimson" not in lenient.text


class TestAParty:
    async def test_a_recipient_sees_its_grant_and_nobody_else(self, module_stage: Stage) -> None:
        answer = await module_stage.search(JAIL_HEALTH)
        (one,) = found(answer)
        assert one["status"] == "active"
        assert one["meta"]["profile"] == [PCF_URL]
        assert not {"total"} & answer.json().keys()
        for other in (DEFENDER, CASE_MANAGEMENT, "g-defender", "Mo Cypress"):
            assert other not in answer.text
        assert "42 CFR" in answer.text  # the statement travels along

    async def test_by_form_by_id_and_in_the_other_profile(self, module_stage: Stage) -> None:
        (one,) = found(await module_stage.search(JAIL_HEALTH))
        form = {"patient": f"Patient/{await module_stage.rowan()}", "status": "active", "_profile": FAST_URL}
        headers = module_stage.bearer(JAIL_HEALTH)
        (same,) = found(await module_stage.http.post("/fhir/Consent/_search", data=form, headers=headers))
        assert same["meta"]["profile"] == [FAST_URL]
        assert "organization" not in same
        read = await module_stage.get(
            JAIL_HEALTH, f"/fhir/Consent/{one['id']}", accept=f'application/fhir+json; profile="{FAST_URL}"'
        )
        assert read.json()["meta"]["profile"] == [FAST_URL]
        notice = read_notice(read.json())
        assert notice is not None
        assert notice.version.startswith("2.32")

    async def test_a_discloser_sees_whom_it_may_tell_and_the_end_of_that(self, stage: Stage) -> None:
        (one,) = found(await stage.search(CASE_MANAGEMENT))
        permits = one["provision"]["provision"]
        assert {p["actor"][0]["reference"]["identifier"]["value"] for p in permits} == {JAIL_HEALTH, DEFENDER}
        (mine,) = found(await stage.search(CASE_MANAGEMENT, actor=JAIL_HEALTH))
        assert mine == one
        assert not found(await stage.search(CASE_MANAGEMENT, actor=HOSPITAL))
        (received,) = found(await stage.search(JAIL_HEALTH))
        path, mine_only = f"/fhir/Consent/{received['id']}", f"/fhir/Consent/{one['id']}"
        assert (await stage.get(JAIL_HEALTH, path)).status_code == 200
        answers = [await stage.get(JAIL_HEALTH, mine_only)]  # the id that another was given leads nowhere
        answers += [await stage.get(HOSPITAL, to) for to in (path, f"/fhir/Consent/{STRANGER}", "/fhir/Consent/x")]
        await stopping.revoke(stage.scene.store, await stage.rowan(), at=stage.scene.clock())
        stage.scene.clock.move(seconds=1)
        assert not found(await stage.search(CASE_MANAGEMENT))
        (over,) = found(await stage.search(CASE_MANAGEMENT, status="inactive"))
        assert over["id"] == one["id"]
        answers.append(await stage.get(JAIL_HEALTH, path))
        assert {alike(answer) for answer in answers} == {alike(answers[0])}  # a read of what may not be seen
        assert answers[0].content == fixed.NOT_FOUND.body

    async def test_a_recipient_does_not_see_a_grant_that_has_ended(self, module_stage: Stage) -> None:
        olive = str(await module_stage.scene.participant("p-olive"))
        async with module_stage.scene.store.unit_of_work() as uow:
            consents = [c for c, _ in await uow.consents.signed(await module_stage.scene.participant("p-olive"))]
        assert any(grant.id == "g-prosecutor" for c in consents for grant in c.grants)
        assert not found(await module_stage.search(HOSPITAL, olive))
        (whole,) = found(await module_stage.search(CASE_MANAGEMENT, olive))
        assert "g-prosecutor" in str(whole)

    async def test_who_discloses_by_another_grant_does_not_either(
        self, stage: Stage, database_urls: DatabaseUrls
    ) -> None:
        out = grant(JAIL_HEALTH, ["treatment"], ["medications"], id="g-out")
        back = grant(CASE_MANAGEMENT, ["care-coordination"], ["custody"], id="g-back", discloser=[JAIL_HEALTH])
        await Story(stage.scene, database_urls).sign(JUNIPER, out, back)
        juniper = str(await stage.scene.participant(JUNIPER))
        (whole,) = found(await stage.search(CASE_MANAGEMENT, juniper))
        assert "g-out" in str(whole)
        assert "g-back" in str(whole)
        await stopping.revoke(stage.scene.store, UUID(juniper), grant="g-back", at=stage.scene.clock())
        stage.scene.clock.move(seconds=1)
        (less,) = found(await stage.search(CASE_MANAGEMENT, juniper))  # what it may tell goes on
        assert "g-out" in str(less)
        assert "g-back" not in str(less)

    async def test_it_is_on_the_ledger(self, module_stage: Stage) -> None:
        (one,) = found(await module_stage.search(JAIL_HEALTH))
        entry = [entry for entry in await module_stage.scene.entries(ROWAN) if entry.kind == "consent-shown"][-1]
        (row,) = entry.content["consents"]
        assert (entry.organization, await module_stage.own_id(JAIL_HEALTH, row)) == (JAIL_HEALTH, one["id"])
        assert row != one["id"]

    async def test_what_was_made_for_one_goes_to_nobody_else(self, module_stage: Stage) -> None:
        grant = Grant("c", JAIL_HEALTH, frozenset(), module_stage.scene.clock())
        query = read_query([("patient.identifier", f"sid|{SID}"), ("status", "active")])
        made = await module_stage.scene.program.consents.search(grant, query, module_stage.scene.clock())
        assert made is not None
        with pytest.raises(DepartureError, match="recipient"):
            PartyResponse(made, recipient=HOSPITAL)

    async def test_an_identifier_finds_the_same(self, module_stage: Stage) -> None:
        by_id = await module_stage.search(JAIL_HEALTH, str(await module_stage.rowan()))
        by_sid = await module_stage.get(JAIL_HEALTH, "/fhir/Consent", {"patientId": f"sid|{SID}", "status": "active"})
        assert by_id.content == by_sid.content


class TestWhatLeaves:
    @needs_schema
    async def test_is_r4(self, module_stage: Stage) -> None:
        (one,) = found(await module_stage.search(JAIL_HEALTH))
        answers = [
            await module_stage.search(JAIL_HEALTH),
            await module_stage.search(CASE_MANAGEMENT, _profile=FAST_URL, colour="crimson"),
            await module_stage.search(JAIL_HEALTH, STRANGER, colour="crimson"),
            await module_stage.get(JAIL_HEALTH, f"/fhir/Consent/{one['id']}"),
            await module_stage.get(JAIL_HEALTH, "/fhir/Consent", {"status": "active"}),
        ]
        assert [problems(answer.json()) for answer in answers] == [[]] * len(answers)
        assert problems(orjson.loads(fixed_consents.RECEIVED.body)) == []


class TestWhatIsStated:
    async def test_the_capability_statement_names_no_parameter_that_is_not_read(self, module_stage: Stage) -> None:
        told = (await module_stage.http.get("/fhir/metadata")).json()["rest"][0]["resource"]
        (stated,) = [one for one in told if one["type"] == "Consent"]
        assert {one["name"] for one in stated["searchParam"]} <= PARAMETERS
        assert {one["name"] for one in stated["operation"]} == {"fileConsent", "revokeConsent"}
        assert {one["code"] for one in stated["interaction"]} == {"read", "search-type", "create"}
