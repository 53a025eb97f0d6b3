"""The form for a post: previews, what is refused, and the same form sent twice."""

import asyncio
import re

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import Post
from tests.support import Browser


async def number_of_posts(db: AsyncSession) -> int:
    return (await db.scalars(select(func.count()).select_from(Post))).one()


async def filled_form(browser: Browser, body: str) -> dict[str, str]:
    """The form of the home page with a text, as a browser would send it."""
    page = (await browser.get("/")).text
    hidden = re.findall(r'name="(csrf_token|submission)" value="([^"]+)"', page)
    return {"body": body, **dict(hidden)}


async def test_the_same_form_sent_many_times_at_once_is_one_post(
    susans_browser: Browser, db: AsyncSession
) -> None:
    form = await filled_form(susans_browser, "Only once")
    answers = await asyncio.gather(*(susans_browser.post("/", data=form) for _ in range(10)))
    assert {answer.status_code for answer in answers} == {302}
    assert await number_of_posts(db) == 1


async def test_the_same_form_with_another_text_is_another_post(
    susans_browser: Browser, db: AsyncSession
) -> None:
    form = await filled_form(susans_browser, "One")
    await susans_browser.post("/", data=form)
    await susans_browser.post("/", data=form | {"body": "Two"})
    assert await number_of_posts(db) == 2


async def test_a_preview_shows_the_text_and_keeps_it_and_publishes_nothing(
    susans_browser: Browser, db: AsyncSession
) -> None:
    answer = await susans_browser.submit("/", {"body": "So *be* it", "preview": "true"})
    assert answer.status_code == 200
    assert "So <em>be</em> it" in answer.text
    assert "So *be* it</textarea>" in answer.text
    assert await number_of_posts(db) == 0


async def test_a_live_preview_is_a_part_of_a_page(susans_browser: Browser) -> None:
    answer = await susans_browser.submit("/preview", {"body": "So *be* it"}, page="/")
    assert answer.status_code == 200
    assert answer.text.strip().startswith('<div class="prose" dir="auto"><p>So <em>be</em> it</p>')
    assert "<html" not in answer.text


async def test_a_live_preview_says_what_is_wrong(susans_browser: Browser) -> None:
    answer = await susans_browser.submit("/preview", {"body": "x" * 65_537}, page="/")
    assert answer.status_code == 422
    assert "at most 65,536 characters" in answer.text


async def test_a_preview_needs_a_token(susans_browser: Browser) -> None:
    assert (await susans_browser.post("/preview", data={"body": "x"})).status_code == 400


@pytest.mark.parametrize("address", ["/", "/preview"])
async def test_a_text_that_is_too_intricate_is_refused_politely(
    susans_browser: Browser, db: AsyncSession, address: str
) -> None:
    answer = await susans_browser.submit(address, {"body": "[" * 65_536}, page="/")
    assert answer.status_code == 422
    assert "too complex" in answer.text
    assert await number_of_posts(db) == 0


async def test_a_line_of_64_kib_without_a_space_is_published(susans_browser: Browser) -> None:
    assert (await susans_browser.submit("/", {"body": "x" * 65_536})).status_code == 302


async def test_scripts_learn_from_a_cookie_which_drafts_are_published(
    susans_browser: Browser,
) -> None:
    answer = await susans_browser.submit("/", {"body": "Done"})
    (cookie,) = [each for each in answer.headers.get_list("set-cookie") if "sent_drafts" in each]
    assert cookie.startswith("__Host-sent_drafts=1:post; ")
    assert "HttpOnly" not in cookie
    answer = await susans_browser.submit("/edit/1", {"body": "Done better", "version": "1"})
    # No script has read the first one yet.
    assert "sent_drafts=1:post|1:edit:1; " in answer.headers["set-cookie"]
