"""What tests of deleted accounts act with: an account with much of everything, and its deletion."""

from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from blog.accounts.deletion.batches import begin_deletion, delete_batch
from blog.accounts.deletion.jobs import remove_later
from blog.core.db.database_errors import is_lock_timeout
from blog.core.web.app import Broadside
from blog.models import AccountDeletion, Comment, Follow, Post, Report, User
from tests.support import add_user

# What nobody may find any more: the person's name, address and profile, and all they wrote.
TRACES = ("ghostly", "GhostProfile", "GhostPost", "GhostComment", "GhostReport", "deleted-")


@dataclass(frozen=True)
class Site:
    """A person to be deleted, another one, and what they wrote to each other."""

    ghost: User
    reader: User
    ghosts_posts: list[int]
    readers_post: int
    ghosts_comment: int
    readers_comment: int


async def haunted_site(
    app: Broadside, *, posts: int = 3, comments: int = 3, follows: int = 3
) -> Site:
    """A site with a person called `ghostly`, whom everybody has to do with.

    Args:
        posts: how many the person has written, each with a comment by somebody else.
        comments: how many the person has written below somebody's post.
        follows: how many follow the person, and are followed.
    """
    ghost = await add_user(app, "ghostly", name="GhostProfile", about_me="GhostProfile")
    reader = await add_user(app, "reader")
    text = {"body_html": "<p>x</p>", "renderer_version": 1}
    async with app.database.session() as session:
        others = await session.scalars(
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
        session.add(Report(reporter_id=ghost.id, post_id=theirs.id, reason="GhostReport"))
        session.add(Report(reporter_id=reader.id, post_id=his[-1].id, reason="x"))
        session.add(Report(reporter_id=reader.id, comment_id=below_theirs[-1].id, reason="x"))
        await session.commit()
        return Site(
            ghost, reader, [post.id for post in his], theirs.id, below_theirs[-1].id,
            below_his[-1].id,
        )  # fmt: skip


async def leave(app: Broadside, user: User) -> None:
    """Delete an account as its owner does by the button; its rows are still there."""
    async with app.database.session() as session:
        await begin_deletion(session, user)
        await remove_later(session, user.id)
        await session.commit()


async def pending(app: Broadside) -> int:
    """How many deletions are under way."""
    async with app.database.session() as session:
        return len((await session.scalars(select(AccountDeletion.user_id))).all())


async def finish_deletions(app: Broadside) -> None:
    """Do what the job does, until all rows of deleted accounts are removed."""
    while await pending(app):
        try:
            await remove_batch(app)
        except DBAPIError as error:
            # Somebody who writes has what the batch wants: the job comes back, too.
            if not is_lock_timeout(error):
                raise


async def remove_batch(app: Broadside) -> None:
    """Remove the next few rows of a deleted account."""
    async with app.database.session() as session:
        user_id = (await session.scalars(select(AccountDeletion.user_id))).first()
        if user_id is not None:  # Somebody else may have removed the last row.
            await delete_batch(session, user_id)
        await session.commit()
