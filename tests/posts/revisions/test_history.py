"""Each published edit keeps the text before it, by whatever route it comes."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.text.differences import word_changes
from blog.core.web.app import Broadside
from blog.models import Post, PostRevision, RevisionMedia, User
from blog.posts.publication import publish_due_posts
from tests.accounts.deletions import finish_deletions
from tests.accounts.test_leaving import mailed_link
from tests.api.support import Client
from tests.posts.test_fields import ARTICLE, changed, made
from tests.posts.test_status import in_lisbon
from tests.support import Browser

IMAGE = "/media/" + "a" * 32


async def history(db: AsyncSession) -> list[tuple[Any, ...]]:
    """The number and the text of each revision; `None` for a text that the post has."""
    await db.rollback()
    rows = await db.execute(
        select(PostRevision.number, PostRevision.body).order_by(
            PostRevision.post_id, PostRevision.number
        )
    )
    return [tuple(row) for row in rows]


async def number_of(db: AsyncSession) -> int:
    """The number of the newest revision, as the post has it."""
    await db.rollback()
    return (await db.scalars(select(Post.revision))).one()


async def test_an_edit_keeps_the_text_before_it_with_all_that_readers_saw(
    writer: Client, db: AsyncSession, susan: User
) -> None:
    post = await made(writer, **ARTICLE)
    edited = await changed(
        writer, post, title="Trams", body="Better.", tags=[], excerpt=None, language="de"
    )
    old, new = (await db.scalars(select(PostRevision).order_by(PostRevision.number))).all()
    assert (old.number, old.title, old.body) == (1, ARTICLE["title"], post["body"])
    assert old.body_html == post["body_html"]
    assert (old.summary, old.language, old.tags) == (
        ARTICLE["excerpt"], "pt-BR", ["Trams", "public transport"],
    )  # fmt: skip
    assert (old.changed, old.editor_id) == ([], susan.id)
    assert old.created_at == datetime.fromisoformat(post["published_at"])
    assert (new.number, new.body, new.tags, new.editor_id) == (2, None, None, susan.id)
    assert new.changed == ["title", "body", "excerpt", "language", "tags"]
    assert new.created_at == datetime.fromisoformat(edited["edited_at"])
    assert await number_of(db) == 2


async def test_every_route_of_an_edit_adds_one(
    writer: Client, susans_browser: Browser, db: AsyncSession
) -> None:
    post = await made(writer, body="One")
    answer = await writer.put(post["url"], json={"body": "Two"})
    assert answer.status_code == 200
    await changed(writer, post, body="Three")
    # The form of before there was an editor, and the editor with its working copy.
    form = {"body": "Four", "version": "3"}
    assert (await susans_browser.submit("/edit/1", form)).status_code == 302
    saved = {"body": "Five", "version": "4", "copy_version": "0", "save": "true"}
    assert (await susans_browser.submit("/edit/1", saved)).status_code == 302
    assert (await history(db))[-1] == (4, None)
    update = {"body": "Five", "version": "4", "copy_version": "1", "publish": "true"}
    assert (await susans_browser.submit("/edit/1", update)).status_code == 302
    texts = ["One", "Two", "Three", "Four", None]
    assert await history(db) == list(enumerate(texts, 1))
    assert await number_of(db) == 5


async def test_what_is_no_change_of_the_text_adds_none(
    writer: Client, susans_browser: Browser, db: AsyncSession
) -> None:
    post = await made(writer, **ARTICLE)
    for fields in (
        {"body": post["body"], "title": post["title"]},
        {"tags": ["trams", "Public Transport"]},
        {"pinned": True},
        {"slug": "another"},
        {"comments_open": True, "canonical_url": None},
    ):
        await changed(writer, post, **fields)
    assert await history(db) == []
    assert await number_of(db) == 1
    await changed(writer, post, tags=["trams"])
    assert await history(db) == [(1, post["body"]), (2, None)]


async def test_the_edit_of_an_administrator_is_kept_with_their_name(
    writer: Client, administrator: Client, db: AsyncSession
) -> None:
    post = await made(writer, body="As Susan wrote it")
    await changed(administrator, post, body="As it may stay")
    await changed(writer, post, body="As Susan likes it")
    editors = select(User.username).join(PostRevision, PostRevision.editor_id == User.id)
    names = (await db.scalars(editors.order_by(PostRevision.number))).all()
    assert names == ["susan", "root", "susan"]


async def test_edits_of_a_draft_add_none(writer: Client, db: AsyncSession) -> None:
    draft = await made(writer, status="draft", body="One")
    assert await number_of(db) == 0
    await changed(writer, draft, body="Two")
    await changed(writer, draft, status="scheduled", body="Three", **in_lisbon(hours=1))
    await changed(writer, draft, status="draft")
    await changed(writer, draft, status="published", body="Four")
    assert await history(db) == []
    assert await number_of(db) == 1
    await changed(writer, draft, body="Five")
    assert await history(db) == [(1, "Four"), (2, None)]


async def test_a_post_that_is_taken_back_and_published_again_keeps_its_history(
    writer: Client, db: AsyncSession
) -> None:
    post = await made(writer, body="One")
    await changed(writer, post, body="Two")
    await changed(writer, post, status="draft")
    assert await history(db) == [(1, "One"), (2, None)]
    await changed(writer, post, body="Seen by nobody")
    await changed(writer, post, body="Three")
    assert await history(db) == [(1, "One"), (2, "Two")]
    await changed(writer, post, status="published")
    assert await history(db) == [(1, "One"), (2, "Two"), (3, None)]
    await changed(writer, post, status="draft")
    await changed(writer, post, status="published")
    assert await history(db) == [(1, "One"), (2, "Two"), (3, None)]
    await changed(writer, post, status="draft", body="Four")
    await changed(writer, post, status="published", body="Five")
    assert await history(db) == [(1, "One"), (2, "Two"), (3, "Three"), (4, None)]
    assert await number_of(db) == 4


async def test_a_text_that_is_published_by_schedule_after_another_one_is_numbered(
    app: Broadside, writer: Client, db: AsyncSession
) -> None:
    post, new = await made(writer, body="One"), await made(writer, body="x", **in_lisbon(hours=1))
    await changed(writer, post, status="draft")
    later = await changed(writer, post, body="Two", **in_lisbon(hours=1))
    assert later["status"] == "scheduled"
    async with app.database.session() as session:
        assert await publish_due_posts(session, now() + timedelta(hours=2)) == 2
    assert await history(db) == [(1, "One"), (2, None)]
    newest = (await db.scalars(select(PostRevision).where(PostRevision.number == 2))).one()
    assert newest.created_at == datetime.fromisoformat(later["published_at"])
    assert (newest.words_added, newest.words_removed) == (1, 1)
    numbers = await db.execute(select(Post.id, Post.revision).order_by(Post.id))
    assert [tuple(row) for row in numbers] == [(post["id"], 2), (new["id"], 1)]


async def test_edits_at_the_same_moment_are_all_kept_and_numbered_without_a_gap(
    writer: Client, administrator: Client, db: AsyncSession
) -> None:
    post = await made(writer, body="0")
    clients = [writer, administrator] * 5
    answers = await asyncio.gather(
        *(
            client.patch(post["url"], json={"body": str(number)})
            for number, client in enumerate(clients, 1)
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    kept = await history(db)
    assert [number for number, _ in kept] == list(range(1, 12))
    last = (await writer.get(post["url"])).json()["body"]
    assert {body for _, body in kept[:-1]} | {last} == {str(number) for number in range(11)}
    times = (await db.scalars(select(PostRevision.created_at).order_by(PostRevision.number))).all()
    assert times == sorted(times)


async def test_an_edit_that_fails_keeps_nothing(
    writer: Client, susans_browser: Browser, db: AsyncSession
) -> None:
    first, second = await made(writer, title="First"), await made(writer, title="Second")
    answer = await writer.patch(second["url"], json={"body": "Better", "slug": first["slug"]})
    assert answer.status_code == 422
    conflict = await susans_browser.submit("/edit/2", {"body": "Better", "version": "9"})
    assert conflict.status_code == 409
    assert await history(db) == []


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        ("one two three", "one 2 three four", (2, 1)),
        ("a b c", "c a b", (0, 0)),
        ("same\nsame\nold", "same\nnew", (1, 2)),
        ("我喜歡茶", "我喜歡咖啡", (2, 1)),
        ("x" * 9, "x" * 9, (0, 0)),
    ],
)
def test_words_that_were_moved_are_neither_added_nor_removed(
    before: str, after: str, counts: tuple[int, int]
) -> None:
    assert word_changes(before, after) == counts


async def test_a_post_is_deleted_with_its_history(writer: Client, db: AsyncSession) -> None:
    post = await made(writer, body="One")
    await changed(writer, post, body=f"![Two]({IMAGE})")
    await changed(writer, post, body="Three")
    assert (await writer.delete(post["url"])).status_code == 204
    assert await history(db) == []
    assert (await db.scalars(select(RevisionMedia.name))).all() == []


async def test_an_account_goes_with_the_history_of_its_posts_and_its_name_on_other_edits(
    app: Broadside, administrator: Client, writer: Client, susans_browser: Browser, db: AsyncSession
) -> None:
    others = await made(administrator, body="One")
    await changed(administrator, others, body="Two")
    post = await made(writer, body="x")
    for number in range(150):  # More than a batch.
        db.add(PostRevision(post_id=post["id"], number=number + 1, body="x", body_html="x",
                            renderer_version=1))  # fmt: skip
    susan = select(User.id).where(User.username == "susan").scalar_subquery()
    db.add(PostRevision(post_id=others["id"], number=3, body="x", body_html="x",
                        renderer_version=1, editor_id=susan))  # fmt: skip
    await db.commit()
    await susans_browser.submit(await mailed_link(app, susans_browser))
    await finish_deletions(app)
    assert await history(db) == [(1, "One"), (2, None), (3, "x")]
    editors = select(PostRevision.editor_id).order_by(PostRevision.number)
    assert [editor is None for editor in await db.scalars(editors)] == [False, False, True]
