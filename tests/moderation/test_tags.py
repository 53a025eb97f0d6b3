"""Moderators rename, merge and block tags."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from blog.core.web.app import Broadside
from blog.models import AuditEntry, Job, Post, PostTag, Tag, TagFollow, User
from blog.moderation.jobs import MOVE_TAGGED_POSTS, ROWS_AT_ONCE, _move_batch
from blog.posts.bulk import ids_of_tags
from blog.posts.counts import KEPT_COUNTS, wrong_counts
from tests.api.support import Client, add_token, assert_problem
from tests.databases import wait_for_a_lock
from tests.jobs import at_work, finish_jobs
from tests.servers import until
from tests.support import Browser
from tests.tags.test_tags import add_tagged, write

MakeUser = Callable[..., Awaitable[User]]
NOTHING = {kept.name: 0 for kept in KEPT_COUNTS}


@pytest.fixture
async def writer(app: Broadside, susan: User) -> AsyncIterator[Client]:
    """A client with Susan's token."""
    async with Client(app, token=await add_token(app, susan)) as client:
        yield client


@pytest.fixture
async def maud(app: Broadside, make_user: MakeUser) -> AsyncIterator[Browser]:
    """A browser of a moderator."""
    await make_user("maud", role="Moderator")
    async with Browser(app) as browser:
        await browser.open_session("maud")
        yield browser


async def act(maud: Browser, tag: str, action: str, **values: str) -> str:
    """Do something with a tag; where that leads."""
    address = f"/moderate/tags/{tag}/{action}"
    answer = await maud.submit(address, {"reason": "Tidier", **values})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


async def moved(app: Broadside, db: AsyncSession) -> None:
    """Let the posts of merged tags be moved."""

    async def is_done() -> bool:
        return await db.scalar(select(Job.id).where(Job.kind == MOVE_TAGGED_POSTS.name)) is None

    async with at_work(app, MOVE_TAGGED_POSTS):
        await until(is_done)


async def names_of(client: Client) -> dict[str, int]:
    """The tags that are listed, with their numbers of posts."""
    tags = (await client.get("/tags/")).json()
    assert tags["count"] == len(tags["tags"])
    return {tag["name"]: tag["post_count"] for tag in tags["tags"]}


async def test_a_renamed_tag_keeps_its_posts_and_its_old_address_leads_to_it(
    app: Broadside, maud: Browser, writer: Client, browser: Browser, db: AsyncSession
) -> None:
    post = await write(writer, "Tramms")
    assert await act(maud, "tramms", "rename", name="Trams") == "/tag/trams"
    await finish_jobs(app, "index_renamed_tag")
    for name, count in (("trams", 1), ("tramms", 0)):
        found = (await browser.get("/api/v1/search/", params={"q": name})).json()
        assert (found["tags"], found["count"]) == (["Trams"], count), name
    answer = await browser.get("/tag/tramms")
    assert (answer.status_code, answer.headers["location"]) == (301, "/tag/trams")
    assert (await writer.get(post["url"])).json()["tags"] == ["Trams"]
    # The old name means the new one.
    other = await write(writer, "tramms", "TRAMS")
    assert other["tags"] == ["Trams"]
    assert await names_of(writer) == {"Trams": 2}
    entry = (await db.scalars(select(AuditEntry))).one()
    assert (entry.actor_name, entry.act) == ("maud", "rename tag")
    assert entry.details == {"tag": ["Tramms", "Trams"], "reason": "Tidier"}
    # Only the spelling; and back to the first name.
    assert await act(maud, "trams", "rename", name="TRAMS") == "/tag/trams"
    assert await act(maud, "trams", "rename", name="Tramms") == "/tag/tramms"
    answer = await browser.get("/tag/trams")
    assert (answer.status_code, answer.headers["location"]) == (301, "/tag/tramms")
    assert await names_of(writer) == {"Tramms": 2}


