"""Each page, at each width, with whatever people write: nothing sticks out, all is legible."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page

from tests.browser.conftest import DESKTOP, PHONE, Opener
from tests.browser.sample_site import EDITOR, ESSAY, HOSTILE, NEWCOMER, WRITER
from tests.browser.steps import log_in

# Who sees which pages.
AUDIENCES = {
    None: ["/", "/auth/login", "/auth/register", "/auth/reset", f"/user/{HOSTILE}", ESSAY,
           "/post/2", "/post/7", "/nowhere", "/?page=999", "/dev/mailbox", "/auth/confirm/wrong"],
    NEWCOMER: ["/auth/unconfirmed"],
    HOSTILE: ["/", f"/user/{HOSTILE}"],
    WRITER: [ESSAY, "/edit-profile", "/auth/sessions", "/auth/change-password",
             "/auth/change_email", "/auth/delete-account", "/report/post/2", "/report/comment/1"],
    EDITOR: ["/admin/users", "/admin/audit", "/admin/mail", "/edit-profile/1", "/moderate",
             "/moderate/reports", "/moderate/posts", "/moderate/disable/1", "/moderate/hide/2"],
}  # fmt: skip

STICKS_OUT = """() => {
  const width = document.documentElement.clientWidth;
  return document.documentElement.scrollWidth > width
    ? [...document.querySelectorAll("body *")]
        .filter((element) => element.getBoundingClientRect().right > width + 0.5)
        .map((element) => `${element.tagName}.${element.className}`).slice(0, 5)
    : [];
}"""

# The contrast of each text with what is behind it, as WCAG 2.2 defines it in 1.4.3.
PALE_TEXT = """() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const linear = [r, g, b].map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    throw new Error("nothing is behind it");
  };
  const pale = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const [a, b] = [luminance(parse(style.color)), luminance(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (large ? 3 : 4.5)) {
      pale.add(`${contrast.toFixed(2)}: ${walker.currentNode.data.trim().slice(0, 40)}`);
    }
  }
  return [...pale];
}"""

SMALL_TARGETS = """() => [
    ...document.querySelectorAll("button, .button, input, textarea, select, summary, nav a")
  ]
  .filter((element) => element.checkVisibility() && !["hidden", "checkbox"].includes(element.type))
  .filter((element) => element.getBoundingClientRect().height < 44)
  .map((element) => element.textContent.trim() || element.name)"""

DISORDERED_HEADINGS = """() => {
  const levels = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
    .map((heading) => Number(heading.tagName[1]));
  const jumps = levels.filter((level, index) => level > (levels[index - 1] ?? 0) + 1);
  return levels.filter((level) => level === 1).length === 1 && !jumps.length ? [] : levels;
}"""


async def each_page(
    open_page: Opener, size: tuple[int, int] = DESKTOP, scheme: str = "light"
) -> AsyncIterator[Page]:
    """Every page, one after the other, as somebody sees it who may see it."""
    for who, addresses in AUDIENCES.items():
        page = await open_page(size, scheme=scheme)
        if who is not None:
            await log_in(page, who)
        for address in addresses:
            await page.goto(address)
            yield page


async def test_no_page_scrolls_sideways(open_page: Opener) -> None:
    async for page in each_page(open_page):
        for width in (320, 375, 768, 1280):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate(STICKS_OUT) == [], f"{page.url} at {width}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_keeps_its_contrast(open_page: Opener, scheme: str) -> None:
    async for page in each_page(open_page, scheme=scheme):
        assert await page.evaluate(PALE_TEXT) == [], page.url
    page = await open_page(DESKTOP, scheme=scheme)
    await page.goto("/auth/register")
    await page.get_by_label("E-mail").fill("nobody@nowhere")
    await page.get_by_label("Username").fill("9")
    await page.get_by_label("Password", exact=True).fill("1")
    await page.get_by_label("Password again").fill("2")
    await page.get_by_role("main").get_by_role("button").click()
    assert await page.evaluate(PALE_TEXT) == []


async def test_what_one_touches_is_large_enough(open_page: Opener) -> None:
    async for page in each_page(open_page, PHONE):
        await page.get_by_role("button", name="Menu").click()
        assert await page.evaluate(SMALL_TARGETS) == [], page.url


async def test_headings_are_in_order(open_page: Opener) -> None:
    async for page in each_page(open_page):
        assert await page.evaluate(DISORDERED_HEADINGS) == [], page.url


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_scripts_move_nothing_on_the_page(open_page: Opener, size: tuple[int, int]) -> None:
    """The times get shorter when the script has read them; what is beside them stays."""
    places = []
    for scripts in (True, False):
        page = await open_page(size, scripts=scripts)
        await page.goto(f"/user/{WRITER}")
        places.append(await page.locator(".posts").bounding_box())
    assert places[0] == places[1]
