"""Drafts, scheduled posts, publication and what undoes it, by the API."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.events import log
from blog.core.web.app import Broadside
from blog.models import Post, User
from blog.posts.counts import KEPT_COUNTS, wrong_counts
from blog.posts.publication import publish_due_posts
from tests.api.support import Client, add_token, assert_problem
from tests.posts.test_fields import ARTICLE, changed, made, writer

__all__ = ["writer"]

MakeUser = Callable[..., Awaitable[User]]
EXACT = {kept.name: 0 for kept in KEPT_COUNTS}
LISBON = ZoneInfo("Europe/Lisbon")


def in_lisbon(**later: int) -> dict[str, str]:
    """The fields of a schedule, so much later than now."""
    wall = datetime.now(LISBON) + timedelta(**later)
    return {"scheduled_for": f"{wall:%Y-%m-%dT%H:%M}", "time_zone": "Europe/Lisbon"}


async def happened(db: AsyncSession) -> list[str]:
    return [entry.kind for entry in await log.read(db, None, 100)]


@pytest.fixture
async def davids(app: Broadside, make_user: MakeUser) -> AsyncIterator[Client]:
    """Somebody else's client."""
    async with Client(app, token=await add_token(app, await make_user("david"))) as client:
        yield client


async def listed(client: Client, address: str = "/posts/") -> list[int]:
    return [post["id"] for post in (await client.get(address)).json()["posts"]]


async def test_a_draft_is_its_authors_until_it_is_published(
    writer: Client, davids: Client, db: AsyncSession
) -> None:
    draft = await made(writer, status="draft", **ARTICLE)
    assert (draft["status"], draft["published_at"]) == ("draft", None)
    assert await listed(davids) == await listed(writer) == []
    assert_problem(await davids.get(draft["url"]), 404)
    assert await listed(writer, "/me/drafts/") == [1]
    assert await listed(davids, "/me/drafts/") == []
    draft = await changed(writer, draft, body="Better.", title="Another title")
    assert draft["slug"] == "another-title"
    # What is done to a draft is told to nobody.
    assert await happened(db) == []
    post = await changed(writer, draft, status="published")
    assert post["status"] == "published"
    assert post["published_at"] == post["timestamp"]
    assert post["edited_at"] is None
    assert await listed(davids) == [1]
    assert await listed(writer, "/me/drafts/") == []
    assert await happened(db) == ["PostPublished"]
    assert await wrong_counts(db) == EXACT


async def test_a_post_that_is_taken_back_and_published_again_keeps_its_time(
    writer: Client, davids: Client, db: AsyncSession
) -> None:
    first, second = await made(writer, title="First"), await made(writer, title="Second")
    taken = await changed(writer, first, status="draft")
    assert (taken["status"], taken["published_at"]) == ("draft", first["published_at"])
    assert await listed(davids) == [second["id"]]
    assert_problem(await davids.get(first["url"]), 404)
    again = await changed(writer, taken, status="published")
    assert again["published_at"] == first["published_at"]
    assert again["edited_at"] is None
    assert await listed(davids) == [second["id"], first["id"]]
    published = ["PostPublished"] * 2
    assert await happened(db) == [*published, "PostUnpublished", "PostPublished"]
    assert await wrong_counts(db) == EXACT


async def test_a_correction_of_a_post_that_was_taken_back_is_marked(writer: Client) -> None:
    post = await changed(writer, await made(writer), status="draft")
    post = await changed(writer, post, body="Better.")
    assert (await changed(writer, post, status="published"))["edited_at"] is not None


async def test_text_and_status_change_together(writer: Client, db: AsyncSession) -> None:
    draft = await made(writer, status="draft")
    post = await changed(writer, draft, status="published", body="Better.", tags=["a"])
    assert (post["body"], post["tags"], post["edited_at"]) == ("Better.", ["a"], None)
    assert await happened(db) == ["PostPublished"]


async def test_to_say_what_is_so_already_changes_nothing(writer: Client, db: AsyncSession) -> None:
    for fields in ({"status": "published"}, {"status": "draft"}, in_lisbon(hours=1)):
        post = await made(writer, **fields)
        before = await happened(db)
        assert await changed(writer, post, **fields) == post
        assert await happened(db) == before


async def test_a_scheduled_post_is_published_once_at_its_time_also_late(
    app: Broadside, writer: Client, davids: Client, db: AsyncSession
) -> None:
    post = await made(writer, **in_lisbon(hours=1), title="Soon")
    assert post["status"] == "scheduled"
    assert post | in_lisbon(hours=1) == post
    moment = datetime.fromisoformat(post["published_at"])
    assert moment == (now() + timedelta(hours=1)).replace(second=0, microsecond=0)
    assert await listed(davids) == []
    assert await listed(writer, "/me/drafts/") == [1]
    assert await publish_due_posts(db, moment - timedelta(seconds=1)) == 0

    async def work() -> int:
        async with app.database.session() as session:
            return await publish_due_posts(session, moment + timedelta(days=1))

    assert sum(await asyncio.gather(work(), work(), work())) == 1
    post = (await davids.get(post["url"])).json()
    assert datetime.fromisoformat(post["published_at"]) == moment
    assert (post["status"], post["scheduled_for"], post["time_zone"]) == ("published", None, None)
    assert post["edited_at"] is None
    assert await happened(db) == ["PostPublished"]
    assert await wrong_counts(db) == EXACT


