"""A real server, a real OpenID provider and the system's Chromium. Skipped, and counted, where one is missing."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright
from pydantic import SecretStr

from gateway.app import make_app
from gateway.web.roles import Role
from gateway.web.signin import RETURN
from tests.gateway.conftest import (  # noqa: F401  -- fixtures
    DatabaseUrls,
    data_template,
    database_urls,
    furniture,
    keys_template,
    superuser,
)
from tests.gateway.site import Scene, opened_scene

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
PICTURES = ROOT / ".screenshots"
CHROMIUM = shutil.which("chromium")
NODE = shutil.which("node")
WIDTHS = (1280, 375)
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PEOPLE = {
    Role.CASE_MANAGER: "Mo Cypress",
    Role.SUPERVISOR: "Sam Hemlock",
    Role.PRIVACY_OFFICER: "Pat Juniper",
    Role.PROJECT_MANAGER: "Lee Larch",
    Role.AUDITOR: "Ash Rowan",
    Role.DEFENDER: "Dee Willow",
}


def account(role: str, name: str, organization: str = "org:cedar-cm") -> str:
    """Give what an invented person types as their login name at the provider: its claims."""
    return json.dumps({"sub": name, "name": name, "roles": [role], "organization": organization})


@dataclass
class Desk:
    """The site as it is served, and a browser in front of it."""

    scene: Scene
    base: str
    browser: Browser

    async def context(self, width: int = 1280, **more: Any) -> BrowserContext:
        return await self.browser.new_context(viewport={"width": width, "height": 900}, base_url=self.base, **more)

    async def signed_in(self, role: Role, *, width: int = 1280, **more: Any) -> Page:
        """Sign somebody in at the provider, as a person does it; give the page that they then see."""
        page = await (await self.context(width, **more)).new_page()
        await page.goto("/console/today")
        await page.get_by_role("link", name="Sign in with your work account").click()
        organization = "org:cedar-defender" if role is Role.DEFENDER else "org:cedar-cm"
        await page.fill("input[name=login]", account(role.value, PEOPLE[role], organization))
        await page.fill("input[name=password]", "invented")
        await page.click("button[type=submit]")
        await page.click("button[type=submit]")  # the provider asks whether the site may know
        await page.wait_for_url("**/console/today")
        return page


async def violations(page: Page) -> list[str]:
    """Give what axe-core finds against WCAG on the page as it is; the page's policy does not bind the test."""
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))")
    return [f"{rule}: {' | '.join(nodes)[:400]}" for rule, nodes in found]


@pytest.fixture(scope="session")
def parts() -> None:
    missing = [name for name, found in (("chromium", CHROMIUM), ("node", NODE)) if found is None]
    if missing or not AXE.exists():
        pytest.skip(f"{missing or 'axe-core'}: missing")


@pytest.fixture
async def desk(parts: None, tmp_path: Path, database_urls: DatabaseUrls) -> AsyncIterator[Desk]:  # noqa: F811  -- it is that fixture
    async with opened_scene(tmp_path / "site", database_urls) as scene:
        scene.clock.at = datetime.now(UTC)  # the provider's clock is the machine's
        async with _served(scene) as base, async_playwright() as chromium:
            browser = await chromium.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            yield Desk(scene, base, browser)
            await browser.close()


@asynccontextmanager
async def _served(scene: Scene) -> AsyncIterator[str]:
    program = scene.program
    app = make_app(program, jobs=None, demo=True)
    http = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="critical", lifespan="off"))
    serving = asyncio.create_task(http.serve())
    while not http.started:  # noqa: ASYNC110  -- uvicorn tells nobody
        await asyncio.sleep(0.01)
    base = f"http://127.0.0.1:{http.servers[0].sockets[0].getsockname()[1]}"
    with _provider(f"{base}{RETURN}") as issuer:
        known = {
            "base_url": base,
            "oidc_issuer": issuer,
            "oidc_client_id": "lead-console",
            "oidc_staff_claim": "name",  # the provider's own subject is the whole login
            "oidc_client_secret": SecretStr("an invented secret of an invented site"),
        }
        program.settings = program.settings.model_copy(update=known)
        yield base
    http.should_exit = True
    await serving


class _Provider:
    def __init__(self, redirect: str) -> None:
        self._command = [str(NODE), str(ROOT / "tests" / "node" / "openid_provider.mjs"), redirect]

    def __enter__(self) -> str:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("http://"):
                return line.strip()
        raise AssertionError("the provider did not start")

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)


def _provider(redirect: str) -> _Provider:
    return _Provider(redirect)


@pytest.fixture(scope="session")
def pictures() -> Path:
    PICTURES.mkdir(exist_ok=True)
    return PICTURES
