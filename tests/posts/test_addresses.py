"""The addresses of a post: one is canonical, all others lead there."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Post, PostStatus, User
from tests.comments.support import add_comments
from tests.posts.test_posts import add_posts
from tests.support import Browser, add_user

TITLED = {"title": "A secret tram", "slug": "a-secret-tram"}


@pytest.fixture
async def article(db: AsyncSession, susan: User) -> Post:
    """A post of Susan's with a title, /post/1/a-secret-tram."""
    (post,) = await add_posts(db, susan, 1)
    await db.execute(update(Post).values(**TITLED))
    await db.commit()
    return post


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("address", ["/post/1", "/post/1/", "/post/1/a-tram", "/post/1/%E2%82%AC"])
async def test_every_other_address_leads_to_the_canonical_one(
    browser: Browser, article: Post, method: str, address: str
) -> None:
    answer = await browser.request(method, address + "?page=2&x=%C3%A4")
    if address == "/post/1/":
        assert answer.status_code == 404
        return
    assert answer.status_code == 301
    assert answer.headers["location"] == "/post/1/a-secret-tram?page=2&x=%C3%A4"
    # A browser that kept it for ever would go in circles when the title changes back.
    assert answer.headers["cache-control"] == "private, no-cache"
    assert (await browser.request(method, "/post/1/a-secret-tram")).status_code == 200


async def test_a_note_has_its_number_alone(browser: Browser, db: AsyncSession, susan: User) -> None:
    await add_posts(db, susan, 1)
    assert (await browser.get("/post/1")).status_code == 200
    answer = await browser.get("/post/1/a-tram")
    assert (answer.status_code, answer.headers["location"]) == (301, "/post/1")


async def test_a_link_survives_every_new_title(
    susans_browser: Browser, browser: Browser, article: Post
) -> None:
    edit = {"title": "A bus", "body": "x", "version": "1"}
    saved = await susans_browser.submit("/edit/1", edit)
    assert saved.headers["location"] == "/post/1/a-bus"
    answer = await browser.get("/post/1/a-secret-tram")
    assert answer.headers["location"] == "/post/1/a-bus"
    await susans_browser.submit("/edit/1", edit | {"title": "A secret tram", "version": "2"})
    answer = await browser.get("/post/1/a-bus")
    assert answer.headers["location"] == "/post/1/a-secret-tram"
    assert (await browser.get("/post/1/a-secret-tram")).status_code == 200


async def test_the_page_names_its_canonical_address(
    browser: Browser, article: Post, db: AsyncSession
) -> None:
    page = (await browser.get("/post/1/a-secret-tram")).text
    assert '<link rel="canonical" href="https://blog.test/post/1/a-secret-tram">' in page
    await db.execute(update(Post).values(canonical_url="https://elsewhere.example/a?b&c"))
    await db.commit()
    page = (await browser.get("/post/1/a-secret-tram")).text
    assert '<link rel="canonical" href="https://elsewhere.example/a?b&amp;c">' in page


async def test_each_page_of_comments_is_canonical_by_itself(
    browser: Browser, article: Post, db: AsyncSession, susan: User
) -> None:
    await add_comments(db, article, susan.id, 60)
    page = (await browser.get("/post/1/a-secret-tram?page=2")).text
    assert 'href="https://blog.test/post/1/a-secret-tram?page=2">' in page
    assert 'href="/post/1/a-secret-tram?page=1#comments"' in page


@pytest.mark.parametrize(
    "state",
    [
        {"hidden_at": now()},
        {"status": PostStatus.DRAFT},
        {"status": PostStatus.SCHEDULED, "published_at": now() + timedelta(days=1)},
    ],
)
@pytest.mark.parametrize("who", ["", "member", "susan", "moderator"])
async def test_the_slug_is_told_to_nobody_who_may_not_read_the_post(
    app: Broadside, article: Post, db: AsyncSession, state: dict[str, object], who: str
) -> None:
    await add_user(app, "member")
    await add_user(app, "moderator", role="Moderator")
    await db.execute(update(Post).values(**state))
    await db.commit()
    is_hidden = "hidden_at" in state
    may_read = who == "susan" or (is_hidden and who == "moderator")
    async with Browser(app) as browser:
        if who:
            await browser.log_in(who)
        for address in ("/post/1", "/post/1/guess", "/post/1/a-secret-tram"):
            answer = await browser.get(address)
            if may_read:
                assert answer.status_code in {200, 301}, address
            else:
                assert answer.status_code == (410 if is_hidden else 404), address
                assert "secret" not in answer.text + str(answer.headers), address


async def test_what_leads_to_a_post_leads_to_its_canonical_address(
    app: Broadside, susans_browser: Browser, article: Post, db: AsyncSession, susan: User
) -> None:
    await add_comments(db, article, susan.id, 1)
    canonical = "/post/1/a-secret-tram"
    shown = await susans_browser.get("/comment/1")
    assert shown.headers["location"] == f"{canonical}?page=1#comment-1"
    written = await susans_browser.submit("/post/1", {"body": "x"}, page=canonical)
    assert written.headers["location"] == f"{canonical}?page=1#comment-2"
    deleted = await susans_browser.submit("/comment/2/delete")
    assert deleted.headers["location"] == f"{canonical}?page=1#comments"
    for page in ("/edit/1", "/delete/1"):
        assert f'href="{canonical}"' in (await susans_browser.get(page)).text