async def test_a_schedule_is_moved_given_up_and_overtaken(writer: Client, db: AsyncSession) -> None:
    post = await made(writer, **in_lisbon(hours=1))
    moved = await changed(writer, post, scheduled_for=in_lisbon(hours=3)["scheduled_for"])
    difference = datetime.fromisoformat(moved["published_at"]) - datetime.fromisoformat(
        post["published_at"]
    )
    assert difference == timedelta(hours=2)
    tokyo = await changed(writer, moved, time_zone="Asia/Tokyo", scheduled_for="2030-01-01T00:00")
    assert tokyo["published_at"] == "2029-12-31T15:00:00Z"
    draft = await changed(writer, tokyo, status="draft")
    times = ("published_at", "scheduled_for", "time_zone")
    assert [draft[name] for name in times] == [None, None, None]
    post = await changed(writer, draft, status="scheduled", **in_lisbon(hours=1))
    published = await changed(writer, post, status="published")
    assert datetime.fromisoformat(published["published_at"]) <= datetime.now(UTC)
    assert [published[name] for name in times[1:]] == [None, None]
    assert await happened(db) == ["PostPublished"]


async def test_a_published_post_can_be_scheduled_anew(
    writer: Client, davids: Client, db: AsyncSession
) -> None:
    post = await made(writer)
    later = await changed(writer, post, **in_lisbon(hours=1))
    assert (later["status"], await listed(davids)) == ("scheduled", [])
    assert await happened(db) == ["PostPublished", "PostUnpublished"]
    assert await wrong_counts(db) == EXACT


async def test_a_scheduled_post_whose_time_has_come_can_still_be_edited(
    writer: Client, db: AsyncSession
) -> None:
    post = await made(writer, **in_lisbon(hours=1))
    await db.execute(update(Post).values(published_at=now() - timedelta(minutes=1)))
    await db.commit()
    edited = await changed(writer, post, body="In the last minute.", status="scheduled")
    assert edited["status"] == "scheduled"


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"status": "scheduled"}, "scheduled_for", "date and time"),
    ({"status": "scheduled", "time_zone": "Europe/Lisbon"}, "scheduled_for", "date and time"),
    ({"scheduled_for": "2030-01-01T00:00"}, "time_zone", "time zone"),
    ({"scheduled_for": "2030-01-01T00:00", "time_zone": "Mars/Olympus"}, "time_zone", "time zone"),
    ({"scheduled_for": "soon", "time_zone": "UTC"}, "scheduled_for", "date and time"),
    ({"scheduled_for": 1, "time_zone": "UTC"}, "scheduled_for", "date and time"),
    ({"scheduled_for": "9999-12-31T23:59", "time_zone": "America/Lima"}, "scheduled_for", "ten"),
    ({"scheduled_for": "0001-01-01T00:00", "time_zone": "Asia/Tokyo"}, "scheduled_for", "past"),
    (in_lisbon(minutes=-1), "scheduled_for", "past"),
    (in_lisbon(days=-400), "scheduled_for", "past"),
    (
        {"scheduled_for": "2028-03-26T02:30", "time_zone": "Europe/Berlin"},
        "scheduled_for", "clocks go forward",
    ),
    ({"status": "published", **in_lisbon(hours=1)}, "scheduled_for", "Only a scheduled post"),
    ({"status": "draft", **in_lisbon(hours=1)}, "scheduled_for", "Only a scheduled post"),
    ({"status": "hidden"}, "status", "should be 'draft', 'scheduled' or 'published'"),
    ({"status": 1}, "status", ""),
    ({"status": 0}, "status", ""),
    ({"status": ""}, "status", ""),
    ({"status": []}, "status", ""),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "field", "words"), WRONG)
async def test_a_schedule_that_cannot_be_is_refused_beside_the_field(
    writer: Client, fields: dict[str, Any], field: str, words: str
) -> None:
    draft = await made(writer, status="draft")
    for answer in (
        await writer.post("/posts/", json={"body": "y"} | fields),
        await writer.patch(draft["url"], json=fields),
    ):
        [error] = assert_problem(answer, 422)["errors"]
        assert error["field"] == field
        assert words in error["message"]
    assert (await writer.get("/me/drafts/")).json()["posts"] == [draft]


async def test_of_a_time_that_comes_twice_the_first_is_taken(writer: Client) -> None:
    post = await made(writer, scheduled_for="2028-10-29T02:30", time_zone="Europe/Berlin")
    assert post["published_at"] == "2028-10-29T00:30:00Z"
    assert post["scheduled_for"] == "2028-10-29T02:30"


