"""The database goes away under a running gateway, and comes back: the work goes on by itself."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from gateway.api import fixed
from gateway.demo.site import PROSECUTOR
from gateway.demo.story import ray_question, stranger_question
from gateway.store.postgres import SUPERUSER, EmbeddedPostgres
from mappings.fhir.bundle import NOTHING_HELPFUL
from tests.gateway.conftest import DatabaseUrls
from tests.scenarios.stage import Stage, receiver, stage, until


@pytest.fixture
async def site(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Stage]:
    with receiver(tmp_path / "receiver") as far:
        async with stage(tmp_path / "site", database_urls, far) as opened:
            yield opened


@contextmanager
def outage(postgres: EmbeddedPostgres, urls: DatabaseUrls) -> Iterator[None]:
    """While the block runs, this site's databases take no connection, and those that there were are cut."""
    names = [url.rpartition("/")[2].partition("?")[0] for url in (urls.data, urls.keys)]
    cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = ANY(%s)"
    with psycopg.connect(postgres.conninfo("postgres", SUPERUSER), autocommit=True) as superuser:
        for name in names:
            superuser.execute(_may_connect(name, "false"))
        assert (superuser.execute(cut, (names,)).fetchone() or (0,))[0] > 2
        try:
            yield
        finally:
            for name in names:
                superuser.execute(_may_connect(name, "true"))


def _may_connect(name: str, may: str) -> sql.Composed:
    return sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}").format(sql.Identifier(name), sql.SQL(may))


async def test_questions_are_answered_after_an_outage(
    site: Stage, postgres: EmbeddedPostgres, database_urls: DatabaseUrls
) -> None:
    early = (await site.ask(PROSECUTOR, stranger_question())).json()
    token = await site.partners[PROSECUTOR].token("system/Task.c", datetime.now(UTC))
    with outage(postgres, database_urls):
        for _ in range(3):
            assert (await site.http.get(f"{site.url}/health/ready")).status_code == 503
            refused = await site.ask(PROSECUTOR, ray_question(), token=token)
            assert (refused.status_code, refused.content) == (fixed.SERVER_ERROR.status, fixed.SERVER_ERROR.body)
            await asyncio.sleep(1)

    async def is_ready() -> bool:
        return (await site.http.get(f"{site.url}/health/ready")).status_code == 200

    await until(is_ready, "readiness")
    assert NOTHING_HELPFUL in str(await site.answer(early["id"]))  # late, but it comes
    told = (await site.ask(PROSECUTOR, ray_question())).json()
    await site.approve(await site.proposal(told["id"]))
    answer = await site.answer(told["id"])
    assert answer["type"] == "document"
    assert len(site.receiver.received(told["id"])) == 1
