"""Who may use which resource of the API: one table of them all, tried by a client of each kind.

A new resource belongs into `TABLE`, or this fails. Every request carries `BODY`: 422 says that
somebody was let in, and only the fields were wrong. The post and the comment are the author's;
each client finds ones that no other has touched.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from blog import create_app
from blog.core.api.links import PREFIXES
from blog.core.web.app import Broadside
from blog.models import Comment, Post, Scope
from settings import Settings
from tests.api.support import Client, add_token
from tests.support import PASSWORD, NewUser, add_users

BODY = {"body": "x", "reason": "x"}
ROLES = {
    "unconfirmed": "User",
    "user": "User",
    "author": "User",
    "moderator": "Moderator",
    "administrator": "Administrator",
}


class Access(NamedTuple):
    """The status that each kind of client gets.

    The tokens are an administrator's: what they may not do is for their scopes' sake.
    """

    anonymous: int
    expired_token: int
    read_only_token: int
    token_without_moderate: int
    unconfirmed: int
    user: int
    author: int
    moderator: int
    administrator: int


class Row(NamedTuple):
    """A resource and a method, who may use it, and an address where the rule itself is none."""

    route: str
    access: Access
    address: str = ""


def readers(status: int = 200) -> Access:
    """Everybody; but people who have not confirmed are asked to do that first."""
    return Access(status, 401, status, status, 403, status, status, status, status)


def account_holders(status: int) -> Access:
    """All users with an account, to read their own data."""
    return Access(401, 401, status, status, 403, status, status, status, status)


def writers(status: int) -> Access:
    """All users with an account, to write."""
    return Access(401, 401, 403, status, 403, status, status, status, status)


def author_and_administrators(status: int) -> Access:
    """An administrator's token needs the scope `moderate` for what others wrote."""
    return Access(401, 401, 403, 403, 403, 403, status, 403, status)


def only_the_author(status: int) -> Access:
    return Access(401, 401, 403, 403, 403, 403, status, 403, 403)


def moderators(status: int) -> Access:
    return Access(401, 401, 403, 403, 403, 403, 403, status, status)


def only_moderators(status: int) -> Access:
    """Also to read: a token needs the scope `moderate`."""
    return Access(401, 401, 403, 403, 403, 403, 403, status, status)


def with_password(status: int, read_only: int) -> Access:
    return Access(401, 401, read_only, 401, 403, status, status, status, status)


