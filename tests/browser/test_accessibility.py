"""What axe-core finds wrong on the pages, which is nothing, and the way by keyboard alone."""

import asyncio
from importlib.resources import files
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Opener
from tests.browser.sample_site import EDITOR, ESSAY, HOSTILE, NEWCOMER, WRITER
from tests.browser.steps import PATIENCE_SECONDS, log_in
from tests.support import PASSWORD

VISITOR = None
PAGES = {
    VISITOR: ["/", "/?page=999", ESSAY, f"/user/{WRITER}", "/auth/login", "/auth/register",
              "/auth/reset", "/auth/confirm/wrong", "/nowhere"],
    NEWCOMER: ["/auth/unconfirmed"],
    HOSTILE: [f"/user/{HOSTILE}"],
    WRITER: ["/", ESSAY, f"/user/{WRITER}", "/edit-profile", "/auth/sessions",
             "/auth/change-password", "/auth/change_email", "/auth/tokens",
             "/auth/delete-account", "/report/post/1", "/report/comment/1"],
    EDITOR: [ESSAY, "/admin/users", "/edit-profile/1", "/admin/audit", "/admin/mail", "/moderate",
             "/moderate/reports", "/moderate/reports/closed", "/moderate/posts",
             "/moderate/disable/1", "/moderate/hide/2"],
}  # fmt: skip
# Forms that are refused when they are empty.
FORMS = {
    VISITOR: ["/auth/login", "/auth/register", "/auth/reset"],
    WRITER: ["/", ESSAY, "/auth/change-password", "/auth/change_email", "/auth/delete-account",
             "/report/post/1"],
    EDITOR: ["/edit-profile/1", "/moderate/disable/1"],
}  # fmt: skip

LOOKS = pytest.mark.parametrize("scheme", ["light", "dark"])
# The colours do not depend on the width, nor the layout on the colours.
SIZED_LOOKS = pytest.mark.parametrize(
    ("size", "scheme"),
    [(PHONE, "light"), (DESKTOP, "light"), (PHONE, "dark")],
    ids=["phone-light", "desktop-light", "phone-dark"],
)

# Evaluated over the debugging protocol, which the Content Security Policy does not bind.
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
# In the dark only the colours differ. A mail's own frame is sandboxed: axe cannot look into it.
RUN_AXE = """async () => {
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const { violations } = await axe.run(document, {
    resultTypes: ["violations"],
    iframes: false,
    ...(isDark && { runOnly: { type: "rule", values: ["color-contrast", "link-in-text-block"] } }),
  });
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.slice(0, 3).map(({ html, failureSummary }) => ({ id, help, html, failureSummary })));
}"""
SEND_EMPTY = """() => {
  const form = document.querySelector("main form");
  for (const control of form.querySelectorAll("input:not([type=hidden]), textarea")) {
    control.value = "";
  }
  form.noValidate = true;
  form.requestSubmit();
}"""
FOCUS_IS_SHOWN = """() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
}"""


async def violations(page: Page) -> list[dict[str, Any]]:
    """What axe-core objects to on the page, with the first elements that it is about."""
    await page.evaluate(AXE)
    found: list[dict[str, Any]] = await page.evaluate(RUN_AXE)
    return [{"page": page.url} | violation for violation in found]


@SIZED_LOOKS
async def test_axe_finds_nothing_on_any_page(
    open_page: Opener, size: tuple[int, int], scheme: str
) -> None:
    found = []
    for who, addresses in PAGES.items():
        page = await open_page(size, scheme=scheme)
        if who is not None:
            await log_in(page, who)
        for address in addresses:
            answer = await page.goto(address)
            assert answer and answer.status < 500, address
            found += await violations(page)
    assert found == []


@SIZED_LOOKS
async def test_axe_finds_nothing_on_a_refused_form(
    open_page: Opener, size: tuple[int, int], scheme: str
) -> None:
    found = []
    for who, addresses in FORMS.items():
        page = await open_page(size, scheme=scheme)
        if who is not None:
            await log_in(page, who)
        for address in addresses:
            await page.goto(address)
            async with page.expect_navigation() as refusal:
                await page.evaluate(SEND_EMPTY)
            assert (await refusal.value).status == 422, address
            found += await violations(page)
    assert found == []


@LOOKS
async def test_axe_finds_nothing_in_the_open_menu_and_the_mailbox(
    open_page: Opener, scheme: str
) -> None:
    page = await open_page(PHONE, scheme=scheme)
    await page.goto("/auth/reset")
    await page.get_by_role("button", name="Menu").click()
    assert await violations(page) == []
    await page.keyboard.press("Escape")

    await page.get_by_label("E-mail").fill(f"{WRITER}@example.com")
    await page.get_by_role("button", name="Send me a link").click()
    mail = page.get_by_role("main").get_by_role("listitem").get_by_role("link").first
    await expect(page.get_by_text("If there is an account")).to_be_visible()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await mail.is_visible():
            await page.goto("/dev/mailbox")
    assert await violations(page) == []
    await mail.click()
    await page.wait_for_url("**/dev/mailbox/*")
    assert await violations(page) == []


@pytest.mark.parametrize(
    ("scheme", "spoil", "rule"),
    [
        ("light", "document.querySelector('label').remove()", "label"),
        ("dark", "document.querySelector('h1').style.color = '#333'", "color-contrast"),
    ],
)
async def test_axe_is_able_to_find_something(
    open_page: Opener, scheme: str, spoil: str, rule: str
) -> None:
    page = await open_page(scheme=scheme)
    await page.goto("/auth/login")
    await page.evaluate(f"() => {{ {spoil}; }}")
    assert [found["id"] for found in await violations(page)] == [rule]


async def tab_to(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus, which has to be seen wherever it is."""
    await expect(target).to_be_visible()
    element = await target.element_handle()
    for _ in range(60):
        await page.keyboard.press("Tab")
        assert await page.evaluate(FOCUS_IS_SHOWN), f"the focus is not seen on the way to {target}"
        if await page.evaluate("(element) => element === document.activeElement", element):
            return
    raise AssertionError(f"Tab does not lead to {target}")


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_post_and_a_comment_are_written_by_keyboard_alone(
    open_page: Opener, scripts: bool
) -> None:
    page = await open_page(scripts=scripts)
    main, keyboard = page.get_by_role("main"), page.keyboard
    skip = page.get_by_role("link", name="Skip to the content")

    await page.goto("/")
    await tab_to(page, page.get_by_role("navigation").get_by_role("link", name="Log in"))
    await keyboard.press("Enter")
    await tab_to(page, page.get_by_label("E-mail or username"))
    await keyboard.type(WRITER)
    await tab_to(page, page.get_by_label("Password"))
    await keyboard.type(PASSWORD)
    await keyboard.press("Enter")

    await tab_to(page, skip)
    await keyboard.press("Enter")
    await expect(main).to_be_focused()
    await tab_to(page, main.get_by_label("on your mind"))
    text = f"Typed without a mouse, scripts {scripts}."
    await keyboard.type(text)
    await tab_to(page, main.get_by_role("button", name="Publish"))
    await keyboard.press("Enter")
    await expect(main.get_by_text("Your post is published.")).to_be_visible()

    post = main.get_by_role("article").filter(has_text=text)
    await tab_to(page, post.get_by_role("link", name=f"Post by {WRITER}"))
    await keyboard.press("Enter")
    await tab_to(page, main.get_by_label("Your comment"))
    await keyboard.type("Nor this.")
    await tab_to(page, main.get_by_role("button", name="Comment"))
    await keyboard.press("Enter")
    await expect(main.get_by_text("Nor this.")).to_be_visible()