async def test_only_its_author_publishes_schedules_and_pins_a_post(
    app: Broadside, writer: Client, make_user: MakeUser
) -> None:
    post = await made(writer, status="published")
    admin = await make_user("root", role="Administrator")
    async with Client(app, token=await add_token(app, admin)) as client:
        for fields in ({"status": "draft"}, in_lisbon(hours=1), {"pinned": True}):
            problem = assert_problem(await client.patch(post["url"], json=fields), 403)
            assert "Only the author" in problem["detail"]
        answer = await client.patch(post["url"], json={"body": "y", "status": "published"})
        assert answer.status_code == 200


async def test_of_two_who_publish_at_the_same_moment_one_tells(
    writer: Client, db: AsyncSession
) -> None:
    draft = await made(writer, status="draft")
    body = {"status": "published"}
    answers = await asyncio.gather(*(writer.patch(draft["url"], json=body) for _ in range(5)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["published_at"] for answer in answers}) == 1
    assert await happened(db) == ["PostPublished"]
    assert await wrong_counts(db) == EXACT


async def test_a_draft_that_is_deleted_is_told_to_nobody(writer: Client, db: AsyncSession) -> None:
    draft = await made(writer, status="draft")
    assert (await writer.delete(draft["url"])).status_code == 204
    assert await happened(db) == []
    assert await db.scalar(select(func.count()).select_from(Post)) == 0


async def test_drafts_come_by_cursor_the_last_changed_first(writer: Client) -> None:
    drafts = [await made(writer, status="draft", body=f"Draft {number}") for number in range(7)]
    await made(writer)
    scheduled = await made(writer, **in_lisbon(hours=1))
    await changed(writer, drafts[2], tags=["a"])
    order = [drafts[2]["id"], scheduled["id"], *(drafts[n]["id"] for n in (6, 5, 4, 3, 1, 0))]
    found = await writer.all_of("/me/drafts/?per_page=3", "posts")
    assert [post["id"] for post in found] == order
    part = (await writer.get("/me/drafts/?per_page=3")).json()
    assert (part["count"], part["prev"]) == (8, None)
    some = (await writer.get("/me/drafts/?fields=id,status")).json()["posts"]
    assert some[1] == {"id": scheduled["id"], "status": "scheduled"}
    assert_problem(await writer.get("/me/drafts/?cursor=wrong"), 422)


async def test_a_page_of_drafts_ends_where_the_texts_are_long(writer: Client) -> None:
    for _ in range(12):
        await made(writer, status="draft", body="word " * 12_000)
    part = (await writer.get("/me/drafts/")).json()
    assert 1 <= len(part["posts"]) < 12
    assert len(await writer.all_of("/me/drafts/", "posts")) == 12


async def test_a_note_goes_on_being_written_in_one_statement_with_others(
    writer: Client, db: AsyncSession
) -> None:
    """Batches hold no transaction; what needs one must not keep notes from them."""
    answer = await writer.post("/posts/", json={"body": "x", "tags": [], "title": ""})
    plain = await writer.post("/posts/", json={"body": "x"})
    assert answer.json() | {"id": 2, "timestamp": ""} | {
        name: plain.json()[name] for name in ("url", "id", "timestamp", "published_at", "html_url",
                                              "comments_url", "revisions_url")
    } == plain.json()  # fmt: skip


async def test_at_most_three_posts_are_pinned(writer: Client) -> None:
    posts = [await made(writer, title=f"Post {number}") for number in range(5)]
    for post in posts[:3]:
        assert (await changed(writer, post, pinned=True))["pinned"] is True
    for answer in (
        await writer.patch(posts[3]["url"], json={"pinned": True}),
        await writer.post("/posts/", json={"body": "x", "pinned": True}),
    ):
        [error] = assert_problem(answer, 422)["errors"]
        assert (error["field"], "up to 3" in error["message"]) == ("pinned", True)
    await changed(writer, posts[0], pinned=False)
    answers = await asyncio.gather(
        *(writer.patch(post["url"], json={"pinned": True}) for post in (posts[3], posts[4]))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 422]


async def test_the_index_of_drafts_answers_for_one_person(db: AsyncSession) -> None:
    # What a table that was just emptied costs is chance, but only this index has the order.
    for other_way in ("seqscan", "bitmapscan", "sort"):
        await db.execute(text(f"SET LOCAL enable_{other_way} = off"))
    plan = await db.execute(text(
        "EXPLAIN SELECT id FROM posts WHERE author_id = 1 AND status <> 'published'"
        " AND hidden_at IS NULL ORDER BY coalesce(edited_at, created_at) DESC, id DESC LIMIT 21"
    ))  # fmt: skip
    assert "ix_posts_unpublished_of_author" in "\n".join(row[0] for row in plan)
