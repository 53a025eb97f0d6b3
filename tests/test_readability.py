"""Visibility of posts and comments: every state, every kind of viewer, every route.

What is expected is said once, by `Expected`; each route that takes the id of a post or a comment
has a row in `PAGES` or `RESOURCES`, or this fails.
"""

from datetime import timedelta
from typing import NamedTuple

import httpx
import pytest
from sqlalchemy import delete, update

from blog.core.api.links import PREFIXES
from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Comment, Post, PostRevision, PostStatus, Scope, User
from blog.posts.fields import set_tags, tag_ids
from tests.api.support import Client, add_token
from tests.support import Browser, NewUser, add_users

POST, COMMENT = "Words of the post", "Words of the comment"
STATES = [
    "visible",
    "hidden post",
    "draft",
    "scheduled post",
    "held post",
    "hidden draft",
    "deleted post",
    "disabled comment",
    "deleted comment",
    "disabled authors",
]
UNPUBLISHED = {"draft", "scheduled post", "held post"}
ROLES = {
    "member": "User",
    "author of the post": "User",
    "author of the comment": "User",
    "moderator": "Moderator",
    "administrator": "Administrator",
}
COMMENT_IS_PUBLIC = {"visible", "disabled authors"}
# By page and API alike, but for the last, which is an administrator's token.
VIEWERS = ["anonymous", *ROLES, "token without moderate"]
PREFIX = PREFIXES["v1"]
PREVIEW_KEY = "k" * 43
HIDE_REVISION = "/moderate/post/<id:post_id>/revisions/<id:number>/<any(hide, show):action>"
COMMENT_FEED = "GET /post/<id:post_id>/comments/feed.<any(atom, json):form>"
READERS_PAGES = (
    "GET /post/<id:post_id>",
    "GET /post/<id:post_id>/likes",
    "GET /post/<id:post_id>/revisions",
    "GET /post/<id:post_id>/timemap",
    "GET /post/<id:post_id>/revisions/<id:number>",
    "GET /post/<id:post_id>/revisions/<id:number>/text",
    "GET /comment/<id:comment_id>",
    "GET /comment/<id:comment_id>/likes",
)


class Expected(NamedTuple):
    """What a viewer may know in a state of the site."""

    state: str
    viewer: str

    @property
    def moderates(self) -> bool:
        return self.viewer in {"moderator", "administrator"}

    @property
    def post(self) -> bool:
        if self.state == "deleted post":
            return False
        if self.viewer == "author of the post":
            return True
        if self.state in UNPUBLISHED:
            return False
        return not self.is_hidden or self.moderates

    @property
    def missing(self) -> int:
        """The status of what the viewer may not read: that a post was public is no secret."""
        return 410 if self.state == "hidden post" else 404

    @property
    def is_hidden(self) -> bool:
        return self.state.startswith("hidden")

    @property
    def is_public(self) -> bool:
        """Whether everybody may know of the post."""
        return self.state in {"visible", "disabled authors"} or "comment" in self.state

    @property
    def is_own_draft(self) -> bool:
        """Whether the viewer's list of drafts has the post."""
        return self.viewer == "author of the post" and self.state in UNPUBLISHED

    @property
    def is_found(self) -> bool:
        """Whether the viewer's search finds the post: a public one, or their own in any state."""
        is_own = self.viewer == "author of the post" and self.state != "deleted post"
        return self.is_public or is_own

    @property
    def preview(self) -> int:
        """The status of the preview link for anyone who has it."""
        if self.state in {"draft", "scheduled post"}:
            return 200
        return 302 if self.is_public else 404

    @property
    def comment(self) -> bool:
        return self.post and self.state != "deleted comment"

    @property
    def text(self) -> bool:
        """Whether the words of the comment are to be seen."""
        return self.comment and (
            self.state != "disabled comment" or self.moderates or self.owns_comment
        )

    @property
    def changes_post(self) -> bool:
        return self.post and self.viewer in {"author of the post", "administrator"}

    @property
    def owns_comment(self) -> bool:
        return self.comment and self.viewer == "author of the comment"

    @property
    def is_logged_in(self) -> bool:
        return self.viewer != "anonymous"


