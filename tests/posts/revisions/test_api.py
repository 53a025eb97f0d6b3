"""The history of a post in the API."""

from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import PostRevision
from tests.api.support import Client, assert_problem
from tests.posts.test_fields import ARTICLE, changed, made

LIST = "/posts/1/revisions/"


@pytest.fixture
async def post(writer: Client) -> dict[str, Any]:
    """A post of two texts."""
    return await changed(writer, await made(writer, **ARTICLE), body="Better.", tags=["rails"])


async def test_a_post_tells_the_number_of_its_text_and_where_the_others_are(
    post: dict[str, Any], writer: Client
) -> None:
    assert post["revision"] == 2
    assert post["revisions_url"] == f"https://blog.test/api/v1{LIST}"
    listed = (await writer.get("/posts/")).json()["posts"]
    assert listed == [post]
    note, draft = await made(writer), await made(writer, status="draft")
    assert (note["revision"], draft["revision"]) == (1, 0)
    assert (await writer.get(draft["revisions_url"])).json()["count"] == 0


async def test_the_list_has_no_texts_and_each_revision_has_its_own(
    post: dict[str, Any], writer: Client, app: Broadside
) -> None:
    async with Client(app) as anybody:
        listed = (await anybody.get(LIST)).json()
        newest, first = listed["revisions"]
        assert listed["count"] == 2
        assert "body" not in first
        assert (newest["number"], newest["editor"]) == (2, "susan")
        assert newest["changed"] == ["body", "tags"]
        assert (newest["words_added"], newest["words_removed"]) == (1, 602)
        assert newest["timestamp"] == post["edited_at"]
        assert newest["html_url"] == "https://blog.test/post/1/revisions/2"
        for summary in (newest, first):
            whole = (await anybody.get(summary["url"])).json()
            assert summary.items() <= whole.items()
        assert whole["body"] == ARTICLE["body"].strip()
        assert (whole["title"], whole["tags"]) == (ARTICLE["title"], ["Trams", "public transport"])
        assert (whole["language"], whole["excerpt"]) == ("pt-BR", "About waiting.")


async def test_a_revision_is_restored_by_sending_its_fields(
    post: dict[str, Any], writer: Client
) -> None:
    first = (await writer.get(f"{LIST}1")).json()
    names = ("title", "body", "tags", "language", "excerpt")
    restored = await changed(writer, post, **{name: first[name] for name in names})
    assert restored["revision"] == 3
    third = (await writer.get(f"{LIST}3")).json()
    assert {name: third[name] for name in names} == {name: first[name] for name in names}


async def test_a_hidden_revision_is_gone_for_others(
    post: dict[str, Any], writer: Client, administrator: Client, app: Broadside, db: AsyncSession
) -> None:
    hidden = update(PostRevision).where(PostRevision.number == 1).values(hidden_at=now())
    await db.execute(hidden)
    await db.commit()
    async with Client(app) as anybody:
        assert_problem(await anybody.get(f"{LIST}1"), 410)
        first = (await anybody.get(LIST)).json()["revisions"][1]
        assert (first["hidden"], first["timestamp"], first["editor"]) == (True, None, None)
    for reader in (writer, administrator):
        answer = await reader.get(f"{LIST}1")
        assert (answer.status_code, answer.json()["hidden"]) == (200, True)
    await db.execute(hidden.values(is_hidden_by_moderator=True))
    await db.commit()
    assert_problem(await writer.get(f"{LIST}1"), 410)
    assert (await administrator.get(f"{LIST}1")).status_code == 200


async def test_numbers_that_never_were_are_not_found(post: dict[str, Any], writer: Client) -> None:
    for number in (3, 2**31, 2**63 - 1):
        assert_problem(await writer.get(f"{LIST}{number}"), 404)
    for query in ("page=2&per_page=2", "page=1&per_page=1", "cursor="):
        assert (await writer.get(f"{LIST}?{query}")).status_code == 200
    assert (await writer.get(f"{LIST}?page=0")).status_code == 422
