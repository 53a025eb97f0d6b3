"""Whom a viewer has muted or blocked, or who has blocked them, in every channel.

Each GET route of a feature that shows what others have written has a row in `CHANNELS`, or is said
in `ALIKE` to be the same for everybody, or this fails. A list leaves these people out; what is
asked for by its address, or its author's, is there, as everybody may read it.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from sqlalchemy import delete

from blog.core.api.links import PREFIXES
from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import (
    Block,
    Bookmark,
    Comment,
    CommentLike,
    Follow,
    Mute,
    Post,
    PostLike,
    TagFollow,
    User,
)
from blog.posts.fields import set_tags, tag_ids
from tests.api.support import Client, add_token
from tests.support import Browser, NewUser, add_users

POST, OTHER, COMMENT = "Words of the author", "Words of another", "Comment of the author"
LEFT_OUT, SHOWN = "left out", "shown"
PREFIX = PREFIXES["v1"]
MONTH = f"/archive/{now().year}/{now().month}"


class Channel(NamedTuple):
    """A route, and whether it leaves out or shows what the author has done there.

    Attributes:
        rule: as it is registered; of the API with the version.
        address: an address of it.
        mark: what is there if the author is.
    """

    rule: str
    answer: str
    address: str
    mark: str = POST


CHANNELS = [
    Channel("/", LEFT_OUT, "/"),
    Channel("/", LEFT_OUT, "/?page=1"),
    Channel("/explore", LEFT_OUT, "/explore?order=newest"),
    Channel("/archive/<int:year>/<int:month>", LEFT_OUT, MONTH),
    Channel("/tag/<tag>", LEFT_OUT, "/tag/boats"),
    Channel("/search", LEFT_OUT, "/search?q=words", 'href="/post/1"'),
    Channel("/search", LEFT_OUT, "/search?q=words&sort=date", 'href="/post/1"'),
    Channel("/search", LEFT_OUT, "/search?q=author", 'href="/user/author"'),
    Channel("/search", LEFT_OUT, "/search?q=comment in:comments", 'href="/comment/'),
    Channel("/search/suggestions", LEFT_OUT, "/search/suggestions?q=author", "author:author"),
    Channel("/people", LEFT_OUT, "/people", 'href="/user/author"'),
    Channel("/people", LEFT_OUT, "/people?order=newest", 'href="/user/author"'),
    Channel("/people", LEFT_OUT, "/people?order=name", 'href="/user/author"'),
    Channel("/followers/<username>", LEFT_OUT, "/followers/other", 'href="/user/author"'),
    Channel("/followed_by/<username>", LEFT_OUT, "/followed_by/other", 'href="/user/author"'),
    Channel("/post/<id:post_id>/likes", LEFT_OUT, "/post/2/likes", 'href="/user/author"'),
    Channel("/comment/<id:comment_id>/likes", LEFT_OUT, "/comment/1/likes", 'href="/user/author"'),
    # Among what to read next.
    Channel("/post/<id:post_id>", LEFT_OUT, "/post/2", 'href="/post/1"'),
    Channel("/post/<id:post_id>", SHOWN, "/post/1"),
    Channel("/user/<username>", SHOWN, "/user/author"),
    Channel("/bookmarks", SHOWN, "/bookmarks"),
    Channel("/search/people", LEFT_OUT, "/search/people?q=author", '"username":"author"'),
    Channel(f"{PREFIX}/bookmarks/", SHOWN, f"{PREFIX}/bookmarks/", '"post_id":1'),
    Channel(f"{PREFIX}/posts/", LEFT_OUT, f"{PREFIX}/posts/"),
    Channel(f"{PREFIX}/posts/", LEFT_OUT, f"{PREFIX}/posts/?cursor="),
    Channel(f"{PREFIX}/posts/", LEFT_OUT, f"{PREFIX}/posts/?fields=id,author", '"author":"author"'),
    Channel(f"{PREFIX}/tags/<tag>/posts/", LEFT_OUT, f"{PREFIX}/tags/boats/posts/"),
    Channel(f"{PREFIX}/tags/<tag>/posts/", LEFT_OUT, f"{PREFIX}/tags/boats/posts/?cursor="),
    Channel(
        f"{PREFIX}/users/<person:user>/timeline/", LEFT_OUT, f"{PREFIX}/users/reader/timeline/"
    ),
    Channel(
        f"{PREFIX}/users/<person:user>/timeline/",
        LEFT_OUT,
        f"{PREFIX}/users/reader/timeline/?cursor=",
    ),
    Channel(f"{PREFIX}/search/", LEFT_OUT, f"{PREFIX}/search/?q=words"),
    Channel(f"{PREFIX}/search/", LEFT_OUT, f"{PREFIX}/search/?q=author", '"username":"author"'),
    Channel(f"{PREFIX}/search/", LEFT_OUT, f"{PREFIX}/search/?q=comment in:comments", COMMENT),
    Channel(f"{PREFIX}/users/", LEFT_OUT, f"{PREFIX}/users/", '"username":"author"'),
    Channel(
        f"{PREFIX}/users/<person:user>/followers/",
        LEFT_OUT,
        f"{PREFIX}/users/other/followers/",
        '"username":"author"',
    ),
    Channel(
        f"{PREFIX}/users/<person:user>/following/",
        LEFT_OUT,
        f"{PREFIX}/users/other/following/",
        '"username":"author"',
    ),
    Channel(
        f"{PREFIX}/posts/<id:post_id>/likes/",
        LEFT_OUT,
        f"{PREFIX}/posts/2/likes/",
        '"username":"author"',
    ),
    Channel(
        f"{PREFIX}/comments/<id:comment_id>/likes/",
        LEFT_OUT,
        f"{PREFIX}/comments/1/likes/",
        '"username":"author"',
    ),
    Channel(f"{PREFIX}/comments/", LEFT_OUT, f"{PREFIX}/comments/", COMMENT),
    Channel(f"{PREFIX}/comments/", LEFT_OUT, f"{PREFIX}/comments/?cursor=", COMMENT),
    # Threads collapse them, because others may have replied to them.
    Channel("/post/<id:post_id>", SHOWN, "/post/2?sort=top", COMMENT),
    Channel(
        f"{PREFIX}/posts/<id:post_id>/comments/", SHOWN, f"{PREFIX}/posts/2/comments/", COMMENT
    ),
    Channel(f"{PREFIX}/posts/<id:post_id>", SHOWN, f"{PREFIX}/posts/1"),
    Channel(f"{PREFIX}/users/<person:user>/posts/", SHOWN, f"{PREFIX}/users/author/posts/"),
    Channel(
        f"{PREFIX}/users/<person:user>", SHOWN, f"{PREFIX}/users/author", '"username":"author"'
    ),
]
# Channels of one's own, and the tests that hold them to the same relations.
TOLD = {
    "live": "notifications/test_live.py",
    "notifications": "notifications/test_notifications.py",
    "notification_mail": "notifications/mail/test_at_once.py",
}
# Features whose pages are about oneself, or for moderators and administrators, or show nothing that
# anybody has written.
OF_NOBODY_ELSE = {
    "admin", "alt_texts", "answers", "api", "appeals", "autosave", "background", "blocks", "covers",
    "editor", "email_address", "exporting", "exports", "figures", "health", "importing", "jobs",
    "leaving", "login", "mail", "mailbox", "measures", "media", "metrics", "moderation",
    "moderation_log", "moderator_notes", "own_held", "report_handling",
    "passwords", "post_state", "registration", "report_queue",
    "reports", "revision_moderation", "sessions", "site_settings", "tag_moderation", "tokens",
    "applications", "invitations", "status", "views",
}  # fmt: skip
ONES_OWN = (f"{PREFIX}/me", f"{PREFIX}/bookmarks/folders/", "/auth/", "/admin/", "/moderate/")
# They show everybody the same: what has an address of its own, and what other sites read.
ALIKE = {
    "cards", "feeds", "comment_feeds", "media_files", "oembed", "revisions", "robots",
    "search_feeds", "sitemaps", "subscriptions", "well_known_uris",
}  # fmt: skip
ALIKE_ROUTES = {
    "/about", "/accent/<light>-<dark>.css", "/contact", "/privacy", "/rules",
    "/all", "/appearance", "/archive", "/language", "/avatar/<seed>.svg", "/delete/<id:post_id>",
    "/edit-profile", "/followed", "/markdown", "/opensearch.xml", "/post/<id:post_id>/<slug>",
    "/preview/<key>", "/tags", "/comment/<id:comment_id>", "/comment/<id:comment_id>/delete",
    "/comment/<id:comment_id>/remove",
    "/comment/<id:comment_id>/edit", f"{PREFIX}/", f"{PREFIX}/comments/<id:comment_id>",
    f"{PREFIX}/tags/", f"{PREFIX}/tags/<tag>",
}  # fmt: skip
RELATIONS = ("muted", "blocked", "blocked by")


def test_every_route_that_shows_what_others_have_written_has_an_answer(app: Broadside) -> None:
    rules = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or set())
        and not rule.rule.startswith(("/api/v1.0", *ONES_OWN))
        and not OF_NOBODY_ELSE.union(ALIKE, TOLD).intersection(rule.endpoint.split("."))
        and "." in rule.endpoint
    }
    assert rules - ALIKE_ROUTES == {channel.rule for channel in CHANNELS}
    for tests in TOLD.values():
        assert "RELATIONS" in (Path(__file__).parent / tests).read_text()


@pytest.fixture
async def people(app: Broadside) -> dict[str, User]:
    """A reader who follows an author, whose post is the first; the other has written the second."""
    people = await add_users(app, NewUser("reader"), NewUser("author"), NewUser("other"))
    reader, author, other = (people[name].id for name in ("reader", "author", "other"))
    written = {"renderer_version": 1}
    async with app.database.session() as session:
        for author_id, words in ((author, POST), (other, OTHER)):
            post = Post(author_id=author_id, body=words, body_html=f"<p>{words}</p>", **written)
            session.add(post)
            await session.flush()
            await set_tags(session, post.id, await tag_ids(session, ["boats"]))
        session.add_all(
            [
                Follow(follower_id=reader, followed_id=author),
                Follow(follower_id=reader, followed_id=other),
                Follow(follower_id=author, followed_id=other),
                Follow(follower_id=other, followed_id=author),
                PostLike(user_id=author, post_id=2),
                PostLike(user_id=other, post_id=1),
                Bookmark(user_id=reader, post_id=1),
                TagFollow(user_id=reader, tag_id=1),
                Comment(author_id=author, post_id=2, body=COMMENT, body_html=COMMENT, **written),
            ]
        )
        await session.flush()
        session.add(CommentLike(user_id=author, comment_id=1))
        await session.commit()
    return people


def row(relation: str, reader: int, author: int) -> Mute | Block | None:
    """What the relation of a reader to an author consists of."""
    if relation == "muted":
        return Mute(user_id=reader, muted_id=author)
    if relation == "blocked":
        return Block(user_id=reader, blocked_id=author)
    return Block(user_id=author, blocked_id=reader) if relation == "blocked by" else None


async def relate(app: Broadside, relation: str, reader: int, author: int) -> None:
    """Let a reader have a relation to an author."""
    async with app.database.session() as session:
        session.add(row(relation, reader, author))
        await session.commit()


Get = Callable[[str], Awaitable[httpx.Response]]


async def test_lists_leave_out_whom_the_viewer_has_muted_or_blocked(
    app: Broadside, people: dict[str, User]
) -> None:
    token = await add_token(app, people["reader"])
    async with Browser(app) as browser, Client(app, token=token) as client:
        await browser.open_session("reader")
        client.base_url = httpx.URL("https://blog.test")
        for relation in ("nobody", *RELATIONS, "nobody"):
            async with app.database.session() as session:
                for table in (Mute, Block):
                    await session.execute(delete(table))
                if added := row(relation, people["reader"].id, people["author"].id):
                    session.add(added)
                await session.commit()
            for channel in CHANNELS:
                get: Get = client.get if channel.address.startswith("/api/") else browser.get
                answer = await get(channel.address)
                assert answer.status_code == 200, channel
                is_there = relation == "nobody" or channel.answer == SHOWN
                assert (channel.mark in answer.text) == is_there, (relation, channel)
            await browser.get("/followed")
            assert (POST in (await browser.get("/")).text) == (relation == "nobody"), relation
            assert OTHER in (await browser.get("/")).text
            await browser.get("/all")


async def test_a_page_is_full_and_its_cursor_continues_where_it_ended(
    app: Broadside, people: dict[str, User]
) -> None:
    token = await add_token(app, people["reader"])
    async with app.database.session() as session:
        session.add(Mute(user_id=people["reader"].id, muted_id=people["author"].id))
        for number in range(60):
            writer = people["other" if number % 3 == 0 else "author"].id
            body = f"Text {number}"
            session.add(Post(author_id=writer, body=body, body_html=body, renderer_version=1))
        await session.commit()
    async with Client(app, token=token) as client:
        for address in ("/posts/", "/users/reader/timeline/"):
            pages = [
                (await client.get(f"{address}?per_page=8&page={number}")).json()["posts"]
                for number in (1, 2, 3)
            ]
            assert [len(page) for page in pages] == [8, 8, 5]
            by_cursor = await client.all_of(f"{address}?per_page=8&cursor=", "posts")
            assert by_cursor == [post for page in pages for post in page]
            assert {post["author"] for post in by_cursor} == {"other"}
