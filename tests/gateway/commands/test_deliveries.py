"""Dead letters through the command line: seen with their cause, tried again, and nothing of what they say."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from adapters.outbound import Acknowledged, Failed
from consent.disclosure import Message
from gateway import breaking, questions
from gateway.demo.site import PROSECUTOR
from gateway.demo.story import stranger_question
from gateway.opening import compose
from gateway.program import Program
from gateway.sending import Doors, deliver
from gateway.settings import load
from gateway.store.places import Places
from gateway.store.unit_of_work import UnitOfWork
from gateway.store.values import StoredDelivery
from tests.gateway.commands.conftest import Command
from tests.gateway.conftest import DatabaseUrls


class _Refusing:
    """A recipient that takes nothing."""

    async def send(
        self,
        message: Message,
        *,
        idempotency_key: str,
        timeout: float = 5.0,  # noqa: ASYNC109  -- the port says so
    ) -> Acknowledged | Failed:
        return Failed(retryable=False, cause="http-422")


async def _door(_: UnitOfWork, __: str) -> _Refusing:
    return _Refusing()


async def _failed(program: Program) -> StoredDelivery:
    asked = await questions.ask(program.store, program.settings, PROSECUTOR, stranger_question(), program.now())
    async with program.store.unit_of_work() as uow:
        (waits,) = await uow.deliveries.for_question(asked.id)
        for _ in range(breaking.THRESHOLD):
            await breaking.judge(uow, "org:away", Failed(retryable=True, cause="connect"), program.now())
        await uow.commit()
    await deliver(program.store, Doors(_door, program.now, 5.0), waits.id)
    return waits


@pytest.fixture
def failed(site: DatabaseUrls, tmp_path: Path) -> str:
    """A delivery that its recipient has refused."""

    async def run() -> str:
        program = compose(load(data_dir=tmp_path / "site"), Places(site.data, site.keys, None, None))
        try:
            return str((await _failed(program)).id)
        finally:
            await program.close()

    return asyncio.run(run())


def _listed(command: Command, *words: str) -> list[dict[str, Any]]:
    said = command("deliveries", "list", *words, "--json")
    assert (said.code, said.err) == (0, "")
    rows: list[dict[str, Any]] = said.json()["deliveries"]
    return rows


def test_a_dead_letter_is_listed_and_tried_again(command: Command, failed: str) -> None:
    for words, line in (
        (("retry", "nobody"), "`ID`: must be the id of a delivery"),
        (("retry", "00000000-0000-0000-0000-000000000001"), "`delivery`: there is none by that id"),
    ):
        said = command("deliveries", *words)
        assert (said.code, said.line) == (2, f"lead-gateway: {line}")
    assert failed not in [row["id"] for row in _listed(command)]
    (row,) = _listed(command, "--failed")
    assert (row["id"], row["state"], row["cause"], row["recipient"]) == (failed, "failed", "http-422", PROSECUTOR)
    said = command("deliveries", "retry", failed, "--json")
    assert (said.code, said.json()["state"]) == (0, "queued")
    assert _listed(command, "--failed") == []
    assert failed in [row["id"] for row in _listed(command)]
    again = command("deliveries", "retry", failed)
    assert (again.code, again.line) == (
        2,
        "lead-gateway: `delivery`: is queued, only one that failed can be tried again",
    )


def test_an_endpoint_that_is_left_alone_is_shown(command: Command, failed: str) -> None:
    said = command("deliveries", "endpoints", "--json")
    (row,) = said.json()["endpoints"]
    assert (row["recipient"], row["failures"], row["cause"], row["open"]) == ("org:away", 5, "connect", True)
