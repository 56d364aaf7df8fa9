"""As a person does it: at the provider, in, out; and what a browser shows on the way."""

from pathlib import Path

from gateway.web.roles import Role
from tests.browser.conftest import Desk, account, violations


async def test_in_and_out(desk: Desk) -> None:
    page = await desk.signed_in(Role.CASE_MANAGER)
    assert await page.get_by_role("heading", level=1).inner_text() == "Today"
    assert await page.get_by_text("Mo Cypress").is_visible()
    await page.get_by_role("button", name="Sign out").click()
    await page.goto("/console/today")
    assert await page.get_by_role("heading", level=1).inner_text() == "Sign in"


async def test_who_has_no_role_is_told_so(desk: Desk) -> None:
    page = await (await desk.context()).new_page()
    await page.goto("/console/sign-in?go=1")
    await page.fill("input[name=login]", account("root", "Max Nobody"))
    await page.fill("input[name=password]", "invented")
    await page.click("button[type=submit]")
    await page.click("button[type=submit]")
    await page.get_by_text("Your account has no role here").wait_for()
    await page.goto("/console/today")
    assert await page.get_by_role("heading", level=1).inner_text() == "Sign in"


async def test_coming_back_in_another_browser_is_nobody(desk: Desk) -> None:
    page = await (await desk.context()).new_page()
    await page.goto("/console/sign-in?go=1")
    await page.fill("input[name=login]", account("case-manager", "Mo Cypress"))
    await page.fill("input[name=password]", "invented")
    await page.click("button[type=submit]")
    async with page.expect_request("**/console/signed-in?*") as came:
        await page.click("button[type=submit]")
    other = await (await desk.context()).new_page()
    await other.goto((await came.value).url)
    await other.get_by_text("You are not signed in").wait_for()


async def test_no_cookie_is_left_that_scripts_can_read(desk: Desk) -> None:
    page = await desk.signed_in(Role.CASE_MANAGER)
    assert await page.evaluate("document.cookie") == ""
    kept = await page.context.cookies(desk.base)
    assert all(each["httpOnly"] and each["sameSite"] == "Lax" for each in kept if each["name"].startswith("lead"))


async def test_the_page_before_is_accessible(desk: Desk, pictures: Path) -> None:
    for width in (1280, 375):
        page = await (await desk.context(width, bypass_csp=True)).new_page()
        await page.goto("/console/sign-in")
        await page.screenshot(path=pictures / f"sign-in-{width}.png", full_page=True)
        assert not await violations(page)