TABLE = [
    Row("GET /", readers()),
    Row("GET /posts/", readers()),
    Row("GET /search/", readers(), "/search/?q=x"),
    Row("POST /posts/", writers(201)),
    Row("GET /me/drafts/", account_holders(200)),
    Row("GET /posts/<id:post_id>", readers(), "/posts/{post}"),
    Row("PUT /posts/<id:post_id>", author_and_administrators(200), "/posts/{post}"),
    Row("PATCH /posts/<id:post_id>", author_and_administrators(200), "/posts/{post}"),
    Row("DELETE /posts/<id:post_id>", author_and_administrators(204), "/posts/{post}"),
    Row("GET /posts/<id:post_id>/revisions/", readers(), "/posts/{post}/revisions/"),
    Row("GET /posts/<id:post_id>/revisions/<id:number>", readers(), "/posts/{post}/revisions/1"),
    Row("GET /posts/<id:post_id>/comments/", readers(), "/posts/{post}/comments/"),
    Row("POST /posts/<id:post_id>/comments/", writers(201), "/posts/{post}/comments/"),
    Row("GET /posts/<id:post_id>/likes/", readers(), "/posts/{post}/likes/"),
    Row("PUT /posts/<id:post_id>/like", writers(204), "/posts/{post}/like"),
    Row("DELETE /posts/<id:post_id>/like", writers(204), "/posts/{post}/like"),
    Row("PUT /posts/<id:post_id>/bookmark", writers(204), "/posts/{post}/bookmark"),
    Row("DELETE /posts/<id:post_id>/bookmark", writers(204), "/posts/{post}/bookmark"),
    Row("GET /bookmarks/", account_holders(200)),
    Row("GET /bookmarks/folders/", account_holders(200)),
    Row("GET /bookmarks/folders/<id:folder_id>", account_holders(404), "/bookmarks/folders/1"),
    Row("PATCH /bookmarks/folders/<id:folder_id>", writers(422), "/bookmarks/folders/1"),
    Row("DELETE /bookmarks/folders/<id:folder_id>", writers(404), "/bookmarks/folders/1"),
    Row("GET /me/held/", account_holders(200)),
    Row("GET /me/held/<id:item_id>", account_holders(404), "/me/held/4711"),
    Row("DELETE /me/held/<id:item_id>", writers(404), "/me/held/4711"),
    Row("GET /comments/", readers()),
    Row("GET /comments/<id:comment_id>", readers(), "/comments/{comment}"),
    Row("GET /comments/<id:comment_id>/likes/", readers(), "/comments/{comment}/likes/"),
    Row("PUT /comments/<id:comment_id>/like", writers(204), "/comments/{comment}/like"),
    Row("DELETE /comments/<id:comment_id>/like", writers(204), "/comments/{comment}/like"),
    Row("PATCH /comments/<id:comment_id>", only_the_author(200), "/comments/{comment}"),
    Row("DELETE /comments/<id:comment_id>", only_the_author(204), "/comments/{comment}"),
    Row(
        "POST /comments/<id:comment_id>/remove", only_the_author(403), "/comments/{comment}/remove"
    ),
    Row("POST /comments/<id:comment_id>/disable", moderators(200), "/comments/{comment}/disable"),
    Row("POST /comments/<id:comment_id>/enable", moderators(200), "/comments/{comment}/enable"),
    Row("POST /posts/<id:post_id>/report", writers(204), "/posts/{post}/report"),
    Row("POST /comments/<id:comment_id>/report", writers(204), "/comments/{comment}/report"),
    Row("GET /moderation/log", readers()),
    Row("GET /moderation/reports/", only_moderators(200)),
    *(
        Row(
            f"{method} /moderation/reports/<id:report_id>{action}",
            only_moderators(status),
            f"/moderation/reports/4711{action}",
        )
        for method, action, status in (
            ("GET", "", 404),
            ("PUT", "/claim", 404),
            ("DELETE", "/claim", 404),
            ("POST", "/close", 422),
        )
    ),
    Row("GET /users/<person:user>/measures/", only_moderators(200), "/users/bob/measures/"),
    Row("POST /users/<person:user>/measures/", only_moderators(422), "/users/bob/measures/"),
    Row(
        "GET /moderation/measures/<id:measure_id>",
        only_moderators(404),
        "/moderation/measures/4711",
    ),
    Row(
        "POST /moderation/measures/<id:measure_id>/lift",
        only_moderators(404),
        "/moderation/measures/4711/lift",
    ),
    Row("GET /tags/", readers()),
    Row("GET /tags/<tag>", readers(404), "/tags/none"),
    Row("GET /tags/<tag>/posts/", readers(404), "/tags/none/posts/"),
    Row("PUT /tags/<tag>/follow", writers(404), "/tags/none/follow"),
    Row("DELETE /tags/<tag>/follow", writers(404), "/tags/none/follow"),
    Row("GET /me/tags/", account_holders(200)),
    Row("GET /users/", readers()),
    Row("POST /users/", Access(422, 401, 403, 422, 403, 422, 422, 422, 422)),
    Row("GET /users/<person:user>", readers(), "/users/bob"),
    Row("GET /users/<person:user>/posts/", readers(), "/users/bob/posts/"),
    Row("GET /users/<person:user>/timeline/", readers(), "/users/bob/timeline/"),
    Row("GET /users/<person:user>/followers/", readers(), "/users/bob/followers/"),
    Row("GET /users/<person:user>/following/", readers(), "/users/bob/following/"),
    Row("PUT /users/<person:user>/follow", writers(204), "/users/bob/follow"),
    Row("DELETE /users/<person:user>/follow", writers(204), "/users/bob/follow"),
    Row("PUT /users/<person:user>/mute", writers(204), "/users/bob/mute"),
    Row("DELETE /users/<person:user>/mute", writers(204), "/users/bob/mute"),
    Row("PUT /users/<person:user>/block", writers(204), "/users/bob/block"),
    Row("DELETE /users/<person:user>/block", writers(204), "/users/bob/block"),
    Row("GET /me/muted/", account_holders(200)),
    Row("GET /me/blocked/", account_holders(200)),
    Row("GET /me/hidden-words/", account_holders(200)),
    Row("POST /me/hidden-words/", writers(422)),
    Row("GET /me/hidden-words/<id:word_id>", account_holders(404), "/me/hidden-words/1"),
    Row("DELETE /me/hidden-words/<id:word_id>", writers(404), "/me/hidden-words/1"),
    Row("PUT /users/<person:user>/follow/alerts", writers(422), "/users/bob/follow/alerts"),
    Row("DELETE /users/<person:user>/follow/alerts", writers(204), "/users/bob/follow/alerts"),
    Row("GET /me", account_holders(200)),
    Row("PATCH /me", writers(200)),
    Row("GET /media/", account_holders(200)),
    Row("POST /media/", writers(422)),
    Row("PUT /me/avatar", writers(422)),
    Row("DELETE /me/avatar", writers(204)),
    Row("GET /media/usage", account_holders(200)),
    Row("GET /media/<id:media_id>", account_holders(404), "/media/4711"),
    Row("PATCH /media/<id:media_id>", writers(404), "/media/4711"),
    Row("DELETE /media/<id:media_id>", writers(404), "/media/4711"),
    Row("GET /me/mail-settings", account_holders(200)),
    Row("PATCH /me/mail-settings", writers(200)),
    Row("GET /notifications/", account_holders(200)),
    Row("PATCH /notifications/", writers(422)),
    Row("GET /notifications/<id:notification_id>", account_holders(404), "/notifications/4711"),
    Row("PATCH /notifications/<id:notification_id>", writers(422), "/notifications/4711"),
    Row("GET /me/exports/", with_password(200, read_only=401)),
    Row("POST /me/exports/", with_password(202, read_only=403)),
    Row("GET /me/exports/<id:export_id>", with_password(404, read_only=401), "/me/exports/4711"),
    Row(
        "GET /me/exports/<id:export_id>/archive",
        with_password(404, read_only=401),
        "/me/exports/4711/archive",
    ),
    Row("GET /token", with_password(200, read_only=401)),
    Row("GET /tokens/", account_holders(200)),
    Row("POST /tokens/", with_password(201, read_only=403)),
    Row("GET /tokens/<id:token_id>", account_holders(404), "/tokens/4711"),
    Row("DELETE /tokens/<id:token_id>", writers(404), "/tokens/4711"),
]


