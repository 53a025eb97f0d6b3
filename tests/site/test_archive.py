"""The archive: a calendar of all posts, in UTC."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.models import Post, User
from tests.posts.test_posts import add_posts
from tests.support import Browser

MakeUser = Callable[..., Awaitable[User]]


async def add_at(db: AsyncSession, author: User, *moments: datetime) -> list[Post]:
    """Posts of these times."""
    posts = await add_posts(db, author, len(moments))
    for post, moment in zip(posts, moments, strict=True):
        post.published_at = moment
    await db.commit()
    return posts


async def test_the_archive_counts_the_posts_of_each_month(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    days = [datetime(2024, month, 3, 12, tzinfo=UTC) for month in (2, 2, 11)]
    await add_at(db, susan, *days, datetime(2021, 1, 1, tzinfo=UTC))
    page = (await browser.get("/archive")).text
    for address in ("/archive/2024/2", "/archive/2024/11", "/archive/2021/1"):
        assert f'href="{address}"' in page
    assert page.index("/archive/2024/2") < page.index("/archive/2024/11")
    assert page.index("/archive/2024/11") < page.index("/archive/2021/1")
    assert page.count("<h2") == 2


async def test_a_month_has_its_posts_and_no_others(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    second = timedelta(microseconds=1)
    begin, end = datetime(2024, 2, 1, tzinfo=UTC), datetime(2024, 3, 1, tzinfo=UTC)
    posts = await add_at(db, susan, begin - second, begin, end - second, end)
    page = (await browser.get("/archive/2024/2")).text
    assert [f'id="post-{post.id}"' in page for post in posts] == [False, True, True, False]
    assert page.index(f'id="post-{posts[2].id}"') < page.index(f'id="post-{posts[1].id}"')
    assert page.count("1 post<") == 2
    assert "<span>29</span>" in page
    assert "<span>30</span>" not in page


async def test_a_day_of_the_calendar_leads_to_its_posts(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    noon = datetime(2024, 2, 10, 12, tzinfo=UTC)
    posts = await add_at(db, susan, *(noon + timedelta(days=day) for day in (-1, 0, 1)))
    page = (await browser.get("/archive/2024/2")).text
    start = page.rindex("/archive/2024/2?before=", 0, page.index("<span>10</span>"))
    shown = (await browser.get(page[start : page.index('"', start)])).text
    assert [f'id="post-{post.id}"' in shown for post in posts] == [True, True, False]


async def test_hidden_posts_are_not_counted(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    (post,) = await add_at(db, susan, datetime(2024, 2, 10, 12, tzinfo=UTC))
    await db.execute(update(Post).where(Post.id == post.id).values(hidden_at=now()))
    await db.commit()
    assert "/archive/2024" not in (await browser.get("/archive")).text
    assert (await browser.get("/archive/2024/2")).status_code == 404


@pytest.mark.parametrize(
    "address",
    ["/archive/2024/3", "/archive/2024/0", "/archive/2024/13", "/archive/0/1", "/archive/9999/12",
     "/archive/99999999999999999999/1", "/archive/2024/x", "/archive/-1/1", "/archive/2024/2/1",
     "/archive/2024/2?page=0", "/archive/٢٠٢٤/٢"],
)  # fmt: skip
async def test_an_address_of_no_month_is_not_found(
    browser: Browser, db: AsyncSession, susan: User, address: str
) -> None:
    await add_at(db, susan, datetime(2024, 2, 10, 12, tzinfo=UTC))
    assert (await browser.get(address)).status_code in {301, 404}
    assert (await browser.get(address, follow_redirects=True)).status_code in (
        {200} if "٢" in address else {404}
    )


async def test_zeros_in_front_lead_to_the_one_address(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    await add_at(db, susan, datetime(2024, 2, 10, 12, tzinfo=UTC))
    answer = await browser.get("/archive/2024/02?page=1")
    assert (answer.status_code, answer.headers["location"]) == (301, "/archive/2024/2?page=1")
