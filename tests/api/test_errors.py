"""Errors are problem documents, and invalid input is never a server error."""

import base64
import json
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.api.operations import requires_scope
from blog.core.web.app import Broadside
from blog.models import Scope, User
from tests.api.support import Client, assert_problem
from tests.comments.support import add_comments, add_post
from tests.support import PASSWORD, add_user

JSON = {"Content-Type": "application/json"}
ROOT = "https://blog.test"


def cursor(text: str) -> str:
    """What looks like a cursor, with any text inside."""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.fixture
async def mauds_account(app: Broadside) -> User:
    """A moderator, who may do all that has a text field."""
    return await add_user(app, "maud", role="Moderator")


@pytest.fixture
async def maud(app: Broadside, mauds_account: User) -> AsyncIterator[Client]:
    """Her client, with her password."""
    async with Client(app, auth=("maud", PASSWORD)) as client:
        yield client


@pytest.fixture
async def ids(db: AsyncSession, mauds_account: User) -> dict[str, int]:
    """The ids of what the addresses below name, all of it hers."""
    post = await add_post(db, mauds_account)
    (comment,) = await add_comments(db, post, mauds_account.id, 1)
    return {"post": post.id, "comment": comment.id, "maud": mauds_account.id}


@pytest.mark.parametrize("address", ["/api", "/api/", "/api/v2/posts/", "/api/v1/nothing",
                                     "/api/v1.0/posts/1/nothing", "/api/v1/posts/0",
                                     f"/api/v1/posts/{2**63}", "/api/v1/posts/1",
                                     "/api/v1/users/nobody"])  # fmt: skip
async def test_what_is_not_there_is_404(anonymous: Client, address: str) -> None:
    answer = await anonymous.get(ROOT + address, headers={"Accept": "text/html"})
    assert_problem(answer, 404)


@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [
        ("DELETE", "/posts/", {"GET", "HEAD", "OPTIONS", "POST"}),
        ("POST", "/me", {"GET", "HEAD", "OPTIONS", "PATCH"}),
        ("GET", "/comments/1/disable", {"POST", "OPTIONS"}),
        ("BREW", "/", {"GET", "HEAD", "OPTIONS"}),
    ],
)
async def test_a_wrong_method_is_405_and_the_right_ones_are_named(
    anonymous: Client, method: str, address: str, allowed: set[str]
) -> None:
    answer = await anonymous.request(method, address)
    assert_problem(answer, 405)
    assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "json"])
async def test_a_body_that_is_not_said_to_be_json_is_415(bearer: Client, kind: str) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = await bearer.post("/posts/", content=b'{"body": "x"}', headers=headers)
    assert_problem(answer, 415)


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/ld+json"])
async def test_any_kind_of_json_will_do(bearer: Client, kind: str) -> None:
    answer = await bearer.post("/posts/", content=b'{"body": "x"}', headers={"Content-Type": kind})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"body": "x"} x',
        b"body=x",
        b'{"body": "\xff"}',
        '{"body": "x"}'.encode("utf-16"),
        b'\xef\xbb\xbf{"body": "x"}',
        b'{"body": NaN}',
        b'{"body": "x", "other": -Infinity}',
        b'{"body": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"body": "x", "body": "y"}',
        b'{"body": "x", "other": {"a": 1, "a": 1}}',
        b'{"body": ' + b"9" * 5000 + b"}",
        b"{'body': 'x'}",
    ],
)
async def test_a_body_that_is_not_json_is_400(bearer: Client, body: bytes) -> None:
    assert_problem(await bearer.post("/posts/", content=body, headers=JSON), 400)


@pytest.mark.parametrize("body", [{}, {"body": ""}, {"body": "  \n"}, {"text": "x"}])
async def test_a_text_that_is_missing_is_400_as_in_flasky(bearer: Client, body: object) -> None:
    for address in ("/posts/", "/posts/1/comments/"):
        assert_problem(await bearer.post(address, json=body), 400)


WRONG_FIELDS: list[tuple[str, str, object, set[str]]] = [
    ("POST", "/posts/", [1], {""}),
    ("POST", "/posts/", "x", {""}),
    ("POST", "/posts/", 5, {""}),
    ("POST", "/posts/", {"body": None}, {"body"}),
    ("POST", "/posts/", {"body": 5}, {"body"}),
    ("POST", "/posts/", {"body": "x" * 65_537}, {"body"}),
    ("POST", "/posts/", {"body": "[" * 60_000}, {"body"}),
    ("POST", "/posts/{post}/comments/", {"body": "x" * 8193}, {"body"}),
    ("PATCH", "/posts/{post}", {"body": ""}, {"body"}),
    ("PATCH", "/comments/{comment}", {"body": " "}, {"body"}),
    ("PATCH", "/me", {"name": 5, "about_me": "x" * 2001}, {"name", "about_me"}),
    ("POST", "/comments/{comment}/disable", {}, {"reason"}),
    ("POST", "/comments/{comment}/enable", {"reason": ""}, {"reason"}),
    ("PUT", "/users/{maud}/follow", None, {""}),
    ("POST", "/users/", {"username": "1", "password": "short"}, {"email", "username", "password"}),
    ("POST", "/users/", {"email": "MAUD@example.com", "username": "m", "password": "long enough"},
     {"email"}),
    ("POST", "/tokens/", {"scopes": [], "expiration": 1}, {"scopes", "expiration"}),
    ("POST", "/tokens/", {"scopes": ["admin"], "expiration": 1e999}, {"scopes", "expiration"}),
]  # fmt: skip


