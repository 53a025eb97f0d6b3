"""Entity tags and conditional requests."""

import asyncio
import gzip
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.models import User
from tests.api.support import Client, assert_problem

LONG = {"body": "word " * 1000}


@pytest.fixture
async def post(bearer: Client) -> str:
    """The address of a post that is long enough to be compressed."""
    return str((await bearer.post("/posts/", json=LONG)).json()["url"])


async def test_an_unchanged_resource_is_304(bearer: Client, post: str) -> None:
    for address in (post, "/posts/", "/posts/?cursor=", "/users/susan", "/me", "/", "/comments/"):
        first = await bearer.get(address)
        tag = first.headers["etag"]
        for wanted in (tag, f"W/{tag}", f'"other", {tag}'):
            for method in ("GET", "HEAD"):
                again = await bearer.request(method, address, headers={"If-None-Match": wanted})
                assert (again.status_code, again.content) == (304, b""), (address, wanted)
                assert "content-length" not in again.headers
                assert again.headers["etag"] == tag
                assert again.headers["cache-control"] == first.headers["cache-control"]
                assert again.headers["vary"] == first.headers["vary"]
        for wanted, status in (("*", 304), ('"other"', 200), ("", 200)):
            answer = await bearer.get(address, headers={"If-None-Match": wanted})
            assert answer.status_code == status, (address, wanted)


async def test_a_tag_changes_with_what_is_shown(bearer: Client, post: str) -> None:
    tag = (await bearer.get(post)).headers["etag"]
    await bearer.put(post, json={"body": "changed"})
    answer = await bearer.get(post, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.json()["body"]) == (200, "changed")


async def test_a_compressed_answer_has_a_tag_of_its_own(bearer: Client, post: str) -> None:
    tags = {}
    for coding in ("gzip", "identity"):
        answer = await bearer.get(post, headers={"Accept-Encoding": coding})
        assert answer.json()["body"] == LONG["body"].strip()
        assert answer.headers.get("content-encoding", "identity") == coding
        assert "Accept-Encoding" in answer.headers["vary"]
        tags[coding] = answer.headers["etag"]
    assert tags["gzip"] != tags["identity"]
    for tag in tags.values():
        again = await bearer.get(post, headers={"If-None-Match": tag})
        assert (again.status_code, again.headers["etag"]) == (304, tag)
        kept = await bearer.put(post, json=LONG, headers={"If-Match": tag})
        assert kept.status_code == 200


async def test_gzip_is_what_it_says(bearer: Client, post: str) -> None:
    request = bearer.build_request("GET", post, headers={"Accept-Encoding": "gzip"})
    answer = await bearer.send(request, stream=True)
    raw = b"".join([part async for part in answer.aiter_raw()])
    assert b'"body":"word word' in gzip.decompress(raw)
    assert int(answer.headers["content-length"]) == len(raw)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_post_changes_only_if_it_is_the_one_that_was_read(
    bearer: Client, post: str, method: str
) -> None:
    tag = (await bearer.get(post)).headers["etag"]
    body = None if method == "DELETE" else {"body": f"by {method}"}
    for other in ('"other"', f"W/{tag}", "", "other"):
        answer = await bearer.request(method, post, json=body, headers={"If-Match": other})
        assert_problem(answer, 412)
    assert (await bearer.get(post)).headers["etag"] == tag
    wanted = f'"other", {tag}'
    done = await bearer.request(method, post, json=body, headers={"If-Match": wanted})
    assert done.status_code == (204 if method == "DELETE" else 200)
    if method != "DELETE":
        assert (await bearer.get(post)).headers["etag"] == done.headers["etag"]


async def test_a_star_matches_whatever_there_is(bearer: Client, post: str) -> None:
    headers = {"If-Match": "*"}
    assert (await bearer.put(post, json={"body": "x"}, headers=headers)).status_code == 200
    assert_problem(await bearer.put("/posts/4711", json={"body": "x"}, headers=headers), 404)


async def test_a_change_of_nothing_is_one_only_of_what_was_read(bearer: Client, post: str) -> None:
    assert (await bearer.patch(post, json={})).status_code == 200
    assert_problem(await bearer.patch(post, json={}, headers={"If-Match": '"other"'}), 412)


async def test_comments_and_profiles_are_compared_too(bearer: Client, post: str) -> None:
    comment = (await bearer.post(f"{post}/comments/", json={"body": "x"})).json()["url"]
    for address, body in ((comment, {"body": "y"}), ("/me", {"name": "Susan"})):
        tag = (await bearer.get(address)).headers["etag"]
        refused = await bearer.patch(address, json=body, headers={"If-Match": '"other"'})
        assert_problem(refused, 412)
        done = await bearer.patch(address, json=body, headers={"If-Match": tag})
        assert done.status_code == 200
        again = await bearer.patch(address, json=body, headers={"If-Match": tag})
        assert_problem(again, 412)
    refused = await bearer.delete(comment, headers={"If-Match": '"other"'})
    assert_problem(refused, 412)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_if_none_match_star_does_not_replace_a_resource(
    bearer: Client, post: str, method: str
) -> None:
    body = None if method == "DELETE" else {"body": "another"}
    tag = (await bearer.get(post)).headers["etag"]
    for named in ("*", tag, f"W/{tag}"):
        answer = await bearer.request(method, post, json=body, headers={"If-None-Match": named})
        assert_problem(answer, 412)
    assert (await bearer.get(post)).headers["etag"] == tag
    answer = await bearer.request(method, post, json=body, headers={"If-None-Match": '"other"'})
    assert answer.is_success
    missing = await bearer.request(method, "/posts/4711", json=body, headers={"If-None-Match": "*"})
    assert_problem(missing, 404)


async def test_being_seen_does_not_make_ones_own_profile_another(
    bearer: Client, db: AsyncSession
) -> None:
    tag = (await bearer.get("/me")).headers["etag"]
    await db.execute(update(User).values(last_seen_at=now() - timedelta(minutes=2)))
    await db.commit()
    answer = await bearer.patch("/me", json={"name": "Susan"}, headers={"If-Match": tag})
    assert answer.status_code == 200


@pytest.mark.parametrize("address", ["post", "/me"])
async def test_of_writers_who_have_read_the_same_one_wins(
    bearer: Client, post: str, address: str
) -> None:
    address = post if address == "post" else address
    tag = (await bearer.get(address)).headers["etag"]
    field = "name" if address == "/me" else "body"
    answers = await asyncio.gather(
        *(
            bearer.patch(address, json={field: f"text {number}"}, headers={"If-Match": tag})
            for number in range(20)
        )
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [412] * 19
    (winner,) = (answer for answer in answers if answer.status_code == 200)
    assert (await bearer.get(address)).json()[field] == winner.json()[field]
