"""Fixtures for tests in real Chromium, which check what pages do."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.browser.sample_site import app_of, fill
from tests.browser.steps import PATIENCE_SECONDS
from tests.browser.watch import watch
from tests.servers import serving
from tests.template import copy_data

# The first one is Chromium without windows, toolbars and tabs: a page costs it a quarter.
NAMES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome"]
HOW_TO_INSTALL = (
    "these tests need Chromium: install it, on Debian by: apt install chromium-headless-shell"
)
FLAGS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]
# What is expected of a page comes later on a busy machine.
expect.set_options(timeout=PATIENCE_SECONDS * 1000)
DESKTOP, TABLET, PHONE = (1280, 900), (768, 1024), (375, 812)


class Site(NamedTuple):
    """A running site: its URL, links from its mails, and where its data is."""

    url: str
    links: dict[str, str]
    var_dir: Path


class Opener(Protocol):
    """Opens a window of a browser that nobody used before."""

    async def __call__(
        self, size: tuple[int, int] = DESKTOP, *, scripts: bool = True, scheme: str = "light"
    ) -> Page: ...


def chromium_path() -> str | None:
    """The path of the browser, if it is installed."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@asynccontextmanager
async def running_site(var_dir: Path) -> AsyncIterator[Site]:
    """`blog serve` on the site of `sample_site`, its data in `var_dir`."""
    async with serving(var_dir, wait=False) as server:
        await server.printed("Ctrl-C")  # The last line, written when the schema is there.
        await server.answers()
        app = app_of(var_dir)
        await app.database.open()
        links = await fill(app)
        await app.database.close()
        yield Site(server.url, links, var_dir)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """A running browser. Where there is none the tests are skipped, but not under `CI=true`."""
    path = chromium_path()
    if path is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(HOW_TO_INSTALL)
    async with async_playwright() as playwright:
        sandbox = os.geteuid() != 0  # Chromium has none for root.
        browser = await playwright.chromium.launch(
            executable_path=path, args=FLAGS, chromium_sandbox=sandbox
        )
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """The site that all these tests share; each registers people of its own."""
    var_dir = tmp_path_factory.mktemp("site")
    copy_data(var_dir)
    async with running_site(var_dir) as site:
        yield site


@pytest.fixture
async def open_page(chromium: Browser, site: Site) -> AsyncIterator[Opener]:
    """Open windows onto the site: `page = await open_page(PHONE)`; addresses may be relative.

    At the end of the test none of them may have logged an error or a violation of the
    Content Security Policy, or have asked another host for anything.
    """
    problems: list[str] = []
    async with AsyncExitStack() as contexts:

        async def open_window(
            size: tuple[int, int] = DESKTOP, *, scripts: bool = True, scheme: str = "light"
        ) -> Page:
            context = await chromium.new_context(
                base_url=site.url,
                color_scheme=scheme,  # type: ignore[arg-type]
                java_script_enabled=scripts,
                locale="en-GB",
                viewport={"width": size[0], "height": size[1]},
            )
            contexts.push_async_callback(context.close)
            watch(context, site.url, problems)
            return await context.new_page()

        yield open_window
    assert problems == []