async def test_wrong_fields_are_422_and_each_is_named(maud: Client, ids: dict[str, int]) -> None:
    for method, address, body, fields in WRONG_FIELDS:
        content = None if body is None else json.dumps(body).replace("Infinity", "1e999")
        answer = await maud.request(method, address.format_map(ids), content=content, headers=JSON)
        problem = assert_problem(answer, 422)
        assert {error["field"] for error in problem["errors"]} == fields, (address, body)
        assert all(error["message"] for error in problem["errors"])


TEXTS = [
    ("POST", "/posts/", {}, "body"),
    ("PUT", "/posts/{post}", {}, "body"),
    ("PATCH", "/posts/{post}", {}, "body"),
    ("POST", "/posts/{post}/comments/", {}, "body"),
    ("PATCH", "/comments/{comment}", {}, "body"),
    ("POST", "/comments/{comment}/disable", {}, "reason"),
    ("POST", "/comments/{comment}/enable", {}, "reason"),
    ("PATCH", "/me", {}, "name"),
    ("PATCH", "/me", {}, "location"),
    ("PATCH", "/me", {}, "about_me"),
    ("POST", "/tokens/", {}, "name"),
    ("POST", "/tokens/", {}, "scopes"),
    ("POST", "/users/", {"username": "new", "password": "long enough"}, "email"),
    ("POST", "/users/", {"email": "a@example.com", "password": "long enough"}, "username"),
    ("POST", "/users/", {"email": "a@example.com", "username": "new"}, "password"),
]


@pytest.mark.parametrize("text", ["\0", "a\0b@example.com", "\ud800", "long \udc00 enough"])
async def test_characters_that_the_database_cannot_store_are_422_in_each_field(
    maud: Client, ids: dict[str, int], text: str
) -> None:
    for method, address, others, field in TEXTS:
        value = [text] if field == "scopes" else text
        content = json.dumps(others | {field: value})
        answer = await maud.request(method, address.format_map(ids), content=content, headers=JSON)
        assert {error["field"] for error in assert_problem(answer, 422)["errors"]} == {field}


@pytest.mark.parametrize(
    "credentials",
    ["\0:\0", "maud\0:x", "maud@example.com:\0", "\0:", "a\0b:", "maud", ":x", "\ud800:x",
     "m\ud800aud:", "x" * 5000 + ":x", "maud:" + "x" * 5000, "x" * 5000 + ":", "é:é"],
)  # fmt: skip
async def test_absurd_credentials_are_wrong_ones(anonymous: Client, credentials: str) -> None:
    encoded = base64.b64encode(credentials.encode(errors="surrogatepass")).decode()
    answer = await anonymous.get("/posts/", headers={"Authorization": f"Basic {encoded}"})
    assert_problem(answer, 401)


@pytest.mark.parametrize(
    "header", [b"", b"Basic ===", b"Basic \xff", b"Bearer", b"Bearer ", b"Bearer a=b",
               b"Bearer \xff\xfe", b"Digest username=x", b"Bearer " + b"x" * 9000, b"bsd_x"]
)  # fmt: skip
async def test_an_absurd_header_is_no_credentials(anonymous: Client, header: bytes) -> None:
    answer = await anonymous.get("/posts/", headers={b"Authorization": header})
    assert_problem(answer, 401)


@pytest.mark.parametrize("query", ["page=%00", "per_page=%FF", "cursor=%ED%A0%80", "cursor=%00"])
async def test_an_address_that_is_no_text_is_400(anonymous: Client, query: str) -> None:
    assert_problem(await anonymous.get(f"/posts/?{query}"), 400)


ABSURD_CURSORS = [
    "x", "%C3%A9", "====", "AA", cursor("1"), cursor("{}"), cursor("[]"), cursor("[1,1,1]"),
    cursor("[true]"), cursor("[1.5]"), cursor("[1e5]"), cursor('["1"]'), cursor(f"[{2**63}]"),
    cursor(f"[{-2**63},1]"), cursor("[NaN,1]"), cursor("[[1],1]"), cursor("[" * 70), "x" * 101,
]  # fmt: skip


async def test_absurd_parts_of_lists_are_422(anonymous: Client, susan: User) -> None:
    lists = ["/posts/", "/comments/", "/users/", "/users/susan/timeline/",
             "/users/susan/followers/", "/users/susan/following/"]  # fmt: skip
    queries = ["page=0", "page=-1", "page=x", "page=", "page=10000000000", "per_page=0",
               "per_page=101", "page=1&cursor=", "cursor=&per_page=x",
               *(f"cursor={absurd}" for absurd in ABSURD_CURSORS)]  # fmt: skip
    for address in lists:
        for query in queries:
            problem = assert_problem(await anonymous.get(f"{address}?{query}"), 422)
            assert problem["errors"][0]["field"] in query, (address, query)


async def test_a_cursor_of_another_list_is_422(anonymous: Client, susan: User) -> None:
    for address, of_another in [
        ("/comments/", cursor("[1,1]")),
        ("/users/susan/followers/", cursor("[1]")),
    ]:
        assert_problem(await anonymous.get(f"{address}?cursor={of_another}"), 422)


async def test_a_body_of_more_than_a_mebibyte_is_413(bearer: Client) -> None:
    assert_problem(await bearer.post("/posts/", json={"body": "x" * 1024 * 1024}), 413)


async def test_an_unexpected_error_is_a_500_that_tells_its_id_and_nothing_else(
    app: Broadside,
    anonymous: Client,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    view = requires_scope(Scope.READ, anonymous=True)(lambda: 1 / 0)
    monkeypatch.setitem(app.view_functions, "v1.posts.list_posts", view)
    answer = await anonymous.get("/posts/")
    problem = assert_problem(answer, 500)
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert "division" not in answer.text
    assert "ZeroDivisionError" in caplog.text
