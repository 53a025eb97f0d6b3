"""Helpers for tests of account deletion: an account with much content, and its deletion."""

from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from blog.accounts.deletion.batches import begin_deletion, delete_batch
from blog.accounts.deletion.jobs import enqueue_removal
from blog.core.db.database_errors import is_lock_timeout
from blog.core.web.app import Broadside
from blog.models import (
    AccountDeletion,
    Block,
    Comment,
    Follow,
    HiddenWord,
    Mute,
    Post,
    Report,
    User,
)
from tests.support import add_user

# Must not be found any more: the user's name, address, profile and texts.
TRACES = ("ghostly", "GhostProfile", "GhostPost", "GhostComment", "GhostReport", "deleted-")


@dataclass(frozen=True)
class Site:
    """A user to be deleted, another one, and their comments on each other's posts."""

    ghost: User
    reader: User
    ghosts_posts: list[int]
    readers_post: int
    ghosts_comment: int
    readers_comment: int


async def haunted_site(
    app: Broadside, *, posts: int = 3, comments: int = 3, follows: int = 3
) -> Site:
    """A site with a user `ghostly` who interacts with all others.

    Args:
        posts: the number of their posts, each with a comment by another user.
        comments: the number of their comments on another user's post.
        follows: the number of their followers, and of the users they follow.
    """
    ghost = await add_user(app, "ghostly", name="GhostProfile", about_me="GhostProfile")
    reader = await add_user(app, "reader")
    text = {"body_html": "<p>x</p>", "renderer_version": 1}
    async with app.database.session() as session:
        others = [
            *await session.scalars(
                insert(User).returning(User.id),
                [
                    {
                        "username": f"user{number}",
                        "email": f"user{number}@example.com",
                        "password_hash": "",
                        "role_id": reader.role_id,
                    }
                    for number in range(follows)
                ],
            )
        ]
        for other in [reader.id, *others]:
            session.add(Follow(follower_id=other, followed_id=ghost.id))
            session.add(Follow(follower_id=ghost.id, followed_id=other))
        theirs = Post(author_id=reader.id, body="x", **text)
        body = {"body": "GhostPost", "body_html": "<p>GhostPost</p>", "renderer_version": 1}
        his = [Post(author_id=ghost.id, **body) for _ in range(posts)]
        session.add_all([theirs, *his])
        await session.flush()
        said = {"body": "GhostComment", "body_html": "GhostComment", "renderer_version": 1}
        below_theirs = [
            Comment(author_id=ghost.id, post_id=theirs.id, **said) for _ in range(comments)
        ]
        below_his = [
            Comment(author_id=reader.id, post_id=post.id, body="x", **text) for post in his
        ]
        session.add_all([*below_theirs, *below_his])
        await session.flush()
        for other in others:
            session.add(Mute(user_id=ghost.id, muted_id=other))
            session.add(Mute(user_id=other, muted_id=ghost.id))
            session.add(Block(user_id=ghost.id, blocked_id=other))
            session.add(Block(user_id=other, blocked_id=ghost.id))
        session.add(HiddenWord(user_id=ghost.id, is_tag=False, folded="'x'", word="x"))
        session.add(Report(reporter_id=ghost.id, post_id=theirs.id, reason="GhostReport"))
        session.add(Report(reporter_id=reader.id, post_id=his[-1].id, reason="x"))
        session.add(Report(reporter_id=reader.id, comment_id=below_theirs[-1].id, reason="x"))
        await session.commit()
        return Site(
            ghost, reader, [post.id for post in his], theirs.id, below_theirs[-1].id,
            below_his[-1].id,
        )  # fmt: skip


async def leave(app: Broadside, user: User) -> None:
    """Delete an account through the page; its rows remain."""
    async with app.database.session() as session:
        await begin_deletion(session, user)
        await enqueue_removal(session, user.id)
        await session.commit()


async def pending(app: Broadside) -> int:
    """The number of deletions in progress."""
    async with app.database.session() as session:
        return len((await session.scalars(select(AccountDeletion.user_id))).all())


async def finish_deletions(app: Broadside) -> None:
    """Run the job until all rows of deleted accounts are deleted."""
    while await pending(app):
        try:
            await remove_batch(app)
        except DBAPIError as error:
            # A concurrent write holds the lock; the job retries as well.
            if not is_lock_timeout(error):
                raise


async def remove_batch(app: Broadside) -> None:
    """Delete the next batch of a deleted account."""
    async with app.database.session() as session:
        user_id = (await session.scalars(select(AccountDeletion.user_id))).first()
        if user_id is not None:  # Somebody else may have removed the last row.
            await delete_batch(session, user_id)
        await session.commit()