async def test_a_merged_tag_gives_its_posts_and_followers_to_the_other(
    app: Broadside, maud: Browser, writer: Client, browser: Browser, db: AsyncSession,
    make_user: MakeUser,
) -> None:  # fmt: skip
    david = await make_user("david")
    await add_tagged(db, david, "trams", ROWS_AT_ONCE + 5)
    both = await write(writer, "trams", "streetcars", "Lisbon")
    await write(writer, "streetcars")
    ids = {tag.name: tag.id for tag in await db.scalars(select(Tag))}
    db.add_all([TagFollow(user_id=david.id, tag_id=ids["trams"]),
                TagFollow(user_id=david.id, tag_id=ids["streetcars"]),
                TagFollow(user_id=(await make_user("lena")).id, tag_id=ids["trams"])])  # fmt: skip
    await db.commit()
    assert await act(maud, "trams", "merge", name="StreetCars") == "/tag/streetcars"
    assert (await browser.get("/tag/trams")).headers["location"] == "/tag/streetcars"
    assert (await write(writer, "trams"))["tags"] == ["streetcars"]
    await moved(app, db)
    assert await names_of(writer) == {"streetcars": ROWS_AT_ONCE + 8, "Lisbon": 1}
    assert (await writer.get(both["url"])).json()["tags"] == ["streetcars", "Lisbon"]
    follows = await db.scalars(select(TagFollow.tag_id))
    assert list(follows) == [ids["streetcars"]] * 2
    assert await wrong_counts(db) == NOTHING
    found = (await writer.get("/search/?q=tag:trams")).json()
    assert found["count"] == ROWS_AT_ONCE + 8
    # What was merged into it goes along.
    await act(maud, "streetcars", "merge", name="lisbon")
    await moved(app, db)
    assert (await browser.get("/tag/trams")).headers["location"] == "/tag/lisbon"
    assert await names_of(writer) == {"Lisbon": ROWS_AT_ONCE + 8}


async def test_a_blocked_tag_is_shown_nowhere_and_cannot_be_added(
    maud: Browser, writer: Client, browser: Browser, susans_browser: Browser, db: AsyncSession
) -> None:
    post = await write(writer, "rude", "kind")
    await susans_browser.submit("/tag/rude/follow", page="/tag/rude")
    assert await act(maud, "rude", "block") == "/moderate/tags"
    assert (await browser.get("/tag/rude")).status_code == 404
    for address in ("/", "/tags", "/tags?order=name", post["html_url"], "/search?q=rude"):
        assert "/tag/rude" not in (await browser.get(address)).text, address
    assert await names_of(writer) == {"kind": 1}
    assert await wrong_counts(db) == NOTHING
    assert (await writer.get(post["url"])).json()["tags"] == ["kind"]
    answer = await writer.post("/posts/", json={"body": "x", "tags": ["Rude"]})
    assert_problem(answer, 422)
    assert "Moderators have blocked the tag “Rude”" in answer.json()["detail"]
    refused = await susans_browser.submit(
        "/write", {"body": "Kept words", "tags": "RUDE", "publish": "1"}
    )
    assert refused.status_code == 422
    assert "Kept words" in refused.text
    assert set(await ids_of_tags(db, [["rude", "kind"], ["rude"]])) == {"kind"}
    await db.rollback()
    # Editing something else keeps it.
    await writer.patch(post["url"], json={"body": "Other words"})
    assert "rude" in (await maud.get("/moderate/tags")).text
    await act(maud, "rude", "unblock")
    assert (await writer.get(post["url"])).json()["tags"] == ["rude", "kind"]
    assert await names_of(writer) == {"kind": 1, "rude": 1}
    assert await wrong_counts(db) == NOTHING
    acts = [entry.act for entry in await db.scalars(select(AuditEntry).order_by(AuditEntry.id))]
    assert acts == ["block tag", "unblock tag"]


async def test_posts_of_a_blocked_tag_do_not_come_into_the_followed_tab(
    maud: Browser, susans_browser: Browser, db: AsyncSession, make_user: MakeUser
) -> None:
    await add_tagged(db, await make_user("david"), "rude", 1)
    await susans_browser.submit("/tag/rude/follow", page="/tag/rude")
    await susans_browser.get("/followed")
    assert "Post 1" in (await susans_browser.get("/")).text
    await act(maud, "rude", "block")
    assert "Post 1" not in (await susans_browser.get("/")).text


@pytest.mark.parametrize(
    ("action", "values", "message"),
    [
        ("rename", {"name": "OTHER"}, "already a tag with this name"),
        ("rename", {"name": " "}, "fill in"),
        ("rename", {"name": "a, b"}, "comma"),
        ("rename", {"name": "x" * 51}, "shorten"),
        ("rename", {"name": "other", "reason": ""}, "fill in"),
        ("merge", {"name": "nothing"}, "No tag has this name."),
        ("merge", {"name": "TRAMS"}, "This is the same tag."),
        ("merge", {"name": "blocked"}, "This tag is blocked."),
        ("block", {"reason": " "}, "fill in"),
    ],
)
async def test_a_wrong_form_comes_back_with_what_was_typed(
    maud: Browser, writer: Client, action: str, values: dict[str, Any], message: str
) -> None:
    for name in ("trams", "other", "blocked"):
        await write(writer, name)
    await act(maud, "blocked", "block")
    typed = {"reason": "My reason", **values}
    answer = await maud.submit(f"/moderate/tags/trams/{action}", typed)
    assert answer.status_code == 422
    assert message in answer.text
    for value in typed.values():
        assert value.strip() in answer.text


