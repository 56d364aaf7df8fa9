"""Why it was so: the rules run again on what the decision saw, whatever has changed since, and agree."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from consent.decision import Decision
from gateway import approval, explaining, ingesting, stopping, use
from gateway.demo.site import PROSECUTOR, build_site
from gateway.demo.site_record import HOSPITAL
from gateway.demo.story import overdose_question, ray_question, stranger_question
from gateway.explaining import ExplainError, explain
from gateway.store.values import Grant
from mappings.fhir.question import Question
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import RAY, Scene, opened_scene

Json = dict[str, Any]


async def emergency(scene: Scene, question: Question) -> None:
    grant = Grant("lakeside", HOSPITAL, frozenset({"system/Task.c"}), scene.clock())
    await scene.program.answer_now(grant, question, scene.clock())


@dataclass(frozen=True)
class Decided:
    """The ids of one decision of each kind, made before anything changed, and who may ask about them."""

    disclosure: UUID
    proposal: UUID
    denial: UUID
    emergency: UUID
    stranger: UUID
    delivery: UUID
    waiting: UUID


async def decided(scene: Scene) -> Decided:
    """Approve and deliver one answer, ask without attestation, declare an emergency, and one about a stranger."""
    asked = await scene.ask(ray_question())
    (proposal,) = await scene.consider(asked)
    await approval.approve(scene.store, scene.program.settings, proposal.id, at=scene.clock())
    refused = await scene.ask(replace(ray_question(), attested=False))
    await scene.consider(refused)
    scene.clock.at = asked.due_at
    await scene.deliver_due(asked)
    await scene.deliver_due(refused)
    await emergency(scene, overdose_question())
    strange = stranger_question().about
    await emergency(scene, replace(overdose_question(), about=strange))
    entries = {e.kind: e.id for e in reversed(await scene.entries())}
    disclosures = [e.id for e in await scene.entries() if e.kind == "disclosure"]
    async with scene.store.unit_of_work() as uow:
        waits = (await uow.deliveries.for_question(asked.id))[0].id
        strangers = [e for e in await _denials_of_nobody(scene) if "request" in e.content]
    return Decided(disclosures[0], entries["proposal"], entries["denial"], disclosures[1], strangers[0].id, waits,
                   proposal.id)  # fmt: skip


async def _denials_of_nobody(scene: Scene) -> list[Any]:
    async with scene.store.unit_of_work() as uow:
        unsealed = [await uow.accounting.get(entry) for entry, _ in await uow.accounting.unsealed(1000)]
    return [e for e in unsealed if e is not None and e.kind == "denial" and e.participant is None]


async def _again(scene: Scene, change: Callable[[Json], None]) -> None:
    site = build_site(scene.clock().date())
    change(site)
    scene.clock.move(seconds=1)
    await ingesting.ingest(scene.store, orjson.dumps(site), scene.clock())


def _consent(site: Json) -> None:
    for roi in site["rois"]:
        if roi["participant"] == RAY:
            roi["grants"][0]["categories"] = ["participation"]


def _organization(site: Json) -> None:
    for organization in site["organizations"]:
        if organization["id"] in (PROSECUTOR, HOSPITAL):
            organization |= {"agreement_expires": "2020-01-01", "kind": "housing"}


def _participant(site: Json) -> None:
    for participant in site["participants"]:
        if participant["id"] == RAY:
            participant |= {"enrolled": False, "treating": [], "birth_date": "2020-03-02"}


def _agreement_ends_today(site: Json) -> None:
    """Which day it is depends on the site's time zone: on its settings, a decision of today turns."""
    for organization in site["organizations"]:
        organization["agreement_expires"] = "2026-11-24"


def _settings(site: Json) -> None:
    site["site"] |= {"legal_role": "intermediary", "timezone": "Pacific/Kiritimati", "cj_2_35_enabled": True}


def _record(site: Json) -> None:
    for record in site["records"]:
        if record["participant"] == RAY:
            record["category"] = "drug-tests"


