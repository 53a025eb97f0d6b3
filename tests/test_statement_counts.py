"""No page takes more statements because it shows more."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.audit import record
from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import (
    Act,
    ApiToken,
    Email,
    EmailState,
    Follow,
    Post,
    PostRevision,
    PostTag,
    Report,
    User,
)
from blog.posts.fields import tag_ids
from tests.comments.support import add_comments
from tests.posts.test_posts import add_posts
from tests.support import Browser

MakeUser = Callable[..., Awaitable[User]]

ANONYMOUS = {
    "/": 1,
    "/?page=2": 1,
    "/user/susan": 2,
    "/user/susan/subscribe": 1,
    "/explore": 2,
    "/explore?order=newest": 2,
    "/people": 2,
    "/people?order=name": 2,
    "/archive": 1,
    f"/archive/{now().year}/{now().month}": 2,
    "/tags": 2,
    "/tags?order=name": 2,
    "/tag/boats": 2,
    "/post/{post}": 2,
    "/post/{post}/revisions": 2,
    "/post/{post}/revisions/2": 2,
    "/post/{post}/revisions/2/text": 2,
    "/post/{post}/timemap": 2,
    "/sitemap.xml": 1,
    "/card/post/{post}.png": 1,
    "/card/user/susan.png": 1,
    "/card/site.png": 0,
    "/embed/{post}": 1,
    "/oembed?url=https://blog.test/post/{post}": 1,
    "/sitemap/posts-1.xml": 1,
    "/sitemap/people-1.xml": 1,
    "/sitemap/tags-1.xml": 1,
    "/robots.txt": 0,
    "/post/{post}/likes": 2,
    "/comment/1/likes": 2,
    "/feed.atom": 1,
    "/user/susan/feed.json": 2,
    "/tag/boats/feed.atom": 2,
    "/post/{post}/comments/feed.atom": 2,
    # The first search of a visitor leases some of their quota.
    "/search": 1,
    # The limit of time, the places of the posts, and the posts; people and tags.
    "/search?q=post": 5,
    "/search?q=author:susan post": 4,
    "/search?q=tag:x -post": 3,
    "/search/feed.atom?q=post": 3,
    "/search/suggestions?q=post": 4,
    "/opensearch.xml": 0,
    "/auth/login": 0,
    # Whether somebody may sign up is asked at that moment.
    "/auth/register": 1,
}
# One more tells who is asking, one what they like and have bookmarked of a list, and on another's
# profile one how the two stand to each other.
LOGGED_IN = {
    "/": 3,
    "/user/susan": 5,
    "/user/david": 5,
    "/people": 4,
    "/tags": 4,
    "/tag/boats": 5,
    "/explore": 4,
    "/archive": 2,
    f"/archive/{now().year}/{now().month}": 4,
    "/post/{post}": 4,
    "/post/{post}/likes": 3,
    "/comment/1/likes": 3,
    # What was chosen, and whether the address refuses mail.
    "/auth/notifications": 3,
    "/notifications": 3,
    "/notifications?unread=1": 2,
    # And the folders.
    "/bookmarks": 3,
    "/post/{post}/revisions": 3,
    "/post/{post}/revisions/2": 3,
    "/post/{post}/revisions/1/restore": 3,
    # Feeds are the same for everybody.
    "/feed.atom": 1,
    # The editor suggests the tags that somebody has used before, and their images as covers.
    "/edit/{post}": 4,
    "/write": 3,
    "/edit/{post}/cover": 3,
    "/drafts": 2,
    # And their own posts, and the views of these.
    "/views": 3,
    "/post/{post}/views": 4,
    "/waiting": 2,
    "/search": 2,
    # And the viewer's own posts that others can't read.
    "/search?q=post": 8,
    "/search/people?q=post": 4,
    "/import": 2,
    "/status": 4,
    "/delete/{post}": 2,
}
# By a visitor and by Susan: the first results, and further ones.
SEARCHES = {"post": [(5, 3), (8, 5)], "in:comments comment": [(3, 3), (4, 4)]}
FOLLOWING = {"/": 3, "/followers/david": 3, "/followed_by/david": 3}
ADMINISTRATORS = {
    "/post/1": 4,
    "/moderation/log": 3,
    # With what administrators see of the backups.
    "/status": 10,
    "/moderate": 2,
    "/moderate/reports": 2,
    "/moderate/reports/closed": 2,
    "/moderate/posts": 2,
    "/moderate/review": 2,
    "/moderate/waves": 2,
    "/moderate/review/rules": 2,
    "/moderate/tags": 2,
    "/moderate/appeals": 2,
    # The figures of the days, the routes, how much there is now, and who came back.
    "/admin": 5,
    "/admin/figures/posts.csv": 2,
    "/moderate/reports/1": 6,
    # And the notes and the answer templates.
    "/moderate/people/2": 6,
    "/admin/answers": 2,
    "/admin/users": 3,
    "/admin/audit": 2,
    "/admin/settings": 2,
    "/admin/applications": 2,
    "/moderate/invitations": 2,
    "/invitations": 3,
    "/admin/mail": 3,
    "/admin/jobs": 3,
}


async def add_revisions(db: AsyncSession, post: Post, number: int) -> None:
    """Let a post have so many revisions, of which the last one is its text."""
    old = {"body": "x", "body_html": "x", "tags": [], "renderer_version": 1}
    values = {"post_id": post.id, "editor_id": post.author_id, "changed": ["body"]}
    db.add_all(PostRevision(number=each, **values, **old) for each in range(1, number))
    db.add(PostRevision(number=number, **values))
    post.revision = number
    await db.commit()


async def statements_of(browser: Browser, address: str) -> int:
    """How many statements the page at `address` takes."""
    answer = await browser.get(address)
    assert answer.status_code == 200
    found = re.search(r'db;desc="(\d+) statements"', answer.headers["server-timing"])
    assert found
    return int(found[1])


@pytest.mark.parametrize("posts", [1, 20, 50])
async def test_a_page_takes_the_same_few_statements_however_long_it_is(
    browser: Browser,
    susans_browser: Browser,
    susan: User,
    make_user: MakeUser,
    db: AsyncSession,
    posts: int,
) -> None:
    # More than the pages show, so that "?page=2" is there for each number of posts.
    others = await add_posts(db, await make_user("david"), 20)
    await add_comments(db, others[0], susan.id, 1)
    last: Post = (await add_posts(db, susan, posts))[-1]
    await add_revisions(db, last, 1 + posts)
    await browser.get("/feed.atom")  # The first feed of a process reads what ids are made of.
    (boats,) = await tag_ids(db, ["boats"])
    db.add_all(PostTag(post_id=1 + each, tag_id=boats, position=0) for each in range(posts))
    await db.commit()
    for visitor, expected in ((browser, ANONYMOUS), (susans_browser, LOGGED_IN)):
        for address, count in expected.items():
            taken = await statements_of(visitor, address.format(post=last.id))
            assert taken == count, address


@pytest.mark.parametrize("rows", [1, 20])
async def test_a_search_takes_the_same_few_statements_however_much_it_finds(
    browser: Browser, susans_browser: Browser, susan: User, db: AsyncSession, rows: int
) -> None:
    posts = await add_posts(db, susan, 20 + rows)
    await add_comments(db, posts[0], susan.id, 20 + rows)
    taken: dict[str, list[tuple[int, int]]] = {q: [] for q in SEARCHES}
    for visitor in (browser, susans_browser):
        for q, counts in taken.items():
            # The first search leases some of the quota.
            page = unescape((await visitor.get("/search", params={"q": q})).text)
            more = re.search(r'href="(/search\?[^"]*cursor=[^"]+)"', page)
            assert more
            first = await statements_of(visitor, f"/search?q={q}")
            counts.append((first, await statements_of(visitor, more[1])))
    assert taken == SEARCHES


@pytest.mark.parametrize("rows", [1, 20, 50])
async def test_administration_takes_the_same_few_statements_at_any_size(
    app: Broadside, db: AsyncSession, make_user: MakeUser, rows: int
) -> None:
    maud = await make_user("maud", role="Administrator")
    post = (await add_posts(db, maud, 1))[0]
    for number, hidden in enumerate(await add_posts(db, maud, rows)):
        author = await make_user(f"person{number}")
        hidden.hidden_at = now()
        (comment,) = await add_comments(db, post, author.id, 1)
        closing = {"state": "resolved", "closed_at": now(), "closed_by_id": maud.id}
        db.add(Report(reporter_id=author.id, comment_id=comment.id, reason="x"))
        db.add(Report(reporter_id=maud.id, post_id=hidden.id, reason="x", **closing))
        record(db, maud, Act.HIDE_POST, author)
        db.add(
            Email(
                purpose="confirm", recipient=author.email, subject="x", text="x", html="x",
                state=EmailState.FAILED,
            )
        )  # fmt: skip
    await db.commit()
    async with Browser(app) as mauds_browser:
        await mauds_browser.log_in("maud")
        for address, count in ADMINISTRATORS.items():
            assert await statements_of(mauds_browser, address) == count, address


@pytest.mark.parametrize("people", [1, 20, 50])
async def test_follows_take_the_same_few_statements_however_many_they_are(
    susans_browser: Browser, db: AsyncSession, susan: User, make_user: MakeUser, people: int
) -> None:
    david = await make_user("david")
    for number in range(people):
        other = await make_user(f"person{number}")
        db.add(Follow(follower_id=susan.id, followed_id=other.id))
        db.add(Follow(follower_id=david.id, followed_id=other.id))
        db.add(Follow(follower_id=other.id, followed_id=david.id))
        await add_posts(db, other, 1)
    await susans_browser.get("/followed")
    for address, count in FOLLOWING.items():
        assert await statements_of(susans_browser, address) == count, address


@pytest.mark.parametrize("rows", [1, 20, 50])
async def test_tokens_take_the_same_few_statements_however_many_they_are(
    susans_browser: Browser, db: AsyncSession, susan: User, rows: int
) -> None:
    values = {"user_id": susan.id, "name": "x", "scopes": 1, "expires_at": now() + timedelta(1)}
    db.add_all(ApiToken(token_hash=bytes([number]), **values) for number in range(rows))
    await db.commit()
    assert await statements_of(susans_browser, "/auth/tokens") == 2