class Route(NamedTuple):
    """A route with what it takes.

    Attributes:
        rule: as it is registered; of the API without the version.
        address: with the ids of the site.
        about: whether it is about the post or the comment; `public` is about what everybody may
            read of the post, so that its author does not see more than others.
        shows: which words an answer may have: those of the post, the comment, both or none.
    """

    rule: str
    address: str
    about: str
    shows: str = ""


PAGES = [
    Route("GET /post/<id:post_id>", "/post/1", "post", "post and comment"),
    Route("GET /post/<id:post_id>/<slug>", "/post/1/a-slug", "post"),
    Route("POST /post/<id:post_id>", "/post/1", "post"),
    Route("POST /post/<id:post_id>/state", "/post/1/state", "post"),
    Route("POST /post/<id:post_id>/preview-link", "/post/1/preview-link", "post"),
    Route("POST /post/<id:post_id>/preview-link/revoke", "/post/1/preview-link/revoke", "post"),
    Route("GET /post/<id:post_id>/revisions", "/post/1/revisions", "post"),
    Route("GET /post/<id:post_id>/revisions/<id:number>", "/post/1/revisions/1", "post", "post"),
    Route("GET /post/<id:post_id>/revisions/<id:number>", "/post/1/revisions/2", "post", "post"),
    Route("GET /post/<id:post_id>/timemap", "/post/1/timemap", "post"),
    Route("GET /embed/<id:post_id>", "/embed/1", "public", "post"),
    Route("GET /card/post/<id:post_id>.png", "/card/post/1.png", "public"),
    Route(COMMENT_FEED, "/post/1/comments/feed.atom", "public", "public comment"),
    Route(COMMENT_FEED, "/post/1/comments/feed.json", "public", "public comment"),
    Route(
        "GET /post/<id:post_id>/revisions/<id:number>/text",
        "/post/1/revisions/1/text",
        "post",
        "post",
    ),
    Route(
        "GET /post/<id:post_id>/revisions/<id:number>/restore",
        "/post/1/revisions/1/restore",
        "post",
        "post",
    ),
    Route(
        "POST /post/<id:post_id>/revisions/<id:number>/restore",
        "/post/1/revisions/1/restore",
        "post",
    ),
    Route("POST /post/<id:post_id>/revisions/<id:number>/hide", "/post/1/revisions/1/hide", "post"),
    Route("POST /post/<id:post_id>/revisions/<id:number>/show", "/post/1/revisions/1/show", "post"),
    Route(f"GET {HIDE_REVISION}", "/moderate/post/1/revisions/1/hide", "post"),
    Route(f"POST {HIDE_REVISION}", "/moderate/post/1/revisions/1/hide", "post"),
    Route("GET /post/<id:post_id>/likes", "/post/1/likes", "post"),
    Route("GET /post/<id:post_id>/views", "/post/1/views", "post"),
    Route("POST /post/<id:post_id>/like", "/post/1/like", "post"),
    Route("POST /post/<id:post_id>/unlike", "/post/1/unlike", "post"),
    Route("POST /post/<id:post_id>/bookmark", "/post/1/bookmark", "post"),
    Route("POST /post/<id:post_id>/unbookmark", "/post/1/unbookmark", "post"),
    Route("POST /bookmarks/<id:post_id>/move", "/bookmarks/1/move", "post"),
    Route("GET /edit/<id:post_id>", "/edit/1", "post", "post"),
    Route("POST /edit/<id:post_id>", "/edit/1", "post", "post"),
    Route("POST /edit/<id:post_id>/autosave", "/edit/1/autosave", "post"),
    Route("GET /edit/<id:post_id>/cover", "/edit/1/cover", "post"),
    Route("POST /edit/<id:post_id>/cover/upload", "/edit/1/cover/upload", "post"),
    Route("POST /edit/<id:post_id>/cover/<id:media_id>", "/edit/1/cover/1", "post"),
    Route("GET /delete/<id:post_id>", "/delete/1", "post", "post"),
    Route("GET /comment/<id:comment_id>", "/comment/1", "comment"),
    Route("GET /comment/<id:comment_id>/remove", "/comment/1/remove", "comment", "comment"),
    Route("POST /comment/<id:comment_id>/remove", "/comment/1/remove", "comment"),
    Route("GET /comment/<id:comment_id>/likes", "/comment/1/likes", "comment"),
    Route("POST /comment/<id:comment_id>/like", "/comment/1/like", "comment"),
    Route("POST /comment/<id:comment_id>/unlike", "/comment/1/unlike", "comment"),
    Route("GET /comment/<id:comment_id>/edit", "/comment/1/edit", "comment", "comment"),
    Route("POST /comment/<id:comment_id>/edit", "/comment/1/edit", "comment"),
    Route("GET /comment/<id:comment_id>/delete", "/comment/1/delete", "comment", "comment"),
    Route("GET /report/post/<id:post_id>", "/report/post/1", "post", "post"),
    Route("POST /report/post/<id:post_id>", "/report/post/1", "post"),
    Route("GET /report/comment/<id:comment_id>", "/report/comment/1", "comment", "comment"),
    Route("POST /report/comment/<id:comment_id>", "/report/comment/1", "comment"),
    Route("GET measure", "/moderate/hide/1", "post", "post"),
    Route("GET measure", "/moderate/disable/1", "comment", "comment"),
    # Last, for they succeed.
    Route("POST /comment/<id:comment_id>/delete", "/comment/1/delete", "comment"),
    Route("POST /delete/<id:post_id>", "/delete/1", "post"),
]
RESOURCES = [
    Route("GET /posts/<id:post_id>", "/posts/1", "post", "post"),
    Route("GET /posts/<id:post_id>/revisions/", "/posts/1/revisions/", "post"),
    Route("GET /posts/<id:post_id>/revisions/<id:number>", "/posts/1/revisions/1", "post", "post"),
    Route("GET /posts/<id:post_id>/comments/", "/posts/1/comments/", "post", "comment"),
    Route("GET /posts/<id:post_id>/likes/", "/posts/1/likes/", "post"),
    Route("PUT /posts/<id:post_id>/like", "/posts/1/like", "post"),
    Route("DELETE /posts/<id:post_id>/like", "/posts/1/like", "post"),
    Route("PUT /posts/<id:post_id>/bookmark", "/posts/1/bookmark", "post"),
    Route("DELETE /posts/<id:post_id>/bookmark", "/posts/1/bookmark", "post"),
    Route("GET /comments/<id:comment_id>", "/comments/1", "comment", "comment"),
    Route("POST /posts/<id:post_id>/comments/", "/posts/1/comments/", "post"),
    Route("PATCH /posts/<id:post_id>", "/posts/1", "post", "post"),
    Route("PUT /posts/<id:post_id>", "/posts/1", "post", "post"),
    Route("GET /comments/<id:comment_id>/likes/", "/comments/1/likes/", "comment"),
    Route("PUT /comments/<id:comment_id>/like", "/comments/1/like", "comment"),
    Route("DELETE /comments/<id:comment_id>/like", "/comments/1/like", "comment"),
    Route("PATCH /comments/<id:comment_id>", "/comments/1", "comment"),
    Route("POST /comments/<id:comment_id>/enable", "/comments/4711/enable", "none"),
    Route("POST /comments/<id:comment_id>/remove", "/comments/1/remove", "comment"),
    Route("POST /comments/<id:comment_id>/disable", "/comments/4711/disable", "none"),
    Route("POST /posts/<id:post_id>/report", "/posts/1/report", "post"),
    Route("POST /comments/<id:comment_id>/report", "/comments/1/report", "comment"),
    Route("DELETE /comments/<id:comment_id>", "/comments/1", "comment"),
    Route("DELETE /posts/<id:post_id>", "/posts/1", "post"),
]
TAG = "boats"
LISTS = ["/", "/user/author", f"/tag/{TAG}", f"{PREFIX}/tags/{TAG}/posts/",
         f"{PREFIX}/posts/", f"{PREFIX}/users/author/posts/",
         f"{PREFIX}/users/author/timeline/", f"{PREFIX}/posts/?cursor="]  # fmt: skip
