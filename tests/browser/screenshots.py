"""Pictures of every page, to look at: `make screenshots`, which runs

    python -m tests.browser.screenshots FOLDER [WORD]

Each page at four widths, in light and in dark, on the site of `sample_site`; with a WORD only
those with it in their name. `readme.png` is the one for the README.
"""

import asyncio
import base64
import sys
import tempfile
from functools import partial
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from tests.browser.conftest import (
    DESKTOP,
    FLAGS,
    PHONE,
    TABLET,
    Site,
    chromium_path,
    running_site,
)
from tests.browser.pages import each_page
from tests.browser.sample_site import WRITER
from tests.browser.steps import log_in

LARGE = (1920, 1080)
# How long a page may take on a busy machine.
LONGEST_MILLISECONDS = 120_000
# Letters stand where they do in a browser with windows, not at whole pixels.
LOOK = [*FLAGS, "--font-render-hinting=none"]

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


async def open_as(browser: Browser, site: Site, who: str | None, **options: object) -> Page:
    """A window of its own, logged in as `who`."""
    context = await browser.new_context(base_url=site.url, locale="en-GB", **options)  # type: ignore[arg-type]
    context.set_default_timeout(LONGEST_MILLISECONDS)
    page = await context.new_page()
    if who is not None:
        await log_in(page, who)
    return page


def options_of(width: int, height: int, scheme: str) -> dict[str, object]:
    """How a window looks; a narrow one is a phone's, whose scroll bars take no room."""
    viewport = {"width": width, "height": height}
    return {"viewport": viewport, "color_scheme": scheme, "is_mobile": width < 600}


async def picture_pages(browser: Browser, site: Site, folder: Path, word: str) -> None:
    """Write `NAME-WIDTH-SCHEME.png` for each page."""
    for scheme in ("light", "dark"):
        for width, height in (PHONE, TABLET, DESKTOP, LARGE):
            look = f"{width}-{scheme}"
            open_window = partial(open_as, browser, site, None, **options_of(width, height, scheme))
            wanted = partial(is_named, word, look)
            async for name, page in each_page(open_window, site.links, wanted):
                await page.wait_for_load_state()
                path = folder / f"{name}-{look}.png"
                await page.screenshot(path=path, full_page=True, animations="disabled")


def is_named(word: str, look: str, name: str) -> bool:
    return word in f"{name}-{look}"


async def picture_for_readme(browser: Browser, site: Site, folder: Path) -> None:
    """Write `readme.png`: the front page on a light desktop, one's home on a dark phone."""
    shots = {}
    for name, who, scheme, width, height in [
        ("desktop", None, "light", 1000, 752),
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
                executable_path=chromium_path(), args=LOOK, chromium_sandbox=False
            )
            await picture_pages(browser, site, folder, word)
            if word in "readme":
                await picture_for_readme(browser, site, folder)
            await browser.close()


if __name__ == "__main__":
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(out, *sys.argv[2:3]))
