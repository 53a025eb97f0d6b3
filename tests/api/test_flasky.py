"""What the clients of Flasky do, in the order in which Flasky's own tests try it.

Nobody may read without saying who they are, as in Flasky. Each is tried in both versions.
"""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Comment, Post
from tests.api.support import Client
from tests.support import PASSWORD, add_user

JSON = {"Accept": "application/json", "Content-Type": "application/json"}
SUSAN, DAVID = ("susan@example.com", PASSWORD), ("david@example.com", PASSWORD)


@pytest.fixture(params=["v1", "v1.0"])
async def flasky(
    app: Broadside, closed_app: Broadside, request: pytest.FixtureRequest
) -> AsyncIterator[Client]:
    """A client that sends Flasky's headers with everything, also where there is no body."""
    await add_user(app, "susan")
    await add_user(app, "david")
    async with Client(closed_app, request.param, headers=JSON) as client:
        yield client


async def test_a_wrong_address_is_404_with_an_error(flasky: Client) -> None:
    answer = await flasky.get("/wrong/url", auth=SUSAN)
    assert (answer.status_code, answer.json()["error"]) == (404, "not found")


async def test_without_credentials_or_with_wrong_ones_there_is_nothing(flasky: Client) -> None:
    assert (await flasky.get("/posts/")).status_code == 401
    assert (await flasky.get("/posts/", auth=(SUSAN[0], "dog"))).status_code == 401
    assert (await flasky.get("/posts/", auth=("", ""))).status_code == 401


async def test_a_token_works_in_the_place_of_the_password_and_makes_no_other(
    flasky: Client,
) -> None:
    assert (await flasky.get("/posts/", auth=("bad-token", ""))).status_code == 401
    for headers, body in ((JSON, None), (JSON, b""), ({"Content-Type": ""}, None)):
        issued = await flasky.post("/tokens/", auth=SUSAN, headers=headers, content=body)
        assert issued.status_code == 200, issued.text
        assert set(issued.json()) == {"token", "expiration"}
        assert issued.json()["expiration"] == 3600
        token = issued.json()["token"], ""
        assert (await flasky.get("/posts/", auth=token)).status_code == 200
        assert (await flasky.post("/tokens/", auth=token)).status_code == 401
    assert (await flasky.post("/tokens/")).status_code == 401
    assert (await flasky.post("/tokens/", auth=(SUSAN[0], "dog"))).status_code == 401


async def test_a_body_names_the_token(flasky: Client) -> None:
    named = await flasky.post("/tokens/", auth=SUSAN, json={"name": "backup", "scopes": ["read"]})
    assert (named.status_code, named.json()["name"]) == (201, "backup")
    assert (await flasky.post("/tokens/", auth=SUSAN, json={})).status_code == 201
    assert (await flasky.post("/tokens/", auth=SUSAN, json=[])).status_code == 422


async def test_an_account_that_is_not_confirmed_gets_nothing(
    app: Broadside, flasky: Client
) -> None:
    await add_user(app, "john", confirmed=False)
    answer = await flasky.get("/posts/", auth=("john@example.com", PASSWORD))
    assert answer.status_code == 403


async def test_posts_are_written_read_and_edited(flasky: Client) -> None:
    refused = await flasky.post("/posts/", auth=SUSAN, json={"body": ""})
    assert refused.status_code == 400

    text = "body of the *blog* post"
    made = await flasky.post("/posts/", auth=SUSAN, json={"body": text})
    assert made.status_code == 201
    address = made.headers["location"]
    shown = (await flasky.get(address, auth=SUSAN)).json()
    assert shown["url"] == address
    assert shown["body"] == text
    assert shown["body_html"] == "<p>body of the <em>blog</em> post</p>"

    author = (await flasky.get(shown["author_url"], auth=SUSAN)).json()
    for way in (author["posts_url"], author["followed_posts_url"], "/posts/"):
        part = (await flasky.get(way, auth=SUSAN)).json()
        assert part["count"] == 1
        assert part["posts"] == [shown]

    edited = await flasky.put(address, auth=SUSAN, json={"body": "updated body"})
    assert edited.status_code == 200
    assert edited.json()["url"] == address
    assert edited.json()["body_html"] == "<p>updated body</p>"
    assert (await flasky.put(address, auth=DAVID, json={"body": "mine"})).status_code == 403


async def test_people_are_shown(flasky: Client) -> None:
    for number, name in ((1, "susan"), (2, "david")):
        shown = await flasky.get(f"/users/{number}", auth=SUSAN)
        assert (shown.status_code, shown.json()["username"]) == (200, name)


async def test_comments_are_written_and_read(flasky: Client) -> None:
    post = (await flasky.post("/posts/", auth=SUSAN, json={"body": "a post"})).json()
    ways = {}
    for who, text in ((DAVID, "Good [post](https://example.com)!"), (SUSAN, "Thank you!")):
        made = await flasky.post(post["comments_url"], auth=who, json={"body": text})
        assert made.status_code == 201
        assert made.json()["body"] == text
        assert not made.json()["body_html"].endswith("\n")
        ways[made.headers["location"]] = made.json()
    for address, comment in ways.items():
        assert (await flasky.get(address, auth=SUSAN)).json() == comment
    under_post = (await flasky.get(post["comments_url"], auth=SUSAN)).json()
    assert (under_post["count"], under_post["comments"]) == (2, list(ways.values()))
    everybodys = (await flasky.get("/comments/", auth=SUSAN)).json()
    assert [comment["url"] for comment in everybodys["comments"]] == list(ways)[::-1]


async def test_html_of_an_older_renderer_is_shown_alike(
    app: Broadside, flasky: Client, db: AsyncSession
) -> None:
    address = (await flasky.post("/posts/", auth=SUSAN, json={"body": "x"})).json()["url"]
    comment = (await flasky.post(f"{address}/comments/", auth=SUSAN, json={"body": "x"})).json()
    for table in (Post, Comment):
        await db.execute(update(table).values(body_html="<p>x</p>\n"))
    await db.commit()
    for way in (address, comment["url"]):
        assert (await flasky.get(way, auth=SUSAN)).json()["body_html"] == "<p>x</p>"
