"""`blog rerender`."""

import asyncio
from contextlib import aclosing

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.text.markdown import RENDERER_VERSION
from blog.core.web.app import Broadside
from blog.models import Comment, Post, PostRevision, User
from blog.posts.rerendering import KINDS, rerender
from tests.cli.conftest import Command
from tests.databases import wait_for_a_lock
from tests.support import Browser

POSTS, *_ = KINDS
INTRICATE = "[" * 60_000
OLD, LAID_OUT = "<p>old</p>", "<p><em>new</em></p>"


@pytest.fixture
async def posts(db: AsyncSession, susan: User) -> list[Post]:
    """Three old posts, one that nobody would lay out today, and one that is not old."""
    bodies = ["*new*", "*new*", INTRICATE, "*new*", "*new*"]
    posts = [
        Post(
            author_id=susan.id, body=body, body_html=OLD,
            renderer_version=RENDERER_VERSION - (number < 5),
        )
        for number, body in enumerate(bodies, 1)
    ]  # fmt: skip
    db.add_all(posts)
    await db.flush()
    db.add(
        Comment(
            author_id=susan.id, post_id=posts[0].id, body="*new*", body_html=OLD, renderer_version=1
        )
    )
    db.add(
        PostRevision(post_id=posts[0].id, number=1, body="*new*", body_html=OLD, renderer_version=1)
    )
    # The text of the current revision is that of the post.
    db.add(PostRevision(post_id=posts[0].id, number=2))
    await db.commit()
    return posts


async def looks(db: AsyncSession) -> list[str]:
    """The HTML of the posts, in order."""
    await db.rollback()
    return list(await db.scalars(select(Post.body_html).order_by(Post.id)))


async def test_only_rows_of_older_versions_are_rendered_again(
    blog: Command, posts: list[Post], db: AsyncSession, browser: Browser
) -> None:
    code, output = await blog("rerender", "--batch", "2")
    assert code == 0
    assert output == (
        "posts: 3 rendered\n"
        f"posts: {posts[2].id} is too complex, and was not changed\n"
        "revisions: 1 rendered\n"
        "comments: 1 rendered\n"
    )
    assert await looks(db) == [LAID_OUT, LAID_OUT, OLD, LAID_OUT, OLD]
    rows = await db.execute(select(Post.version, Post.edited_at, Post.renderer_version))
    current, old = (1, None, RENDERER_VERSION), (1, None, RENDERER_VERSION - 1)
    assert sorted(map(tuple, rows), key=str) == [old, current, current, current, current]
    revisions = select(PostRevision.body_html).order_by(PostRevision.number)
    assert (await db.scalars(revisions)).all() == [LAID_OUT, None]
    page = await browser.get(f"/post/{posts[0].id}")
    assert page.text.count("<em>new</em>") == 2


async def test_on_request_everything_is_rendered(
    blog: Command, posts: list[Post], db: AsyncSession
) -> None:
    code, output = await blog("rerender", "--all")
    assert code == 0
    assert "posts: 4 rendered\n" in output
    assert await looks(db) == [LAID_OUT, LAID_OUT, OLD, LAID_OUT, LAID_OUT]


async def test_an_interrupted_run_continues_where_it_stopped(
    app: Broadside, posts: list[Post], db: AsyncSession
) -> None:
    async with aclosing(rerender(app.database, POSTS, app.renderer.rerender, batch=1)) as steps:
        assert (await anext(steps)).last_id == posts[0].id
    rest = [step async for step in rerender(app.database, POSTS, app.renderer.rerender, batch=10)]
    assert [(step.stored, step.too_complex) for step in rest] == [(2, [posts[2].id])]


async def test_an_edit_meanwhile_wins(app: Broadside, posts: list[Post], db: AsyncSession) -> None:
    edit = text("UPDATE posts SET body = 'edited', body_html = 'edited' WHERE id = :id")
    await db.execute(edit, {"id": posts[0].id})
    steps = rerender(app.database, POSTS, app.renderer.rerender, batch=10)
    step = asyncio.ensure_future(anext(steps))
    await wait_for_a_lock(app.database, sessions=1)
    await db.commit()
    assert (await step).stored == 2
    await steps.aclose()
    assert (await looks(db))[:2] == ["edited", LAID_OUT]
