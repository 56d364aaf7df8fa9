"""Every page of the menu, for every role, at a desk and on a phone: readable, reachable, whole, light."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page

from gateway.web.navigation import PLACES, places_for
from gateway.web.roles import Role
from tests.browser.conftest import WIDTHS, Desk, violations

HEAVIEST = 150_000  # bytes, without what the browser keeps


async def _pages(page: Page) -> list[str]:
    """Give the pages that are linked from the main part of this one, each kind once, ids left aside."""
    found: dict[str, str] = {}
    for link in await page.eval_on_selector_all("main a[href^='/console/']", "all => all.map(a => a.href)"):
        path = urlsplit(link).path
        if path.endswith((".csv", ".pdf", "/export")):  # a file to keep, no page
            continue
        kind = "/".join("*" if any(c.isdigit() for c in part) and len(part) > 20 else part for part in path.split("/"))
        found.setdefault(kind, path)
    return list(found.values())


async def _check(page: Page, path: str, name: str, pictures: Path) -> list[str]:
    answer = await page.goto(path)
    assert answer is not None
    if answer.status != 200:
        return [f"{path}: {answer.status}"]
    if "text/html" not in answer.headers.get("content-type", ""):
        return []
    problems = [] if len(await answer.body()) <= HEAVIEST else [f"{path}: too heavy"]
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 900})
        await page.screenshot(path=pictures / f"{name}-{width}.png", full_page=True)
        if await page.evaluate("document.documentElement.scrollWidth") > width:
            problems.append(f"{path}: wider than {width}")
        problems += [f"{path} at {width}: {found}" for found in await violations(page)]
    if await page.locator("h1").count() != 1:
        problems.append(f"{path}: not one heading of the first order")
    return problems


@pytest.mark.parametrize("role", list(Role))
async def test_every_page_of_the_menu_and_one_step_further(role: Role, desk: Desk, pictures: Path) -> None:
    page = await desk.signed_in(role, bypass_csp=True)
    seen: set[str] = set()
    problems: list[str] = []
    waiting = [place.path for place in places_for(frozenset({role}))]
    for path in waiting:
        problems += await _check(page, path, f"{role.value}{path.replace('/', '-')}", pictures)
        seen.add(path)
        for further in await _pages(page):
            if further not in seen:
                seen.add(further)
                name = "-".join(part for part in further.split("/") if part and len(part) < 30)
                problems += await _check(page, further, f"{role.value}-{name}", pictures)
                await page.goto(path)
    assert problems == []


@pytest.mark.parametrize("role", list(Role))
async def test_no_page_of_the_menu_is_there_for_other_roles(role: Role, desk: Desk) -> None:
    page = await desk.signed_in(role)
    mine = {place.path for place in places_for(frozenset({role}))}
    for place in PLACES:
        answer = await page.goto(place.path)
        assert answer is not None
        assert (answer.status == 200) is (place.path in mine), place.path


async def test_by_keyboard_alone(desk: Desk) -> None:
    page = await desk.signed_in(Role.CASE_MANAGER)
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.textContent") == "Skip to the page"
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"


async def test_twice_as_large(desk: Desk) -> None:
    page = await desk.signed_in(Role.PRIVACY_OFFICER, width=640)  # 200 % of 1,280
    for place in places_for(frozenset({Role.PRIVACY_OFFICER})):
        await page.goto(place.path)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 640, place.path
