"""Conformance to HTTP: methods, redirects and CORS."""

import gzip

import pytest

from blog.core.web.app import Broadside
from blog.models import User
from tests.api.support import Client, add_token, assert_problem

ORIGIN = {"Origin": "https://elsewhere.test"}
PREFLIGHT = ORIGIN | {
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "authorization,content-type",
}


async def test_head_is_get_without_the_body(bearer: Client) -> None:
    await bearer.post("/posts/", json={"body": "x"})
    for address in ("/", "/posts/", "/posts/?per_page=1&page=2", "/posts/1", "/users/susan", "/me"):
        get, head = await bearer.get(address), await bearer.head(address)
        assert (head.status_code, head.content) == (200, b"")
        different = {"server-timing", "x-request-id", "date", "ratelimit"}
        assert {n: v for n, v in head.headers.items() if n not in different} == {
            n: v for n, v in get.headers.items() if n not in different
        }
    assert (await bearer.head("/posts/4711")).status_code == 404


async def test_options_names_the_methods(anonymous: Client, closed_app: Broadside) -> None:
    async with Client(closed_app) as shut_out:
        for client in (anonymous, shut_out):
            answer = await client.options("/posts/1")
            assert answer.status_code == 200
            assert set(answer.headers["allow"].split(", ")) == {
                "GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE",
            }  # fmt: skip


@pytest.mark.parametrize("version", ["v1", "v1.0"])
async def test_a_missing_slash_loses_neither_method_nor_body_nor_query(
    app: Broadside, susan: User, version: str
) -> None:
    async with Client(app, version, token=await add_token(app, susan)) as client:
        answer = await client.post("/posts?x=%C3%A9", json={"body": "x"})
        assert answer.status_code == 308
        assert answer.headers["location"] == f"https://blog.test/api/{version}/posts/?x=%C3%A9"
        made = await client.post("/posts", json={"body": "x"}, follow_redirects=True)
        assert (made.status_code, made.json()["body"]) == (201, "x")
        assert (await client.get(f"https://blog.test/api/{version}")).status_code == 308


async def test_pages_of_any_site_may_read_and_see_what_they_need(anonymous: Client) -> None:
    for address, status in (("/posts/", 200), ("/nothing", 404), ("/me", 401)):
        answer = await anonymous.get(address, headers=ORIGIN)
        assert answer.status_code == status
        assert answer.headers["access-control-allow-origin"] == "*"
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"ETag", "Link", "Location", "Retry-After", "RateLimit"} <= set(exposed)
        assert "access-control-allow-credentials" not in answer.headers


async def test_pages_of_any_site_may_write_with_a_token(bearer: Client) -> None:
    asked = await bearer.options("/posts/1", headers=PREFLIGHT)
    assert asked.headers["access-control-allow-origin"] == "*"
    assert "PUT" in asked.headers["access-control-allow-methods"].split(", ")
    allowed = set(asked.headers["access-control-allow-headers"].lower().split(", "))
    assert {"authorization", "content-type", "if-match", "idempotency-key"} <= allowed
    made = await bearer.post("/posts/", json={"body": "x"}, headers=ORIGIN)
    assert made.status_code == 201
    assert made.headers["access-control-allow-origin"] == "*"


async def test_a_browser_may_ask_where_strangers_may_not_read(closed_app: Broadside) -> None:
    async with Client(closed_app) as stranger:
        asked = await stranger.options("/posts/", headers=PREFLIGHT)
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in asked.headers
        refused = await stranger.get("/posts/", headers=ORIGIN)
        assert_problem(refused, 401)
        assert refused.headers["access-control-allow-origin"] == "*"


async def test_pages_outside_the_api_are_for_this_site_alone(anonymous: Client) -> None:
    answer = await anonymous.get("https://blog.test/", headers=ORIGIN)
    assert "access-control-allow-origin" not in answer.headers


async def test_no_cache_gives_one_caller_what_another_got(
    anonymous: Client, bearer: Client
) -> None:
    assert (await anonymous.get("/posts/")).headers["cache-control"] == "no-cache"
    for answer in (await bearer.get("/posts/"), await bearer.get("/me")):
        assert answer.headers["cache-control"] == "private, no-cache"
        assert "Authorization" in answer.headers["vary"]


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "gzip, identity", "x"])
async def test_a_compressed_body_is_415_with_the_reason(bearer: Client, coding: str) -> None:
    body = gzip.compress(b'{"body": "x"}')
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    answer = await bearer.post("/posts/", content=body, headers=headers)
    assert "Content-Encoding" in assert_problem(answer, 415)["detail"]
    assert answer.headers["accept-encoding"] == "identity"
    plain = headers | {"Content-Encoding": "Identity"}
    made = await bearer.post("/posts/", content=b'{"body": "x"}', headers=plain)
    assert made.status_code == 201


FROM_ELSEWHERE = (
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ORIGIN,
)


@pytest.mark.parametrize("headers", FROM_ELSEWHERE)
async def test_no_other_site_makes_a_browser_ask_for_a_token_by_a_password_that_it_has_kept(
    client: Client, headers: dict[str, str]
) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    refused = [
        await client.get("/token", headers=headers),
        await client.post("/tokens/", headers=headers),
        await client.post("/tokens/", headers=headers | form),
    ]
    for answer in refused:
        assert_problem(answer, 403)
    posted = await client.post("/tokens/", content=b"name=x", headers=headers | form)
    assert_problem(posted, 415)
    assert (await client.get("/tokens/")).json()["count"] == 0
    asked_for = await client.post("/tokens/", json={}, headers=headers)
    assert asked_for.status_code == 201
    for own in ({"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin"}, {}):
        assert (await client.get("/token", headers=own)).status_code == 200
