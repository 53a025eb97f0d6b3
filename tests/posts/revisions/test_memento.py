"""Earlier texts by their dates (RFC 7089)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from werkzeug.http import http_date

from blog.core.clock import now
from blog.models import Post, PostRevision
from tests.api.support import Client
from tests.posts.test_fields import changed, made
from tests.support import Browser
from tests.test_statement_counts import statements_of

PAGE = "/post/1/trams"
TEXT = "https://blog.test/post/1/revisions/{}/text"
TIMEMAP = "https://blog.test/post/1/timemap"
GATE = f'<https://blog.test{PAGE}>; rel="original timegate"'
MAP = f'<{TIMEMAP}>; rel="timemap"; type="application/link-format"'
START = datetime(2026, 3, 1, 9, 30, 15, 600_000, tzinfo=UTC)


@pytest.fixture
async def post(writer: Client, db: AsyncSession) -> dict[str, Any]:
    """A post of three texts, one each day from `START` on."""
    post = await made(writer, title="Trams", body="One")
    await changed(writer, post, body="Two")
    await changed(writer, post, body="Three")
    for number in (1, 2, 3):
        moment = START + timedelta(days=number - 1)
        change = update(PostRevision).where(PostRevision.number == number)
        await db.execute(change.values(created_at=moment))
    await db.commit()
    return post


async def at(browser: Browser, moment: datetime | str, address: str = PAGE) -> httpx.Response:
    """The answer to a request for the text of that time."""
    wanted = http_date(moment) if isinstance(moment, datetime) else moment
    return await browser.get(address, headers={"Accept-Datetime": wanted})


@pytest.mark.parametrize(
    ("later", "number"),
    [
        (timedelta(days=-1000), 1),
        (timedelta(0), 1),
        (timedelta(days=1, seconds=-2), 1),
        # The date in a header has no fractions of a second.
        (timedelta(days=1), 2),
        (timedelta(days=1, hours=23), 2),
        (timedelta(days=2), 3),
        (timedelta(days=100_000), 3),
    ],
)
async def test_the_page_of_a_post_leads_to_the_text_of_a_time(
    post: dict[str, Any], browser: Browser, later: timedelta, number: int
) -> None:
    answer = await at(browser, START + later)
    assert answer.status_code == 302
    assert answer.headers["location"] == f"/post/1/revisions/{number}/text"
    assert "accept-datetime" in answer.headers["vary"].lower()
    assert answer.headers["link"] == f"{GATE}, {MAP}"
    assert "memento-datetime" not in answer.headers
    memento = await browser.get(answer.headers["location"])
    moment = START + timedelta(days=number - 1)
    assert memento.headers["memento-datetime"] == http_date(moment)
    assert memento.headers["link"] == f"{GATE}, {MAP}"
    assert f"<p>{['One', 'Two', 'Three'][number - 1]}</p>" in memento.text


async def test_an_old_address_leads_to_the_page_first(
    post: dict[str, Any], browser: Browser
) -> None:
    answer = await at(browser, START, "/post/1/old-title")
    assert (answer.status_code, answer.headers["location"]) == (301, PAGE)


@pytest.mark.parametrize(
    "wrong",
    [
        "", "yesterday", "2026-03-01T09:30:15Z", "Sun, 01 Mar 2026 09:30:15 +0100",
        "Sunday, 01-Mar-26 09:30:15 GMT", "Sun, 31 Feb 2026 09:30:15 GMT", "1772357415",
        "Sun, 01 Mar 2026 09:30:15 GMT; x",
    ],
)  # fmt: skip
async def test_what_is_no_date_is_refused(
    post: dict[str, Any], browser: Browser, wrong: str
) -> None:
    answer = await at(browser, wrong)
    assert answer.status_code == 400
    assert "Accept-Datetime has to be a date" in answer.text


@pytest.mark.parametrize("year", [1, 9999])
async def test_any_year_is_a_time(post: dict[str, Any], browser: Browser, year: int) -> None:
    answer = await at(browser, f"Fri, 31 Dec {year:04} 23:59:59 GMT")
    assert answer.status_code == 302


async def test_without_a_date_the_page_tells_where_to_ask_for_one(
    post: dict[str, Any], browser: Browser
) -> None:
    answer = await browser.get(PAGE)
    assert answer.status_code == 200
    assert answer.headers["link"] == f"{GATE}, {MAP}"
    assert "accept-datetime" in answer.headers["vary"].lower()
    assert await statements_of(browser, PAGE) == 2
    known = {"If-None-Match": answer.headers["etag"]}
    assert (await browser.get(PAGE, headers=known)).status_code == 304


async def test_the_page_about_a_revision_leads_to_its_text(
    post: dict[str, Any], browser: Browser
) -> None:
    answer = await browser.get("/post/1/revisions/2")
    moment = http_date(START + timedelta(days=1))
    memento = f'<{TEXT.format(2)}>; rel="memento"; datetime="{moment}"'
    assert answer.headers["link"] == f"{GATE}, {MAP}, {memento}"
    assert "memento-datetime" not in answer.headers


async def test_the_timemap_lists_all_texts(post: dict[str, Any], browser: Browser) -> None:
    answer = await browser.get(TIMEMAP)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/link-format"
    dates = [http_date(START + timedelta(days=day)) for day in range(3)]
    assert answer.text.splitlines() == [
        f"{GATE},",
        f'<{TIMEMAP}>; rel="self"; type="application/link-format"; '
        f'from="{dates[0]}"; until="{dates[2]}",',
        f'<{TEXT.format(1)}>; rel="first memento"; datetime="{dates[0]}",',
        f'<{TEXT.format(2)}>; rel="memento"; datetime="{dates[1]}",',
        f'<{TEXT.format(3)}>; rel="last memento"; datetime="{dates[2]}"',
    ]
    for wrong in ("?page=2", "?page=x", "?page=9999999999", "?before=x"):
        assert (await browser.get(TIMEMAP + wrong)).status_code == 404


async def test_a_long_timemap_has_pages(
    post: dict[str, Any], browser: Browser, db: AsyncSession
) -> None:
    old = {"body": "x", "body_html": "x", "tags": [], "renderer_version": 1}
    db.add_all(PostRevision(post_id=1, number=number, **old) for number in range(4, 1002))
    await db.execute(update(Post).values(revision=1001))
    await db.commit()
    numbers = []
    for page, others in ((1, [2]), (2, [1, 3]), (3, [2])):
        answer = await browser.get(f"{TIMEMAP}?page={page}")
        addresses = [f"{TIMEMAP}?page={other}" if other > 1 else TIMEMAP for other in others]
        assert re.findall(r'<(\S+)>; rel="timemap"', answer.text) == addresses
        numbers += [int(each) for each in re.findall(r"revisions/(\d+)/text", answer.text)]
        assert ("first memento" in answer.text) == (page == 1)
        assert ("last memento" in answer.text) == (page == 3)
    assert numbers == list(range(1, 1002))


async def test_hidden_texts_are_left_out(
    post: dict[str, Any], browser: Browser, db: AsyncSession
) -> None:
    hidden = update(PostRevision).values(hidden_at=now())
    await db.execute(hidden.where(PostRevision.number == 2))
    await db.commit()
    answer = await at(browser, START + timedelta(days=1, hours=1))
    assert answer.headers["location"] == "/post/1/revisions/1/text"
    assert "revisions/2/" not in (await browser.get(TIMEMAP)).text
    await db.execute(hidden.where(PostRevision.number == 1))
    await db.commit()
    answer = await at(browser, START + timedelta(days=1, hours=1))
    assert answer.headers["location"] == "/post/1/revisions/3/text"


async def test_a_post_that_was_never_edited_has_one_text(
    writer: Client, browser: Browser, susans_browser: Browser
) -> None:
    note = await made(writer)
    address = "/post/1"
    answer = await at(browser, START, address)
    assert answer.headers["location"] == "/post/1/revisions/1/text"
    moment = http_date(datetime.fromisoformat(note["published_at"]))
    memento = await browser.get(answer.headers["location"])
    assert memento.headers["memento-datetime"] == moment
    timemap = (await browser.get(TIMEMAP)).text
    assert f'<{TEXT.format(1)}>; rel="first last memento"; datetime="{moment}"' in timemap
    await made(writer, status="draft")
    draft = await at(susans_browser, START, "/post/2")
    assert (draft.status_code, "link" in draft.headers) == (200, False)
    empty = await susans_browser.get("/post/2/timemap")
    assert (empty.status_code, "memento" in empty.text) == (200, False)
    for end in ("", "/timemap"):
        assert (await at(browser, START, f"/post/2{end}")).status_code == 404
