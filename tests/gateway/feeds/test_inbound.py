"""POST /inbound/{feed}: whom it believes, and that a stranger learns nothing of which feeds there are."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from gateway import feeds
from gateway.api import inbound, install
from gateway.signed_feeds import Signed, is_believed, signature_of
from gateway.store.repositories.feeds import Feed
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import NOON, Scene, opened_scene

KEY = b"0123456789abcdef0123456789abcdef"
NOW = str(int(NOON.timestamp()))


@asynccontextmanager
async def door(tmp_path: Path, urls: DatabaseUrls) -> AsyncIterator[tuple[Scene, httpx2.AsyncClient]]:
    (tmp_path / "key").write_bytes(KEY + b"\n")
    (tmp_path / "short").write_bytes(b"short\n")
    async with opened_scene(tmp_path / "site", urls, neutral_step_ms=10) as scene:
        for name, key in (("cedar", "key"), ("weak", "short"), ("lost", "none")):
            feed = Feed(name, "ojbc-booking", "org:cedar-jail", "America/Los_Angeles", {}, f"file:{tmp_path}/{key}")
            await feeds.add(scene.store, feed, by="Officer", at=NOON)
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        install(app, scene.program)
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="https://gateway.test") as http:
            yield scene, http


async def post(http: httpx2.AsyncClient, feed: str = "cedar", body: bytes = b"<a/>", **more: Any) -> httpx2.Response:
    at = more.get("at", NOW)
    signature = more.get("signature", signature_of(more.get("key", KEY), at, more.get("signed", body)))
    headers = {"X-Lead-Timestamp": at, "X-Lead-Signature": signature}
    return await http.post(f"/inbound/{feed}", content=body, headers=headers)


def answer(response: httpx2.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    return response.status_code, response.content, sorted(response.headers.items())


async def stored(scene: Scene) -> int:
    async with scene.store.unit_of_work() as uow:
        return len(await uow.inbound.waiting())


class TestUnbelieved:
    async def test_all_are_one_answer(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with door(tmp_path, database_urls) as (scene, http):
            tried = [
                await post(http, "nobody"),
                await post(http, "n" * 65),
                await post(http, key=b"f" * 32),
                await post(http, signed=b"<b/>"),
                await post(http, signature="sha256=00"),
                await post(http, signature=""),
                await post(http, at="yesterday"),
                await post(http, at=str(int(NOW) - 301)),
                await post(http, at=str(int(NOW) + 301)),
                await post(http, "weak", key=b"short"),
                await post(http, "lost"),
                await post(http, "jail"),
            ]
            assert {response.status_code for response in tried} == {401}
            assert all(answer(response) == answer(tried[0]) for response in tried)
            assert await stored(scene) == 0

    async def test_too_large_is_read_no_further(
        self, tmp_path: Path, database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inbound, "LARGEST", 3)
        async with door(tmp_path, database_urls) as (scene, http):
            assert (await post(http)).status_code == 413
            assert await stored(scene) == 0

    async def test_too_often(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with door(tmp_path, database_urls) as (_, http):
            statuses = [(await post(http, key=b"f" * 32)).status_code for _ in range(25)]
            assert statuses[0] == 401
            assert statuses[-1] == 429

    async def test_another_method(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with door(tmp_path, database_urls) as (_, http):
            assert (await http.get("/inbound/cedar")).status_code == 405

    async def test_paused(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with door(tmp_path, database_urls) as (scene, http):
            await feeds.pause(scene.store, "cedar", paused=True, at=NOON)
            assert (await post(http)).status_code == 503
            assert await stored(scene) == 0


class TestBelieved:
    async def test_stored_once_even_if_it_cannot_be_read(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with door(tmp_path, database_urls) as (scene, http):
            first, again = await post(http), await post(http)
            assert (first.status_code, first.json()) == (202, {"stored": True})
            assert answer(first) == answer(again)
            assert await stored(scene) == 1

    async def test_nothing_at_all(self, tmp_path: Path, database_urls: DatabaseUrls) -> None:
        async with door(tmp_path, database_urls) as (_, http):
            assert (await post(http, body=b"")).status_code == 400

    @pytest.mark.parametrize(("seconds", "is_in_time"), [(0, True), (300, True), (-300, True), (301, False)])
    def test_the_window(self, seconds: int, is_in_time: bool) -> None:  # noqa: FBT001  -- a parameter
        at = str(int(NOW) + seconds)
        assert is_believed(Signed(b"x", at, signature_of(KEY, at, b"x")), KEY, NOON) is is_in_time
