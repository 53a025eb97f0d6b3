"""The description of the API in a real browser, to be read and tried out."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import COLOURS, violations
from tests.browser.conftest import DESKTOP, PHONE, Opener
from tests.browser.sample_site import WRITER
from tests.browser.steps import log_in
from tests.support import PASSWORD

# Swagger UI's own: a button to copy the path inside of the one that opens an operation, and
# examples that scroll.
SWAGGER_UIS_OWN = {"nested-interactive", "scrollable-region-focusable"}


# How long Swagger UI may take on a busy machine, in milliseconds: it shows every operation.
LONG = 90_000


async def unfold(page: Page, operation: str) -> None:
    """Unfold an operation."""
    control = page.locator(f"#operations-{operation} .opblock-summary-control")
    await control.click(timeout=LONG, no_wait_after=True)
    body = page.locator(f"#operations-{operation} .opblock-body")
    await expect(body).to_be_visible(timeout=LONG)


async def open_operation(page: Page, operation: str) -> None:
    """Unfold an operation, and press "Try it out"."""
    await unfold(page, operation)
    await page.locator(f"#operations-{operation}").get_by_role("button", name="Try it out").click()


async def test_reading_is_tried_out(open_page: Opener) -> None:
    page = await open_page()
    await page.goto("/")
    await page.get_by_role("contentinfo").get_by_role("link", name="API").click()
    await open_operation(page, "users-get_user")
    operation = page.locator("#operations-users-get_user")
    await operation.get_by_placeholder("user", exact=True).fill(WRITER)
    await operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    await expect(answer).to_contain_text(f'"username": "{WRITER}"')


async def test_a_post_is_written_with_a_token(open_page: Opener) -> None:
    page = await open_page()
    await log_in(page, WRITER)
    await page.goto("/auth/tokens")
    await page.get_by_label("Name").fill("trying out")
    await page.get_by_label("Write, edit and delete").check()
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create token").click()
    secret = await page.get_by_label("trying out").input_value()

    await page.goto("/api/docs")
    await page.get_by_role("button", name="Authorize").click()
    dialog = page.locator(".modal-ux")
    await dialog.get_by_label("Value").fill(secret)
    await dialog.get_by_role("button", name="Apply credentials").last.click()
    await dialog.get_by_role("button", name="Close").last.click()
    await open_operation(page, "posts-create_post")
    operation = page.locator("#operations-posts-create_post")
    await operation.locator("textarea").fill('{"body": "Written by *trying it out*."}')
    await operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table")
    await expect(answer).to_contain_text("Written by <em>trying it out</em>.")
    await expect(answer).to_contain_text("201")


@pytest.mark.parametrize(
    ("size", "scheme", "rules"),
    [(PHONE, "light", None), (DESKTOP, "dark", COLOURS)],
    ids=["phone", "desktop"],
)
async def test_the_page_is_ours_to_look_at(
    open_page: Opener, size: tuple[int, int], scheme: str, rules: list[str] | None
) -> None:
    page = await open_page(size, scheme=scheme)
    await page.goto("/api/docs")
    await unfold(page, "posts-create_post")
    found = await violations(page, rules)
    assert [problem for problem in found if problem["id"] not in SWAGGER_UIS_OWN] == []
    assert await page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


async def test_without_scripts_the_page_says_where_to_read(open_page: Opener) -> None:
    page = await open_page(scripts=False)
    await page.goto("/api/docs")
    await expect(page.get_by_text("needs JavaScript")).to_be_visible()
    await page.get_by_role("main").get_by_role("link", name="openapi.json").click()
    await expect(page.get_by_text('"openapi":')).to_be_visible()
