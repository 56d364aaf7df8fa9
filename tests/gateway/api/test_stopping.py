import asyncio
import time
from typing import Any

import httpx2
import pytest

from gateway.api import fixed, pages
from gateway.api.stopping import TRIES, Tries
from gateway.exit import is_partner
from tests.gateway.api.fake import FakeGateway

FORM = {"content-type": "application/x-www-form-urlencoded"}


async def _post(http: httpx2.AsyncClient, content: bytes, **headers: str) -> httpx2.Response:
    return await http.post("/revoke", content=content, headers={**FORM, **headers})


class TestRefusing:
    @pytest.mark.parametrize(
        "content",
        [b"", b"code=", b"code=WRONG", b"other=GOOD-CODE", b"\xff\xfe", b"a&b&c&d&e&code=GOOD-CODE", b"x" * 600],
    )
    async def test_every_other_code_has_one_answer(self, http: Any, content: bytes) -> None:
        answer = await _post(http, content)
        assert (answer.status_code, answer.content) == (200, pages.NOT_STOPPED)

    async def test_a_code_in_another_form_is_not_read(self, http: Any, gateway: FakeGateway) -> None:
        answer = await http.post("/revoke", json={"code": "GOOD-CODE"})
        assert answer.content == pages.NOT_STOPPED
        assert "GOOD-CODE" not in gateway.codes

    async def test_a_code_in_the_address_is_not_read(self, http: Any, gateway: FakeGateway) -> None:
        answer = await http.post("/revoke?code=GOOD-CODE", content=b"", headers=FORM)
        assert answer.content == pages.NOT_STOPPED
        assert gateway.codes == [""]

    async def test_it_takes_as_long_as_a_good_one(self, http: Any, gateway: FakeGateway) -> None:
        step = gateway.settings.neutral_step_ms / 1000
        for content in (b"code=WRONG", b"code=GOOD-CODE", b"x" * 600):
            began = time.monotonic()
            await _post(http, content)
            assert time.monotonic() - began >= step

    async def test_too_many_tries_have_to_wait(self, http: Any, gateway: FakeGateway) -> None:
        answers = await asyncio.gather(*(_post(http, b"code=WRONG") for _ in range(TRIES + 3)))
        assert [a.status_code for a in answers].count(429) == 3
        assert len(gateway.codes) == TRIES
        assert {a.content for a in answers if a.status_code == 429} == {pages.WAIT}

    async def test_a_failure_says_nothing(self, http: Any, gateway: FakeGateway) -> None:
        gateway.breaks = ValueError("GOOD-CODE")
        answer = await _post(http, b"code=GOOD-CODE")
        assert (answer.status_code, answer.content) == (500, fixed.SERVER_ERROR.body)

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
    async def test_other_methods(self, http: Any, method: str) -> None:
        assert (await http.request(method, "/revoke")).status_code == 405


class TestStopping:
    async def test_a_good_code(self, http: Any, gateway: FakeGateway) -> None:
        answer = await _post(http, b"code=GOOD-CODE")
        assert (answer.status_code, answer.content) == (200, pages.STOPPED)
        assert gateway.codes == ["GOOD-CODE"]

    async def test_the_form_is_the_same_for_everybody(self, http: Any) -> None:
        answer = await http.get("/revoke")
        assert answer.content == pages.ASK
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["content-security-policy"]

    def test_pages_load_nothing_and_run_nothing(self) -> None:
        for page in (pages.ASK, pages.STOPPED, pages.NOT_STOPPED, pages.WAIT):
            for banned in (b"<script", b"src=", b"href=", b"http://", b"https://", b"url("):
                assert banned not in page


class TestTries:
    def test_addresses_are_counted_apart_and_forgotten_after_a_minute(self) -> None:
        now = [0.0]
        tries = Tries(lambda: now[0], tries=2)
        assert [tries.may("a"), tries.may("a"), tries.may("a"), tries.may("b")] == [True, True, False, True]
        now[0] = 60.0
        assert tries.may("a")

    def test_memory_is_bounded(self) -> None:
        tries = Tries(lambda: 0.0, tries=1, addresses=2)
        for address in ("a", "b", "c"):
            tries.may(address)
        assert len(tries._seen) == 2


def test_the_fence_stands_before_it() -> None:
    assert is_partner({"path": "/revoke"})
    assert not is_partner({"path": "/revoked"})
