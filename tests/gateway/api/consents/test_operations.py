"""HL7 FAST over the routes: one answer whoever it is about; unverified, no effect; a revocation acts at once."""

from datetime import timedelta
from typing import Any

import pytest

from consent.codes import Integrity, RevocationMode
from gateway import stopping
from gateway.api import fixed, fixed_consents
from gateway.api.pacing import FILING_STEPS
from gateway.demo.site import HOUSING, JAIL_HEALTH, PROSECUTOR
from gateway.demo.site_record import CASE_MANAGEMENT, HOSPITAL
from gateway.store.repositories.filings import Filings
from gateway.store.values import Stop, StopKind
from mappings.fhir import codes
from tests.gateway.api.consents.stage import (
    ROWAN,
    STEP,
    Stage,
    consent,
    filing,
    hook,
    recording,
    revoking,
)
from tests.gateway.api.consents.test_showing import alike, found
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import owner

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILE, REVOKE = "/fhir/Consent/$fileConsent", "/fhir/Consent/$revokeConsent"
CONSULT = "/cds-services/patient-consent-consult"
RECORD = "/fhir/AuditEvent/$recordDisclosure"
UNKNOWN = "WA00000000"
PAPER = {"resourceType": "DocumentReference", "status": "current", "content": [{"attachment": {"data": "Y2FuYXJ5"}}]}


def deep(levels: int) -> Any:
    """Something that is nested so deep that some can read it and others not."""
    made: Any = "x"
    for _ in range(levels):
        made = [made]
    return made


async def stops(stage: Stage, reference: str = ROWAN) -> list[Stop]:
    async with stage.scene.store.unit_of_work() as uow:
        return [stop for _, stop in await uow.consents.stops(await stage.scene.participant(reference))]


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            (FILE, b"{", 400),
            (FILE, b'{"resourceType": "Parameters", "resourceType": "Parameters"}', 400),
            (FILE, {"resourceType": "Bundle"}, 422),
            (FILE, filing(consent(patient=None)), 422),
            (REVOKE, {"resourceType": "Parameters", "parameter": [{"name": "consent"}]}, 422),
            (RECORD, {"resourceType": "Parameters", "parameter": [{"name": "canary"}]}, 422),
            ("/fhir/Consent", {"resourceType": "Patient"}, 422),
            (FILE, filing(consent(extension=[{"valueInteger": 1 << 70}])).__repr__().replace("'", '"').encode(), 400),
            (FILE, filing(consent(extension=deep(200))), 400),
        ],
    )
    async def test_what_cannot_be_read_stores_nothing(
        self, module_stage: Stage, path: str, body: Any, status: int
    ) -> None:
        before = await module_stage.scene.kinds(ROWAN)
        answer = await module_stage.post(HOSPITAL, path, body)
        assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")
        assert "canary" not in answer.text
        assert await module_stage.scene.kinds(ROWAN) == before

    async def test_another_type_and_too_much(self, module_stage: Stage) -> None:
        other = await module_stage.post(HOSPITAL, FILE, b"<x/>", **{"content-type": "application/fhir+xml"})
        assert (other.status_code, other.content) == (415, fixed.WRONG_TYPE.body)
        huge = b" " * (module_stage.scene.program.settings.max_body_bytes + 1)
        assert (await module_stage.post(HOSPITAL, FILE, huge)).status_code == 413

    async def test_without_a_token(self, module_stage: Stage) -> None:
        assert (await module_stage.http.post(FILE, content=b"{}")).status_code == 401


