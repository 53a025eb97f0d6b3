"""Pages as anonymous visitors see them: from a cache, and never as they were before."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.core.web.snapshots import digest_of
from blog.models import Comment, Post, User
from tests.comments.support import add_comments, add_post
from tests.support import Browser, add_user

Thread = tuple[Post, Comment, User]


@pytest.fixture
async def thread(app: Broadside, db: AsyncSession, susan: User) -> Thread:
    """A post by Susan with a comment by Bob."""
    bob = await db.get_one(User, (await add_user(app, "bob")).id)
    post = await add_post(db, susan)
    [comment] = await add_comments(db, post, bob.id, 1)
    return post, comment, bob


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        (0, "body_html", "<p>New</p>"),
        (0, "title", "New"),
        (0, "edited_at", now()),
        (0, "comments_open", False),
        (1, "body_html", "<p>New</p>"),
        (1, "like_count", 1),
        (1, "edited_at", now()),
        (2, "name", "Robert"),
    ],
)
async def test_what_changes_is_seen_at_once(
    browser: Browser, db: AsyncSession, thread: Thread, row: int, column: str, value: object
) -> None:
    address = f"/post/{thread[0].id}"
    before = await browser.get(address)
    assert before.text == (await browser.get(address)).text
    setattr(thread[row], column, value)
    await db.commit()
    after = await browser.get(address, follow_redirects=True)
    assert after.status_code == 200
    assert after.text != before.text


@pytest.mark.parametrize(
    ("column", "value"), [("name", "Robert"), ("about_me", "I sail"), ("follower_count", 1)]
)
async def test_what_changes_of_a_person_is_seen_at_once(
    browser: Browser, db: AsyncSession, thread: Thread, column: str, value: object
) -> None:
    before = await browser.get("/user/bob")
    assert before.text == (await browser.get("/user/bob")).text
    setattr(thread[2], column, value)
    await db.commit()
    assert (await browser.get("/user/bob")).text != before.text


async def test_a_profile_shows_a_new_post_at_once_and_nothing_of_another_viewer(
    browser: Browser, susans_browser: Browser, db: AsyncSession, susan: User
) -> None:
    assert "Edit profile" in (await susans_browser.get("/user/susan")).text
    before = (await browser.get("/user/susan")).text
    assert "Edit profile" not in before
    post = await add_post(db, susan)
    assert f"/post/{post.id}" in (await browser.get("/user/susan")).text


async def test_visits_of_commenters_change_nothing(
    app: Broadside, browser: Browser, db: AsyncSession, thread: Thread
) -> None:
    post, _comment, bob = thread
    await browser.get(f"/post/{post.id}")
    cached = app.fragments.bytes
    bob.last_seen_at = now()
    await db.commit()
    await browser.get(f"/post/{post.id}")
    assert app.fragments.bytes == cached, "the page was rendered again"


async def test_another_comment_and_another_order_have_pages_of_their_own(
    browser: Browser, db: AsyncSession, thread: Thread
) -> None:
    post, _comment, bob = thread
    pages = [(await browser.get(f"/post/{post.id}")).text]
    await add_comments(db, post, bob.id, 2)
    for query in ("", "?sort=newest", "?sort=top"):
        pages.append((await browser.get(f"/post/{post.id}{query}")).text)
    assert len(set(pages)) == len(pages)
    assert '<meta name="robots" content="noindex">' in pages[2]
    assert '<meta name="robots" content="noindex">' not in pages[1]


async def test_the_page_has_the_theme_of_the_visitor_and_nothing_of_another(
    app: Broadside, browser: Browser, susans_browser: Browser, thread: Thread
) -> None:
    address = f"/post/{thread[0].id}"
    own = (await susans_browser.get(address)).text
    plain = (await browser.get(address)).text
    assert "Log out" in own
    assert "Log out" not in plain
    assert 'name="csrf_token"' not in plain
    await browser.submit("/appearance", {"theme": "dark"})
    assert 'data-theme="dark"' in (await browser.get(address)).text
    async with Browser(app) as other:
        assert (await other.get(address)).text == plain


@dataclass(frozen=True)
class Pair:
    left: object
    right: object


def test_a_digest_tells_values_apart() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    values: list[object] = [
        None, 0, 1, "1", b"1", "", (), (1,), (1, 2), ((1, 2),), {"1": 2}, {1, 2}, moment,
        Pair(1, "2"), Pair("1", 2), Pair((1,), 2), Post(id=1), Post(id=2), User(id=1),
        Post(id=1, title="1"),
    ]  # fmt: skip
    assert len({digest_of(value) for value in values}) == len(values)
    assert digest_of(Pair(Post(id=1), 2)) == digest_of(Pair(Post(id=1), 2))
    post = Post(id=1)
    assert digest_of(post, post) == digest_of(post, post) != digest_of(post, Post(id=2))


def test_what_has_no_representation_of_its_own_has_no_digest() -> None:
    with pytest.raises(TypeError):
        digest_of(object())


async def test_a_post_that_was_written_by_the_form_is_shown(
    browser: Browser, susans_browser: Browser
) -> None:
    """The key of its form is a UUID of asyncpg's own class."""
    answer = await susans_browser.submit("/", {"body": "It comes.", "submission": "k" * 22})
    address = answer.headers["location"]
    assert "It comes." in (await browser.get(address, follow_redirects=True)).text