def routes(app: Broadside, prefix: str) -> set[str]:
    """The routes of a version of the API, but for `HEAD` and `OPTIONS`, which Quart adds."""
    return {
        f"{method} {rule.rule.removeprefix(prefix)}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(prefix + "/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


@pytest.mark.parametrize("prefix", PREFIXES.values())
def test_each_version_has_the_routes_of_the_table_and_no_other(
    make_settings: Callable[..., Settings], prefix: str
) -> None:
    table = {row.route for row in TABLE}
    assert len(table) == len(TABLE)
    assert routes(create_app(make_settings()), prefix) == table


class Site(NamedTuple):
    """For each kind of client its token, and the ids of what addresses name."""

    tokens: dict[str, str]
    ids: dict[str, dict[str, int]]


@pytest.fixture
async def site(app: Broadside) -> Site:
    """People of each kind, and a post with a comment for each of them, all by the author."""
    people = await add_users(
        app,
        NewUser("bob"),
        *(NewUser(name, role, name != "unconfirmed") for name, role in ROLES.items()),
    )
    admin = people["administrator"]
    tokens = {
        **{name: await add_token(app, people[name]) for name in ROLES},
        "expired_token": await add_token(app, admin, life=timedelta(seconds=-1)),
        "read_only_token": await add_token(app, admin, Scope.READ),
        "token_without_moderate": await add_token(app, admin, Scope.READ | Scope.WRITE),
    }
    kinds = Access._fields
    written = {"author_id": people["author"].id, "body": "y", "body_html": "y",
               "renderer_version": 1}  # fmt: skip
    async with app.database.session() as session:
        posts = [Post(**written) for _ in kinds]
        session.add_all(posts)
        await session.flush()
        comments = [Comment(post_id=post.id, **written) for post in posts]
        session.add_all(comments)
        await session.commit()
    rows = zip(kinds, posts, comments, strict=True)
    ids = {kind: {"post": post.id, "comment": comment.id} for kind, post, comment in rows}
    return Site(tokens, ids)


READS = [row for row in TABLE if row.route.startswith("GET ")]
WRITES = [row for row in TABLE if row not in READS]


async def test_what_is_read_is_for_whom_the_table_says(
    app: Broadside, closed_app: Broadside, site: Site, subtests: pytest.Subtests
) -> None:
    for row in READS:
        with subtests.test(row.route):
            await check(app, closed_app, site, row)


@pytest.mark.parametrize("row", WRITES, ids=[row.route for row in WRITES])
async def test_what_is_written_is_for_whom_the_table_says(
    app: Broadside, closed_app: Broadside, site: Site, row: Row
) -> None:
    await check(app, closed_app, site, row)


async def check(app: Broadside, closed_app: Broadside, site: Site, row: Row) -> None:
    """Make the request of a row for each kind of client."""
    method, _, rule = row.route.partition(" ")
    body = None if method in {"GET", "DELETE"} else BODY
    got = {}
    for kind in Access._fields:
        address = (row.address or rule).format_map(site.ids[kind])
        # Tokens and exports take a password. Everything else is done with a token.
        uses_password = kind in ROLES and ("/token" in rule or "/me/exports" in rule)
        credentials: dict[str, Any] = (
            {"auth": (kind, PASSWORD)} if uses_password else {"token": site.tokens.get(kind, "")}
        )
        async with Client(app, **credentials) as client:
            got[kind] = (await client.request(method, address, json=body)).status_code
    assert got == row.access._asdict()
    async with Client(closed_app) as stranger:
        address = (row.address or rule).format_map(site.ids["anonymous"])
        refused = await stranger.request(method, address, json=body)
    assert refused.status_code == (422 if row.route == "POST /users/" else 401)
