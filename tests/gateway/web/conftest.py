"""The console in process: a browser-like client per role, on the demo's site."""

import html
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from gateway.store.repositories.console import Session
from gateway.web import sessions
from gateway.web.guard import COOKIE, PLAIN_COOKIE
from gateway.web.installing import install
from gateway.web.roles import Role
from tests.gateway.conftest import DatabaseUrls
from tests.gateway.site import Scene, opened_scene

CASE_MANAGEMENT = "org:cedar-cm"
DEFENDER = "org:cedar-defender"


@dataclass
class Browser:
    """Somebody at a desk: keeps the cookie, sends the value that each form carries."""

    http: httpx2.AsyncClient
    token: str

    async def get(self, path: str, **more: Any) -> httpx2.Response:
        return await self.http.get(path, **more)

    async def post(self, path: str, data: dict[str, Any] | None = None, **more: Any) -> httpx2.Response:
        fields = {"form": sessions.form_value(self.token), **(data or {})}
        return await self.http.post(path, data=fields, **more)


@dataclass
class Console:
    """The scene and its pages."""

    scene: Scene
    app: FastAPI

    def stranger(self) -> httpx2.AsyncClient:
        base = self.scene.program.settings.base_url
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.app), base_url=base)

    async def as_(self, *roles: Role, staff: str = "Mo Cypress", organization: str = CASE_MANAGEMENT) -> Browser:
        at = self.scene.clock()
        person = Session(staff, staff, organization, frozenset(role.value for role in roles), at, at)
        token = await sessions.start(self.scene.store, person, at)
        http = self.stranger()
        secure = str(http.base_url).startswith("https")
        http.cookies.set(COOKIE if secure else PLAIN_COOKIE, token)
        return Browser(http, token)


@pytest.fixture
async def console(tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Console]:
    async with opened_scene(tmp_path / "site", database_urls) as scene:
        app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
        install(app, scene.program, demo=True)
        yield Console(scene, app)


def text_of(page: httpx2.Response) -> str:
    """Give a page's words as a person reads them."""
    found = re.sub(r"<(script|style|title)[^>]*>.*?</\1>|<[^>]+>", " ", page.text, flags=re.DOTALL)
    return " ".join(html.unescape(found).split())