def _enrolls_the_stranger(site: Json) -> None:
    about = stranger_question().about
    site["participants"].append(
        {
            **site["participants"][0],
            "id": "p-stranger",
            "name": {"given": list(about.given), "family": about.family},
            "birth_date": about.birth_date.isoformat(),
            "identifiers": [{"system": system, "value": value} for system, value in about.identifiers],
        }
    )


CHANGES = (_consent, _organization, _participant, _settings, _record, _enrolls_the_stranger)


class TestNoDecision:
    async def test_by_an_unknown_id(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            with pytest.raises(ExplainError):
                await explain(scene.store, uuid4())

    async def test_an_entry_that_decided_nothing(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await stopping.hold(scene.store, await scene.participant(), at=scene.clock())
            (hold,) = [e for e in await scene.entries() if e.kind == "hold"]
            with pytest.raises(ExplainError):
                await explain(scene.store, hold.id)

    async def test_another_answer_is_told(
        self, tmp_path: Path, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def other(*given: Any) -> Decision:
            return replace(judge(*given), released=())

        judge = explaining.judge_again
        monkeypatch.setattr(explaining, "judge_again", other)
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await scene.consider(await scene.ask(ray_question()))
            (proposal,) = [e for e in await scene.entries() if e.kind == "proposal"]
            found = await explain(scene.store, proposal.id)
        assert not found.agrees


class TestEveryDecision:
    async def test_agrees_now_and_after_every_change(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        """Changes pile up, one kind after the other; each decision is explained after each."""
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await _again(scene, _agreement_ends_today)
            made = await decided(scene)
            ids = (made.disclosure, made.proposal, made.denial, made.emergency, made.stranger)
            first = [await explain(scene.store, identity) for identity in ids]
            for change in CHANGES:
                await _again(scene, change)
                again = [await explain(scene.store, identity) for identity in ids]
                assert [f.agrees for f in again] == [True] * 5, change.__name__
                assert [f.as_json() for f in again] == [f.as_json() for f in first], change.__name__
            await stopping.revoke(scene.store, await scene.participant(), at=scene.clock())
            await stopping.hold(scene.store, await scene.participant(), at=scene.clock())
            last = [(await explain(scene.store, identity)).as_json() for identity in ids]
        assert last == [f.as_json() for f in first]
        assert [f.entry.content["outcome"] for f in first] == ["permit", "deny", "deny", "permit", "deny"]
        assert all(f.decision is not None and f.decision.findings for f in first)

    async def test_by_delivery_and_by_proposal(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            made = await decided(scene)
            by_delivery = await explain(scene.store, made.delivery)
            by_proposal = await explain(scene.store, made.waiting)
        assert (by_delivery.entry.id, by_proposal.entry.id) == (made.disclosure, made.proposal)

    async def test_a_question_about_nobody_has_no_findings(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            asked = await scene.ask(stranger_question())
            await scene.consider(asked)
            scene.clock.at = asked.due_at
            await scene.deliver_due(asked)
            (denial,) = await _denials_of_nobody(scene)
            found = await explain(scene.store, denial.id)
        assert (found.decision, found.agrees, found.as_json()["refused"]) == (None, True, "unknown-person")


class TestUse:
    async def test_an_explanation_is_a_use_of_the_participants_own_organization(
        self, tmp_path: Path, database_urls: DatabaseUrls
    ) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await scene.consider(await scene.ask(ray_question()))
            (proposal,) = [e for e in await scene.entries() if e.kind == "proposal"]
            await use.read_explanation(scene.store, proposal.id, staff="somebody", at=scene.clock())
            (seen,) = [e for e in await scene.entries() if e.kind == "use"]
        assert (seen.organization, seen.content) == (
            "org:cedar-cm",
            {"staff": "somebody", "read": [str(proposal.id)]},
        )

    async def test_about_nobody_nothing_is_recorded(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with opened_scene(tmp_path / "site", database_urls) as scene:
            await emergency(scene, replace(overdose_question(), about=stranger_question().about))
            (denial,) = await _denials_of_nobody(scene)
            await use.read_explanation(scene.store, denial.id, staff="somebody", at=scene.clock())
            assert await scene.kinds() == ["consent"]
