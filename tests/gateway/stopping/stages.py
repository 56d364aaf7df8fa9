"""What the tests of stopping share: something that Ray Alder's prosecutor has received, or is about to."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from gateway import approval
from gateway.demo.story import ray_question
from gateway.store.repositories.duties import Duty
from gateway.store.values import StoredDelivery, StoredProposal, StoredQuestion
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene

END = "end-of-permission"


@dataclass
class Told:
    """Ray's site, after the prosecutor asked."""

    scene: Scene
    ray: UUID
    asked: StoredQuestion
    proposal: StoredProposal

    async def approve(self) -> None:
        scene = self.scene
        await approval.approve(scene.store, scene.program.settings, self.proposal.id, at=scene.clock())

    async def deliver(self) -> None:
        self.scene.clock.at = max(self.asked.due_at, self.scene.clock.at)
        await self.scene.deliver_due(self.asked)

    async def deliveries(self) -> list[StoredDelivery]:
        return await self.scene.deliveries(self.asked)

    async def ends(self) -> list[StoredDelivery]:
        return await ends(self.scene)

    async def say_ended(self) -> list[StoredDelivery]:
        """What a worker does with the notices when their time has come."""
        for each in await self.ends():
            self.scene.clock.at = max(each.due_at, self.scene.clock.at)
            await self.scene.deliver(each.id)
        return await self.ends()

    async def duties(self, kind: str) -> list[Duty]:
        async with self.scene.store.unit_of_work() as uow:
            found: list[Duty] = await uow.duties.open(kinds=[kind])
            return found


async def ends(scene: Scene) -> list[StoredDelivery]:
    states = ("queued", "sending", "delivered", "acknowledged", "suppressed", "failed", "expired")
    async with scene.store.unit_of_work() as uow:
        found = [each for state in states for each in await uow.deliveries.in_state(state)]
    return [each for each in found if each.kind == END]


@asynccontextmanager
async def told(folder: Path, urls: DatabaseUrls, *, sent: bool = True, **more: Any) -> AsyncIterator[Told]:
    """A question of the prosecutor about Ray, proposed; `sent`: approved and delivered, too."""
    async with opened_scene(folder / "site", urls, **more) as scene:
        asked = await scene.ask(ray_question())
        (proposal,) = await scene.consider(asked)
        stage = Told(scene, await scene.participant(), asked, proposal)
        if sent:
            await stage.approve()
            await stage.deliver()
            assert len(scene.door.disclosures) == 1
        yield stage