class TestNoOracle:
    async def test_one_answer_at_one_pace(self, stage: Stage) -> None:
        (own,) = await stage.consents()
        named, nobody = {"reference": f"Consent/{own.id}"}, {"reference": "Consent/x"}
        answers = [
            await stage.post(HOSPITAL, FILE, filing(consent())),
            await stage.post(HOSPITAL, FILE, filing(consent())),
            await stage.post(HOSPITAL, FILE, filing(consent(sid=UNKNOWN))),
            await stage.post(HOSPITAL, FILE, filing(consent("c-9", provision={"type": "deny"}))),
            await stage.post(HOSPITAL, "/fhir/Consent", consent("c-2")),
            await stage.post(HOSPITAL, "/fhir/Consent/$file-consent", filing(consent("c-3"))),
            await stage.post(PROSECUTOR, REVOKE, revoking(nobody, sid=UNKNOWN)),
            await stage.post(PROSECUTOR, REVOKE, revoking(named)),
            await stage.post(JAIL_HEALTH, "/fhir/Consent/$revoke-consent", revoking(named)),
            await stage.post(JAIL_HEALTH, REVOKE, revoking(named)),
            await stage.post(JAIL_HEALTH, RECORD, recording(named)),
            await stage.post(JAIL_HEALTH, "/fhir/AuditEvent/$record-disclosure", recording(nobody, sid=UNKNOWN)),
        ]
        assert {alike(answer) for answer in answers} == {alike(answers[0])}
        assert (answers[0].status_code, answers[0].content) == (200, fixed_consents.RECEIVED.body)
        assert all(answer.elapsed >= timedelta(milliseconds=FILING_STEPS * STEP) for answer in answers)

    async def test_several_in_a_bundle_have_as_much_time_as_each_alone(self, module_stage: Stage) -> None:
        """Else the work about somebody known, times fifty, would reach the next step and tell of them."""
        resources = [consent(f"c-many-{number}", sid=UNKNOWN) for number in range(3)]
        entries = [{"resource": one, "request": {"method": "POST", "url": "Consent"}} for one in resources]
        body = {"resourceType": "Bundle", "type": "batch", "entry": entries}
        answer = await module_stage.post(HOSPITAL, "/fhir", body)
        assert [one["response"]["status"] for one in answer.json()["entry"]] == ["200 OK"] * 3
        assert answer.elapsed >= timedelta(milliseconds=3 * FILING_STEPS * STEP)

    async def test_of_a_stranger_nothing_is_kept(self, module_stage: Stage) -> None:
        async with module_stage.scene.store.unit_of_work() as uow:
            before = await Filings(uow.connection, uow.vault).waiting()
        await module_stage.post(HOSPITAL, FILE, filing(consent("c-77", sid=UNKNOWN)))
        async with module_stage.scene.store.unit_of_work() as uow:
            assert await Filings(uow.connection, uow.vault).waiting() == before

    async def test_a_failure_waits_for_its_step_too(self, module_stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        async def broken(*_: Any) -> None:
            raise ValueError("canary")

        monkeypatch.setattr(module_stage.scene.program.consents, "file", broken)
        answer = await module_stage.post(HOSPITAL, FILE, filing(consent()))
        assert (answer.status_code, answer.content) == (500, fixed.SERVER_ERROR.body)
        assert answer.elapsed >= timedelta(milliseconds=STEP)


class TestFiling:
    async def test_it_lands_unverified_and_nobody_sees_it(self, module_stage: Stage) -> None:
        permit = {"type": "permit", "actor": [{"role": {"coding": [{"code": "IRCP"}]}, "reference": _named(HOSPITAL)}]}
        await module_stage.post(HOSPITAL, FILE, filing(consent(provision=permit), PAPER))
        old, new = await module_stage.consents()
        assert (old.integrity, new.integrity, new.grants) == (Integrity.OK, Integrity.SUSPECT, ())
        (duty,) = await module_stage.duties()
        assert (duty.role, duty.organization) == ("privacy-officer", CASE_MANAGEMENT)
        assert not found(await module_stage.search(HOSPITAL))
        assert found(await module_stage.search(JAIL_HEALTH))  # and what was in force goes on
        assert "CONSENT_PERMIT" in (await module_stage.post(JAIL_HEALTH, CONSULT, hook(JAIL_HEALTH))).text
        async with module_stage.scene.store.unit_of_work() as uow:
            (waits,) = await Filings(uow.connection, uow.vault).waiting_of(await module_stage.rowan())
        assert waits.detail["papers"] == [PAPER]

    async def test_again_is_nothing_new_and_changed_only_the_newest_waits(self, module_stage: Stage) -> None:
        who, body = "p-wren", consent(sid="WA90000003")
        for _ in range(3):
            await module_stage.post(HOSPITAL, FILE, filing(body))
        assert len(await module_stage.consents(who)) == 2
        (duty,) = await module_stage.duties(reference=who)
        assert (await module_stage.scene.kinds(who)).count("consent-filed") == 1
        await module_stage.post(HOSPITAL, FILE, filing(body | {"dateTime": "2026-11-21"}))
        assert len(await module_stage.consents(who)) == 2
        (newer,) = await module_stage.duties(reference=who)
        assert newer.reference != duty.reference

    @pytest.mark.parametrize(
        ("who", "sid", "provision"),
        [
            ("p-olive", "WA90000009", {"type": "deny"}),
            ("p-jay", "WA90000010", {"type": "permit", "provision": [{}]}),
        ],
    )
    async def test_what_refuses_or_cannot_be_read_suspends(
        self, module_stage: Stage, who: str, sid: str, provision: Any
    ) -> None:
        patient = str(await module_stage.scene.participant(who))
        assert found(await module_stage.search(CASE_MANAGEMENT, patient))
        await module_stage.post(HOSPITAL, FILE, filing(consent(sid=sid, provision=provision)))
        assert [one.integrity for one in await module_stage.consents(who)] == [Integrity.OK, Integrity.UNREADABLE]
        assert not found(await module_stage.search(CASE_MANAGEMENT, patient))

    async def test_what_two_people_share_waits_for_a_person(self, module_stage: Stage) -> None:
        hazel = {"identifier": {"system": "sid", "value": "WA90000005"}}
        both = {**hazel, "reference": f"Patient/{await module_stage.scene.participant('p-juniper')}"}
        await module_stage.post(HOSPITAL, FILE, filing(consent(patient=both)))
        assert [len(await module_stage.consents(who)) for who in ("p-juniper", "p-hazel")] == [0, 0]
        async with module_stage.scene.store.unit_of_work() as uow:
            duties = await uow.duties.open(kinds=["consent-unverified"])
        assert [duty.participant for duty in duties].count(None) == 1

    async def test_what_refuses_and_two_people_share_holds_both(self, stage: Stage) -> None:
        hazel = {"identifier": {"system": "sid", "value": "WA90000005"}}
        both = {**hazel, "reference": f"Patient/{await stage.scene.participant('p-juniper')}"}
        for _ in range(2):
            await stage.post(HOSPITAL, FILE, filing(consent(patient=both, provision={"type": "deny"})))
        for who in ("p-juniper", "p-hazel"):
            assert [(stop.kind, stop.grants) for stop in await stops(stage, who)] == [(StopKind.HOLD, "all")]

    async def test_one_that_is_over_revokes_what_was_filed(self, module_stage: Stage) -> None:
        who, body = "p-linden", consent(sid="WA90000006")
        await module_stage.post(HOSPITAL, FILE, filing(body))
        await module_stage.post(HOSPITAL, FILE, filing(body | {"status": "inactive"}))
        (stop,) = await stops(module_stage, who)
        assert (stop.kind, stop.consent) == (StopKind.REVOCATION, (await module_stage.consents(who))[1].id)
        await module_stage.post(PROSECUTOR, FILE, filing(body | {"status": "inactive"}))  # another's name is no name
        assert len(await stops(module_stage, who)) == 1


class TestRevoking:
    async def test_a_party_ends_the_consent_at_once(self, stage: Stage) -> None:
        (own,) = await stage.consents()
        await stage.post(JAIL_HEALTH, REVOKE, revoking({"reference": f"Consent/{own.id}"}))
        (stop,) = await stops(stage)
        assert (stop.kind, stop.consent, stop.grants) == (StopKind.REVOCATION, own.id, "all")
        assert stop.mode is RevocationMode.WRITTEN
        assert JAIL_HEALTH in (stop.by or "")
        assert not found(await stage.search(JAIL_HEALTH))
        assert len(await stage.duties("consent-stopped")) == 1
        await stage.post(JAIL_HEALTH, REVOKE, revoking({"reference": f"Consent/{own.id}"}))
        assert len(await stops(stage)) == 1
        (other,) = await stage.consents("p-testina")  # one's consent, and the name of another: both are held
        named = {"reference": f"Consent/{other.id}"}
        await stage.post(HOUSING, REVOKE, revoking(named, sid="WA90000005"))
        assert [stop.kind for stop in await stops(stage, "p-testina")] == [StopKind.HOLD]
        assert [stop.kind for stop in await stops(stage, "p-hazel")] == [StopKind.HOLD]

    @pytest.mark.parametrize(("organization", "who", "sid"), [(HOUSING, "p-aspen", "WA90000008")])
    async def test_what_cannot_be_understood_holds(
        self, module_stage: Stage, organization: str, who: str, sid: str
    ) -> None:
        unknown = {"identifier": {"system": "urn:elsewhere", "value": "77"}}
        await module_stage.post(organization, REVOKE, revoking(unknown, sid=sid))
        (stop,) = await stops(module_stage, who)
        assert (stop.kind, stop.grants) == (StopKind.HOLD, "all")
        assert len(await module_stage.duties(reference=who)) == 1
        at = module_stage.scene.clock()
        await stopping.lift(module_stage.scene.store, await module_stage.scene.participant(who), at=at, by="ash")
        module_stage.scene.clock.move(minutes=1)
        await module_stage.post(organization, REVOKE, revoking(unknown, sid=sid))  # said again: it stops again
        await module_stage.post(organization, REVOKE, revoking(unknown, sid=sid))  # a retry adds nothing
        kinds = [stop.kind for stop in await stops(module_stage, who)]
        assert kinds == [StopKind.HOLD, StopKind.LIFT, StopKind.HOLD]

    async def test_who_is_no_party_revokes_nothing_by_its_name(self, module_stage: Stage) -> None:
        (own,) = await module_stage.consents("p-willow")
        named = {"identifier": {"system": codes.CONSENT, "value": own.id}}
        await module_stage.post(HOSPITAL, REVOKE, revoking(named, sid="WA90000012"))
        assert [stop.kind for stop in await stops(module_stage, "p-willow")] == [StopKind.HOLD]

    async def test_damage_keeps_nobody_from_stopping(self, stage: Stage, database_urls: DatabaseUrls) -> None:
        (own,) = await stage.consents()
        with owner(database_urls) as connection:
            who = await stage.rowan()
            connection.execute("UPDATE consent SET sealed = 'canary' WHERE participant = %s", (who,))
        answer = await stage.post(JAIL_HEALTH, REVOKE, revoking({"reference": f"Consent/{own.id}"}))
        assert answer.content == fixed_consents.RECEIVED.body
        assert [stop.kind for stop in await stops(stage)] == [StopKind.HOLD]
        nothing = await stage.search(JAIL_HEALTH)
        assert alike(nothing) == alike(await stage.search(JAIL_HEALTH, "00000000-0000-7000-8000-000000000001"))


class TestRecording:
    async def test_it_is_on_the_ledger_once(self, module_stage: Stage) -> None:
        (own,) = await module_stage.consents("p-testina")
        body = recording({"reference": f"Consent/{own.id}"}, sid="WA90000002")
        for _ in range(2):
            await module_stage.post(HOUSING, RECORD, body)
        (entry,) = [one for one in await module_stage.scene.entries("p-testina") if one.kind == "partner-disclosure"]
        assert (entry.organization, entry.content["consents"]) == (HOUSING, [own.id])


def _named(organization: str) -> dict[str, Any]:
    return {"identifier": {"system": codes.ORGANIZATION, "value": organization}}