async def test_a_tag_that_only_drafts_have_is_not_there_for_moderators_either(
    maud: Browser, writer: Client
) -> None:
    await write(writer, "secret", status="draft")
    for action in ("rename", "merge", "block", "unblock"):
        assert (await maud.get(f"/moderate/tags/secret/{action}")).status_code == 404
    page = (await maud.get("/moderate/tags")).text
    assert "secret" not in page


async def chains(db: AsyncSession) -> list[Any]:
    """The merged tags that lead to a merged tag, and what merged tags still have."""
    await db.rollback()
    other = aliased(Tag)
    is_merged = Tag.merged_into_id.is_not(None)
    queries = (
        select(Tag.name).join(other, other.id == Tag.merged_into_id)
        .where(other.merged_into_id.is_not(None)),
        select(Tag.name).join(PostTag, PostTag.tag_id == Tag.id).where(is_merged),
        select(Tag.name).join(TagFollow, TagFollow.tag_id == Tag.id).where(is_merged),
    )  # fmt: skip
    return [name for query in queries for name in await db.scalars(query)]


async def test_merges_at_the_same_time_leave_no_chain_of_merged_tags(
    app: Broadside, maud: Browser, writer: Client, db: AsyncSession
) -> None:
    await write(writer, "one", "alias", "two", "three")
    await act(maud, "alias", "merge", name="two")
    await moved(app, db)
    # The first merge waits for the old name, the second one for its row as well.
    async with app.database.session() as other:
        await other.execute(select(Tag.id).where(Tag.name == "alias").with_for_update())
        first = asyncio.create_task(act(maud, "one", "merge", name="alias"))
        await wait_for_a_lock(app.database, 1)
        second = asyncio.create_task(act(maud, "two", "merge", name="three"))
        await wait_for_a_lock(app.database, 2)
        await other.rollback()
    await asyncio.gather(first, second)
    await moved(app, db)
    assert await chains(db) == []
    assert await names_of(writer) == {"three": 1}


async def test_posts_are_moved_to_the_tag_into_which_theirs_was_merged_meanwhile(
    app: Broadside, maud: Browser, writer: Client, db: AsyncSession
) -> None:
    post = await write(writer, "one")
    await write(writer, "two", "three")
    tags = {tag.name: tag.id for tag in await db.scalars(select(Tag))}
    await act(maud, "one", "merge", name="two")
    sessions = app.database.session
    async with sessions() as other, sessions() as first_job, sessions() as second_job:
        await other.execute(select(Post.id).where(Post.id == post["id"]).with_for_update())
        moving = asyncio.create_task(_move_batch(first_job, tags["one"]))
        await wait_for_a_lock(app.database, 1)
        await act(maud, "two", "merge", name="three")
        while not await _move_batch(second_job, tags["two"]):
            await second_job.commit()
        await other.rollback()
        await moving
        await first_job.commit()
    await moved(app, db)
    assert await chains(db) == []
    assert await names_of(writer) == {"three": 2}


async def test_who_follows_a_tag_that_is_merged_at_that_moment_follows_the_other_one(
    app: Broadside, susans_browser: Browser, writer: Client, db: AsyncSession
) -> None:
    await write(writer, "one", "two")
    tags = {tag.name: tag.id for tag in await db.scalars(select(Tag))}
    page = "/tag/one"
    await susans_browser.get(page)
    async with app.database.session() as other:
        await other.execute(select(Tag.id).where(Tag.id == tags["one"]).with_for_update())
        following = asyncio.create_task(susans_browser.submit(f"{page}/follow", page=page))
        await wait_for_a_lock(app.database, 1)
        await other.execute(
            update(Tag).where(Tag.id == tags["one"]).values(merged_into_id=tags["two"])
        )
        await other.commit()
    await following
    assert (await db.scalars(select(TagFollow.tag_id))).all() == [tags["two"]]
