"""Pictures of the main pages, to look at: `python -m tests.browser.screenshots FOLDER [WORD]`.

Each page on a phone and on a desktop, in light and in dark, on the site of `sample_site`; with
a WORD only those with it in their name. `readme.png` is the one for the README.
"""

import asyncio
import base64
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from tests.browser.conftest import DESKTOP, FLAGS, PHONE, chromium_path, running_site
from tests.browser.sample_site import EDITOR, ESSAY, HOSTILE, NEWCOMER, WRITER
from tests.browser.steps import log_in
from tests.servers import Server

VISITOR = None
PAGES = [
    (VISITOR, "front", "/"),
    (VISITOR, "page-past-the-end", "/?page=999"),
    (VISITOR, "not-found", "/nowhere"),
    (VISITOR, "login", "/auth/login"),
    (VISITOR, "register", "/auth/register"),
    (VISITOR, "reset", "/auth/reset"),
    (VISITOR, "bad-link", "/auth/confirm/wrong"),
    (VISITOR, "mailbox", "/dev/mailbox"),
    (NEWCOMER, "unconfirmed", "/auth/unconfirmed"),
    (WRITER, "home", "/"),
    (WRITER, "post", ESSAY),
    (WRITER, "profile", f"/user/{WRITER}"),
    (WRITER, "edit-profile", "/edit-profile"),
    (WRITER, "sessions", "/auth/sessions"),
    (WRITER, "change-password", "/auth/change-password"),
    (WRITER, "change-email", "/auth/change_email"),
    (WRITER, "tokens", "/auth/tokens"),
    (WRITER, "delete-account", "/auth/delete-account"),
    (WRITER, "report", "/report/post/1"),
    (EDITOR, "users", "/admin/users"),
    (EDITOR, "user", "/edit-profile/1"),
    (EDITOR, "audit", "/admin/audit"),
    (EDITOR, "mail", "/admin/mail"),
    (EDITOR, "moderate", "/moderate"),
    (EDITOR, "reports", "/moderate/reports"),
    (EDITOR, "disable", "/moderate/disable/1"),
    (EDITOR, "hostile", f"/user/{HOSTILE}"),
]

README_PAGE = """<!doctype html>
<style>
  body {{ margin: 0; width: 1280px; height: 800px; overflow: hidden; position: relative;
         background: linear-gradient(160deg, #dfe5df, #b9cac4); }}
  img {{ position: absolute; display: block; box-shadow: 0 8px 40px rgb(0 20 15 / 30%);
        border-radius: 8px; }}
  .desktop {{ left: 40px; top: 48px; }}
  .phone {{ right: 40px; top: 128px; }}
</style>
<img class="desktop" src="data:image/png;base64,{desktop}">
<img class="phone" src="data:image/png;base64,{phone}">
"""


async def open_as(browser: Browser, site: Server, who: str | None, **options: object) -> Page:
    """A window of its own, logged in as `who`."""
    context = await browser.new_context(base_url=site.url, locale="en-GB", **options)  # type: ignore[arg-type]
    page = await context.new_page()
    if who is not None:
        await log_in(page, who)
    return page


def options_of(width: int, height: int, scheme: str) -> dict[str, object]:
    """How a window looks; a narrow one is a phone's, whose scroll bars take no room."""
    viewport = {"width": width, "height": height}
    return {"viewport": viewport, "color_scheme": scheme, "is_mobile": width < 600}


async def picture_pages(browser: Browser, site: Server, folder: Path, word: str) -> None:
    """Write `NAME-WIDTH-SCHEME.png` for each page."""
    for scheme in ("light", "dark"):
        for width, height in (PHONE, DESKTOP):
            for who in dict.fromkeys(who for who, _, _ in PAGES):
                options = options_of(width, height, scheme)
                wanted = {
                    f"{name}-{width}-{scheme}.png": address
                    for somebody, name, address in PAGES
                    if somebody == who and word in f"{name}-{width}-{scheme}"
                }
                if not wanted:
                    continue
                page = await open_as(browser, site, who, **options)
                for name, address in wanted.items():
                    await page.goto(address)
                    await page.screenshot(path=folder / name, full_page=True)
                await page.context.close()


async def picture_for_readme(browser: Browser, site: Server, folder: Path) -> None:
    """Write `readme.png`: the front page on a light desktop, one's home on a dark phone."""
    shots = {}
    for name, who, scheme, width, height in [
        ("desktop", VISITOR, "light", 860, 752),
        ("phone", WRITER, "dark", 360, 672),
    ]:
        page = await open_as(browser, site, who, **options_of(width, height, scheme))
        await page.goto("/")
        shots[name] = base64.b64encode(await page.screenshot()).decode()
        await page.context.close()
    page = await browser.new_page(viewport={"width": 1280, "height": 800})
    await page.set_content(README_PAGE.format(**shots))
    await page.screenshot(path=folder / "readme.png")


async def main(folder: Path, word: str = "") -> None:
    """Start a site, fill it, and go round with a camera."""
    with tempfile.TemporaryDirectory() as var_dir:
        async with running_site(Path(var_dir)) as site, async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium_path(), args=FLAGS, chromium_sandbox=False
            )
            await picture_pages(browser, site, folder, word)
            if word in "readme":
                await picture_for_readme(browser, site, folder)
            await browser.close()


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(out, *sys.argv[2:3]))
