"""A worker is killed at every point of a delivery. The recipient has it once, and the ledger says delivered."""

import asyncio
import signal
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from gateway import approval, questions
from gateway.demo.site import PROSECUTOR, build_site
from gateway.demo.story import ray_question
from gateway.program import Program
from gateway.sending import key_of
from gateway.store.values import LedgerEntry, StoredDelivery
from tests.gateway.conftest import DatabaseUrls
from tests.scenarios.stage import Receiver, opened, process, receiver, until


async def _approved(program: Program) -> UUID:
    """A question, and the case manager's yes; from here on the workers are processes of their own."""
    asked = await questions.ask(program.store, program.settings, PROSECUTOR, ray_question(), program.now())
    await program.consider(asked.id)
    async with program.store.unit_of_work() as uow:
        (proposal,) = await uow.proposals.for_question(asked.id)
    await approval.approve(program.store, program.settings, proposal.id, at=program.now())
    return asked.id


async def _delivery(program: Program, question: UUID) -> StoredDelivery:
    async with program.store.unit_of_work() as uow:
        (delivery,) = await uow.deliveries.for_question(question)
    return delivery


async def _entries(program: Program, question: UUID) -> list[LedgerEntry]:
    async with program.store.unit_of_work() as uow:
        known = await uow.questions.get(question)
        assert known is not None
        assert known.participant is not None
        entries = await uow.accounting.of(known.participant)
    return [entry for entry in entries if entry.kind in ("disclosure", "delivery")]


def _environment(urls: DatabaseUrls, home: Path) -> dict[str, str]:
    return {
        "LEAD_DATABASE_URL": urls.data,
        "LEAD_KEYS_URL": urls.keys,
        "LEAD_DATA_DIR": str(home),
        "LEAD_POLL_SECONDS": "0.1",
        "LEAD_WORKER_TIMEOUT_SECONDS": "1.5",
    }


async def _dies(program: Program, point: str, home: Path, environment: dict[str, str]) -> None:
    with process("tests.scenarios.dying", point, "worker", errors=home / "stderr", **environment) as worker:
        assert await asyncio.to_thread(worker.wait, 60) == -signal.SIGKILL


async def _is_killed_while_the_receiver_thinks(
    far: Receiver, question: UUID, home: Path, environment: dict[str, str]
) -> None:
    """The receiver has stored the Bundle and has not answered: nobody here can know that it has it."""

    async def has_it() -> bool:
        return bool(far.received(str(question)))

    far.control(delay_after_store_seconds=30)
    with process("gateway", "worker", errors=home / "stderr", **environment) as worker:
        await until(has_it, "the Bundle")
        worker.send_signal(signal.SIGKILL)
        await asyncio.to_thread(worker.wait)
    far.control()


@pytest.mark.timeout(300)
async def test_killed_at_every_point_in_turn(tmp_path: Path, database_urls: DatabaseUrls) -> None:
    home, environment = tmp_path / "site", _environment(database_urls, tmp_path / "site")
    site = build_site(datetime.now(UTC).date())
    quick = {"release_delay_seconds": 1, "release_window_seconds": 1}
    with receiver(tmp_path / "receiver") as far:
        async with opened(home, database_urls, f"{far.address}/fhir", site, **quick) as program:
            question = await _approved(program)

            await _dies(program, "before", home, environment)
            assert (await _delivery(program, question)).state == "queued"
            assert [e.kind for e in await _entries(program, question)] == ["delivery"]  # the approval rides on it

            await _dies(program, "between", home, environment)
            assert (await _delivery(program, question)).state == "sending"
            assert far.received(str(question)) == []

            await _is_killed_while_the_receiver_thinks(far, question, home, environment)
            assert (await _delivery(program, question)).state == "sending"

            with process("gateway", "worker", errors=home / "stderr", **environment):

                async def is_delivered() -> bool:
                    return (await _delivery(program, question)).state == "delivered"

                await until(is_delivered, "the last worker")
            entries, delivery = await _entries(program, question), await _delivery(program, question)

    (row,) = far.received(str(question))
    assert row["key"] == key_of(delivery)
    disclosed = [str(entry.id) for entry in entries if entry.kind == "disclosure"]
    assert len(disclosed) == 3  # every passing of the point is on the ledger
    assert len({entry.content["digest"] for entry in entries if entry.kind == "disclosure"}) == 1
    assert [e.content["to"] for e in entries if e.kind == "delivery"][-2:] == ["sending", "delivered"]
    assert delivery.attempts == 3
    assert orjson.loads(row["bundle"])["identifier"]["value"] == str(question)
    assert b"alder" not in (home / "stderr").read_bytes().lower()
