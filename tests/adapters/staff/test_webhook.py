"""Webhooks of staff, against a real server."""

from pathlib import Path

import orjson
import pytest

from adapters.staff.nudge import WORDS, ContactError, NotTold, Told
from adapters.staff.webhook import Webhook, checked_webhook
from tests.adapters.staff.hooks import hook
from tests.gateway.site import NOON

CONSOLE = "https://gateway.cedar.example/console"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "chat.example",
        "ftp://chat.example/x",
        "https://",
        "https://name:secret@chat.example/x",
        "https://chat.example/x#y",
        "http://chat.example/x",
        "http://10.0.0.1/x",
        "http://localhost.chat.example/x",
    ],
)
def test_refused_addresses(address: str) -> None:
    with pytest.raises(ContactError, match=r"^`ADDRESS`: must "):
        checked_webhook(address)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (302, NotTold("http-302", perhaps=False)),
        (404, NotTold("http-404", perhaps=False)),
        (503, NotTold("http-503", perhaps=True)),
        (200, Told()),
        (204, Told()),
    ],
)
async def test_by_its_status(status: int, told: Told | NotTold) -> None:
    async with hook(status) as (url, seen):
        assert await Webhook().tell(url, CONSOLE, NOON) == told
    assert len(seen) == 1


async def test_nobody_there() -> None:
    async with hook(200) as (url, _):
        pass
    assert await Webhook().tell(url, CONSOLE, NOON) == NotTold("connect", perhaps=False)


async def test_a_server_that_does_not_answer() -> None:
    async with hook(0) as (url, _):
        assert await Webhook().tell(url, CONSOLE, NOON, seconds=0.3) == NotTold("no-answer", perhaps=True)


async def test_exactly_this_and_nothing_else(tmp_path: Path) -> None:
    async with hook(200) as (url, seen):
        await Webhook().tell(url + "?key=1", CONSOLE, NOON)
    (request,) = seen
    head, _, body = request.partition(b"\r\n\r\n")
    assert orjson.loads(body) == {"text": f"{WORDS}\n{CONSOLE}"}
    assert head.startswith(b"POST /hook?key=1 HTTP/1.1\r\n")