# What everybody may read, whoever asks.
FEEDS = ["/feed.atom", "/feed.json", "/user/author/feed.atom", "/user/author/feed.json",
         f"/tag/{TAG}/feed.atom", f"/tag/{TAG}/feed.json",
         "/search/feed.atom?q=author:author", "/search/feed.json?q=author:author"]  # fmt: skip
# With the posts of this month, or of the week.
PLACES = ["/archive/{moment.year}/{moment.month}", "/explore?order=newest"]
# With what is discussed: a post whose only comment is gone may be left out.
DISCUSSED = ["/explore", "/explore?order=discussed"]
# They name the tag of the post, if everybody may know of it.
TAG_LISTS = ["/tags", "/tags?order=name", f"{PREFIX}/tags/", f"{PREFIX}/tags/?cursor="]
SEARCHES = ["author:author", '"of the post"']
SEARCH_OF_COMMENTS = 'in:comments "of the comment"'
COMMENT_LISTS = [f"{PREFIX}/comments/", f"{PREFIX}/comments/?cursor="]


def test_every_route_that_takes_a_post_or_a_comment_is_tried(app: Broadside) -> None:
    taking = {
        f"{method} {rule.rule.removeprefix(PREFIX)}"
        for rule in app.url_map.iter_rules()
        if {"post_id", "comment_id"} & rule.arguments and not rule.rule.startswith("/api/v1.0")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert taking == {row.rule for row in (*PAGES, *RESOURCES)} - {"GET measure"}


def username(kind: str) -> str:
    return "author" if kind == "author of the post" else kind.replace(" ", "_")


@pytest.fixture
async def tokens(app: Broadside) -> dict[str, str]:
    """Everybody, with an API token each; the post and the comment have the id 1."""
    added = await add_users(app, *(NewUser(username(kind), role) for kind, role in ROLES.items()))
    people = {kind: added[username(kind)] for kind in ROLES}
    written = {"renderer_version": 1}
    async with app.database.session() as session:
        session.add(
            Post(author_id=people["author of the post"].id, body=POST,
                 body_html=f"<p>{POST}</p>", preview_key=PREVIEW_KEY, revision=2, **written)
        )  # fmt: skip
        await session.flush()
        await set_tags(session, 1, await tag_ids(session, [TAG]))
        session.add(PostRevision(post_id=1, number=2))
        session.add(PostRevision(post_id=1, number=1, body=f"{POST}\n\nAs it began",
                                 body_html=f"<p>{POST}</p>", tags=[], **written)
        )  # fmt: skip
        session.add(
            Comment(author_id=people["author of the comment"].id, post_id=1, body=COMMENT,
                    body_html=f"<p>{COMMENT}</p>", **written)
        )  # fmt: skip
        await session.commit()
    limited = await add_token(app, people["administrator"], Scope.READ | Scope.WRITE)
    return {
        **{kind: await add_token(app, person) for kind, person in people.items()},
        "token without moderate": limited,
    }


async def bring_about(app: Broadside, state: str) -> None:
    """Let the site be in this state."""
    changes = {
        "hidden post": update(Post).values(hidden_at=now(), hidden_reason="Rude"),
        "draft": update(Post).values(status=PostStatus.DRAFT, published_at=None),
        "scheduled post": update(Post).values(
            status=PostStatus.SCHEDULED, published_at=now() + timedelta(days=1)
        ),
        "held post": update(Post).values(status=PostStatus.HELD, published_at=None),
        "hidden draft": update(Post).values(status=PostStatus.DRAFT, hidden_at=now()),
        "deleted post": delete(Post),
        "disabled comment": update(Comment).values(disabled_at=now(), disabled_reason="Rude"),
        "deleted comment": delete(Comment),
        # Somebody else's: those who are disabled themselves cannot look.
        "disabled authors": update(User)
        .where(User.username.in_(["author", "author_of_the_comment"]))
        .values(disabled_at=now()),
    }
    if state in changes:
        async with app.database.session() as session:
            await session.execute(changes[state])
            await session.commit()


def cases() -> list[Expected]:
    return [
        Expected(state, viewer)
        for state in STATES
        for viewer in VIEWERS
        if not (state == "disabled authors" and viewer.startswith("author"))
    ]


def assert_words(answer: httpx.Response, expected: Expected, row: Route) -> None:
    """Viewers get exactly the texts that they may read and that the route shows."""
    if not expected.post:
        assert POST not in answer.text, row
    if not expected.text:
        assert COMMENT not in answer.text, row
    if answer.status_code == 200:
        if "post" in row.shows:
            assert POST in answer.text, row
        if row.shows == "public comment":
            assert (COMMENT in answer.text) == (expected.state in COMMENT_IS_PUBLIC), row
        elif "comment" in row.shows:
            assert (COMMENT in answer.text) == expected.text, row


def is_there(expected: Expected, row: Route) -> bool:
    known = {"post": expected.post, "comment": expected.comment, "public": expected.is_public}
    return known.get(row.about, False)


async def assert_places_show_what_is_public(client: Client, expected: Expected) -> None:
    """Lists, feeds and sitemaps have the post exactly if everybody may read it."""
    for address in (*LISTS, *FEEDS):
        assert (POST in (await client.get(address)).text) == expected.is_public, address
    sitemap = await client.get("/sitemap/posts-1.xml")
    assert ("/post/1<" in sitemap.text) == expected.is_public
    sitemap = await client.get("/sitemap/tags-1.xml")
    assert (f"/tag/{TAG}<" in sitemap.text) == expected.is_public
    for address in PLACES:
        place = await client.get(address.format(moment=now()))
        assert (POST in place.text) == expected.is_public, address
    for address in DISCUSSED:
        is_shown = POST in (await client.get(address)).text
        assert expected.is_public or not is_shown, address
        assert is_shown or expected.state != "visible", address
    suggested = (await client.get(f"/search/suggestions?q={TAG}")).json()[1]
    assert (f"tag:{TAG}" in suggested) == expected.is_public
    months = (await client.get("/archive")).text
    assert ("/archive/" in months) == expected.is_public
    for address in TAG_LISTS:
        assert (TAG in (await client.get(address)).text) == expected.is_public, address


@pytest.mark.parametrize("expected", cases(), ids=" - ".join)
async def test_every_route_hides_what_its_viewer_may_not_read(
    app: Broadside, tokens: dict[str, str], expected: Expected
) -> None:
    await bring_about(app, expected.state)
    async with Client(app, token=tokens.get(expected.viewer, "")) as client:
        client.base_url = httpx.URL("https://blog.test")
        await assert_places_show_what_is_public(client, expected)
        embedded = await client.get("/oembed?url=https://blog.test/post/1")
        assert embedded.status_code == (200 if expected.is_public else 404)
        for q in SEARCHES:
            found = await client.get(f"{PREFIX}/search/", params={"q": q})
            assert (POST in found.text) == expected.is_found, q
        found = await client.get(f"{PREFIX}/search/", params={"q": SEARCH_OF_COMMENTS})
        assert (COMMENT in found.text) == (expected.state in COMMENT_IS_PUBLIC)
        drafts = await client.get(f"{PREFIX}/me/drafts/")
        assert (POST in drafts.text) == expected.is_own_draft
        for address in COMMENT_LISTS:
            answer = await client.get(address)
            assert len(answer.json()["comments"]) == expected.comment, address
            assert (COMMENT in answer.text) == expected.text, address
        for row in RESOURCES:
            method = row.rule.partition(" ")[0]
            body = {"body": " ", "reason": "x"} if method in {"POST", "PATCH", "PUT"} else None
            if body and is_there(expected, row):
                continue  # It would succeed, or tell what is wrong with the body; see test_access.
            body = body and {"body": "x", "reason": "x"}
            answer = await client.request(method, PREFIX + row.address, json=body)
            assert_words(answer, expected, row)
            if method == "GET":
                status = 200 if is_there(expected, row) else expected.missing
                assert answer.status_code == status, row
            elif not expected.is_logged_in:
                assert answer.status_code == 401, row
            elif row.rule == "DELETE /posts/<id:post_id>/bookmark":
                assert answer.status_code == 204, row  # It is the viewer's own.
            elif not is_there(expected, row):
                statuses = {404, expected.missing} | ({403} if row.about == "none" else set())
                assert answer.status_code in statuses, row
            else:  # DELETE
                may = expected.owns_comment if row.about == "comment" else expected.changes_post
                # This deletes what the viewer did.
                may = may or row.rule.endswith("/like")
                assert answer.status_code == (204 if may else 403), row


@pytest.mark.parametrize(
    "expected", [case for case in cases() if not case.viewer.startswith("token")], ids=" - ".join
)
async def test_no_page_shows_what_somebody_may_not_know_of(
    app: Broadside, tokens: dict[str, str], expected: Expected
) -> None:
    async with Browser(app) as browser:
        if expected.is_logged_in:
            await browser.open_session(username(expected.viewer))
        await bring_about(app, expected.state)
        token = await browser.token("/auth/reset")
        form = {"csrf_token": token, "body": "x", "reason": "x", "version": "1"}
        preview = await browser.get(f"/preview/{PREVIEW_KEY}")
        assert preview.status_code == expected.preview
        assert (POST in preview.text) == (expected.preview == 200)
        for q in SEARCHES:
            found = await browser.get("/search", params={"q": q})
            assert ('href="/post/1' in found.text) == expected.is_found, q
        found = await browser.get("/search", params={"q": SEARCH_OF_COMMENTS})
        is_found = expected.state in COMMENT_IS_PUBLIC
        assert ('href="/comment/1' in found.text) == is_found
        for row in PAGES:
            if row.rule.startswith("GET"):
                answer = await browser.get(row.address)
            else:
                if is_there(expected, row) and "delete" not in row.rule:
                    continue  # It would succeed, or tell what is wrong; see test_route_access.
                answer = await browser.post(row.address, data=form)
            assert_words(answer, expected, row)
            assert answer.status_code in statuses(expected, row), (row, answer.text)


def statuses(expected: Expected, row: Route) -> set[int]:
    """How a page may answer."""
    is_deletion = row.rule.startswith("POST") and "delete" in row.rule
    is_there_for_them = is_there(expected, row)
    if row.about == "public":
        return {200 if expected.is_public else expected.missing}
    if row.rule.endswith("/unbookmark"):  # It is the viewer's own.
        return {302} if expected.is_logged_in else {302, 403}
    if row.rule == "POST /bookmarks/<id:post_id>/move":  # They have no such bookmark.
        return {404} if expected.is_logged_in else {302, 403}
    if row.rule in READERS_PAGES:
        found = 302 if row.rule == "GET /comment/<id:comment_id>" else 200
    elif row.rule.endswith("<slug>"):
        found = 301
    elif not expected.is_logged_in:
        return {302, 403}
    elif row.rule == "GET measure" or HIDE_REVISION in row.rule:
        if not expected.moderates:
            return {403}
        found = 200
    elif "/report/" in row.rule:
        is_open = expected.is_public and expected.state != f"disabled {row.about}"
        found = 200 if is_open else expected.missing
    else:
        may = expected.owns_comment if row.about == "comment" else expected.changes_post
        if row.rule.endswith("/remove"):
            may = expected.viewer == "author of the post" and expected.state != "disabled comment"
        if "/cover" in row.rule or row.rule.endswith("/views"):
            may = may and expected.viewer == "author of the post"
        found = (302 if is_deletion else 200) if may else 403
    # To delete what is gone is a success, which tells nothing of what is hidden.
    return {found if is_there_for_them else 302 if is_deletion else expected.missing}
