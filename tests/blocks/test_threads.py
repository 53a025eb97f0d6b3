"""Comments of muted and blocked people in threads, and replies and likes across a block."""

import re
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Block, Comment, CommentLike, Post, PostStatus
from tests.notifications.support import Person, people
from tests.support import Browser


@pytest.fixture
async def them(app: Broadside) -> AsyncIterator[dict[str, Person]]:
    """The author of a post, and two who comment on it."""
    async with people(app, "author", "nina", "robin") as found:
        yield found


async def test_comments_of_muted_and_blocked_people_are_collapsed_and_keep_their_replies(
    app: Broadside, them: dict[str, Person]
) -> None:
    author, nina, robin = them["author"], them["nina"], them["robin"]
    post = await author.write_post()
    comment = await nina.comment(post, "Words of Nina")
    answer = {"body": "Words of Robin", "reply_to": comment}
    assert (await robin.post(f"/posts/{post}/comments/", json=answer)).status_code == 201
    async with Browser(app) as browser:
        await browser.open_session("author")
        for what, done in (("mute", "muted"), ("block", "blocked")):
            await author.put(f"/users/nina/{what}")
            page = (await browser.get(f"/post/{post}/trams")).text
            (collapsed,) = re.findall(
                r'<details class="collapsed">(.*?)</details>', page, re.DOTALL
            )
            assert f"You’ve {done} <bdi>nina</bdi>" in collapsed
            assert "Words of Nina" in collapsed
            assert "Words of Robin" in page.replace(collapsed, "")
            listed = (await author.get(f"/posts/{post}/comments/")).json()["comments"]
            assert [each["collapsed"] for each in listed] == [True, False]
            assert (await author.get(f"/comments/{comment}")).json()["collapsed"]
    listed = (await robin.get(f"/posts/{post}/comments/")).json()["comments"]
    assert [each["collapsed"] for each in listed] == [False, False]


async def test_a_post_says_that_its_author_is_muted_or_blocked(
    app: Broadside, them: dict[str, Person]
) -> None:
    nina = them["nina"]
    post = await them["author"].write_post()
    async with Browser(app) as browser:
        await browser.open_session("nina")
        address = f"/post/{post}/trams"
        assert "You’ve" not in (await browser.get(address)).text
        for what, done in (("mute", "muted"), ("block", "blocked")):
            await nina.put(f"/users/author/{what}")
            page = (await browser.get(address)).text
            assert f"You’ve {done} <bdi>author</bdi>" in page
            assert "Some words." in page


async def test_nobody_learns_by_a_block_of_a_post_or_comment_that_is_not_public(
    them: dict[str, Person], db: AsyncSession
) -> None:
    author, nina, robin = them["author"], them["nina"], them["robin"]
    draft, post = await author.write_post(), await nina.write_post()
    hidden = await author.comment(draft)
    await db.execute(update(Post).where(Post.id == draft).values(status=PostStatus.DRAFT))
    await db.commit()
    await author.put("/users/robin/block")
    for there, not_there in (
        ((draft, {}), (9999, {})),
        ((post, {"reply_to": hidden}), (post, {"reply_to": 9999})),
    ):
        answers = [
            await robin.post(f"/posts/{post_id}/comments/", json={"body": "x"} | more)
            for post_id, more in (there, not_there)
        ]
        assert answers[0].status_code == answers[1].status_code != 403
        assert answers[0].json()["message"] == answers[1].json()["message"]


async def test_nobody_replies_to_or_likes_a_comment_across_a_block(
    them: dict[str, Person], db: AsyncSession
) -> None:
    author, nina, robin = them["author"], them["nina"], them["robin"]
    post = await author.write_post()
    comments = {who: await who.comment(post) for who in (nina, robin)}
    await nina.put("/users/robin/block")
    for who, other in ((nina, robin), (robin, nina)):
        answer = {"body": "And you", "reply_to": comments[other]}
        assert (await who.post(f"/posts/{post}/comments/", json=answer)).status_code == 403
    assert await db.scalar(select(func.count()).select_from(Comment)) == 2
    await nina.delete("/users/robin/block")
    reply = await robin.comment(post, "And you", reply_to=comments[nina])
    await nina.put("/users/robin/block")
    answer = await robin.patch(f"/comments/{reply}", json={"body": "And you, @nina?"})
    assert answer.status_code == 403
    # What is written by a statement that began before the block.
    written = {"body": "x", "body_html": "x", "renderer_version": 1, "post_id": post}
    for row in (
        Comment(author_id=robin.id, parent_id=comments[nina], path=[comments[nina], 9], **written),
        CommentLike(user_id=robin.id, comment_id=comments[nina]),
    ):
        db.add(row)
        with pytest.raises(IntegrityError, match="has blocked the other"):
            await db.flush()
        await db.rollback()
    assert await db.scalar(select(func.count()).select_from(Block)) == 1
