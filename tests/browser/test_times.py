"""Times in the reader's own zone and language, and a little later still true."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Opener
from tests.browser.sample_site import WRITER


async def open_after(page: Page, passed: timedelta) -> Locator:
    """Open the front page when some time has passed since a post on it was written.

    Returns:
        The time on the post.
    """
    await page.goto("/")
    time = page.get_by_role("article").filter(has_text="to my future self").locator("time")
    written = datetime.fromisoformat(await time.get_attribute("datetime") or "")
    await page.clock.install(time=written + passed)
    await page.reload()
    return time


async def test_a_post_says_how_long_ago_it_was_written(open_page: Opener) -> None:
    time = await open_after(await open_page(), timedelta(hours=3))
    await expect(time).to_have_text("3 hours ago")
    await expect(time).to_have_attribute("title", re.compile(r"^\w+, \d+ \w+ \d{4} at \d\d:\d\d:"))


async def test_a_page_that_stays_open_goes_on_telling_the_truth(open_page: Opener) -> None:
    page = await open_page()
    time = await open_after(page, timedelta(hours=3))
    await page.clock.fast_forward("03:00:00")
    await expect(time).to_have_text("6 hours ago")


async def test_a_slow_clock_does_not_move_what_has_happened_into_the_future(
    open_page: Opener,
) -> None:
    page = await open_page()
    await page.clock.install(time=datetime.now(UTC) - timedelta(hours=5))
    await page.goto("/")
    time = page.get_by_role("article").filter(has_text="to my future self").locator("time")
    await expect(time).to_have_text("just now")


async def test_without_scripts_the_time_is_in_utc(open_page: Opener) -> None:
    page = await open_page(scripts=False)
    await page.goto("/")
    await expect(page.locator("time").first).to_have_text(re.compile(r"\d{4}, \d\d:\d\d UTC$"))


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
async def test_times_that_get_shorter_move_nothing_on_the_page(
    open_page: Opener, size: tuple[int, int]
) -> None:
    places = []
    for scripts in (True, False):
        page = await open_page(size, scripts=scripts)
        await page.goto(f"/user/{WRITER}")
        places.append(await page.locator(".posts").bounding_box())
    assert places[0] == places[1]
