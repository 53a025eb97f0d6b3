"""Like posts and comments, and bookmark posts. Each function is one transaction, and idempotent.

The caller has loaded the post or comment, and checked that the viewer may read it.
"""

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.comments.service import COMMENT_IS_GONE
from blog.core.auth.viewer import Viewer
from blog.core.db.database_errors import broken_reference
from blog.core.errors import ForbiddenError, NotFoundError
from blog.core.i18n import lazy_gettext
from blog.core.web.batches import Batches
from blog.models import Bookmark, Comment, Permission, Post
from blog.posts.listed import ListedPost
from blog.posts.locking import POST_IS_GONE
from blog.reactions.folders import get_or_add_folder
from blog.reactions.policies import may_like_comment, may_react_to_post
from blog.reactions.writes import (
    Pair,
    add_to_comments,
    add_to_posts,
    remove_from_comments,
    remove_from_posts,
)
from blog.users.blocking import refuse_blocked, refusing_blocked

# For people blocked by the author.
NOT_POSSIBLE = lazy_gettext("You can't like this post.")
NOT_POSSIBLE_FOR_COMMENT = lazy_gettext("You can't like this comment.")
NOT_PUBLIC = lazy_gettext("You can like or bookmark a post as soon as everyone can read it.")
NOT_SHOWN = lazy_gettext("You can only like a comment that everyone can read.")


async def like_post(writes: Batches, viewer: Viewer, post: Post | ListedPost) -> None:
    """Like a post for the viewer.

    Raises:
        ForbiddenError: the viewer may not, the post isn't public, or the viewer or its author has
            blocked the other.
        NotFoundError: it was deleted, hidden or unpublished concurrently.
    """
    _require_may_react(viewer, post)
    await refuse_blocked(writes, viewer, post.author_id, NOT_POSSIBLE)
    with refusing_blocked(NOT_POSSIBLE):
        is_there = await writes.run(add_to_posts, Pair(viewer.id, post.id))
    if not is_there:
        raise NotFoundError(POST_IS_GONE)


async def unlike_post(writes: Batches, viewer: Viewer, post: Post | ListedPost) -> None:
    """Remove the viewer's like of a post."""
    await writes.run(remove_from_posts, Pair(viewer.id, post.id))


async def like_comment(writes: Batches, viewer: Viewer, comment: Comment) -> None:
    """Like a comment for the viewer; its post must be loaded.

    Raises:
        ForbiddenError: the viewer may not, the comment isn't public, or there is a block between
            the viewer and the author of the comment or post.
        NotFoundError: it was deleted, disabled or hidden concurrently.
    """
    if not viewer.can(Permission.COMMENT):
        raise ForbiddenError
    if not may_like_comment(viewer, comment, comment.post):
        raise ForbiddenError(NOT_SHOWN)
    # People blocked by the author of the comment or of its post can neither reply nor like.
    for author_id in {comment.author_id, comment.post.author_id}:
        await refuse_blocked(writes, viewer, author_id, NOT_POSSIBLE_FOR_COMMENT)
    with refusing_blocked(NOT_POSSIBLE_FOR_COMMENT):
        is_there = await writes.run(add_to_comments, Pair(viewer.id, comment.id))
    if not is_there:
        raise NotFoundError(COMMENT_IS_GONE)


async def unlike_comment(writes: Batches, viewer: Viewer, comment: Comment) -> None:
    """Remove the viewer's like of a comment."""
    await writes.run(remove_from_comments, Pair(viewer.id, comment.id))


async def bookmark_post(
    session: AsyncSession,
    viewer: Viewer,
    post: Post | ListedPost,
    *,
    folder: str | None = None,
    moves: bool = False,
) -> None:
    """Bookmark a post for the viewer.

    Args:
        folder: the name of the folder to put it in, which is added if it is new.
        moves: whether an existing bookmark is moved into this folder, or out of its folder.

    Raises:
        ForbiddenError, NotFoundError: as in `like_post`.
        LimitReachedError: as in `get_or_add_folder`.
    """
    _require_may_react(viewer, post)
    folder_id = None if folder is None else await get_or_add_folder(session, viewer.id, folder)
    added = insert(Bookmark).values(user_id=viewer.id, post_id=post.id, folder_id=folder_id)
    if moves:
        key = (Bookmark.user_id, Bookmark.post_id)
        added = added.on_conflict_do_update(index_elements=key, set_={"folder_id": folder_id})
    else:
        added = added.on_conflict_do_nothing()
    try:
        await session.execute(added)
    except IntegrityError as error:
        if broken_reference(error) != "fk_bookmarks_post_id":
            raise
        raise NotFoundError(POST_IS_GONE) from None
    await session.commit()


async def remove_bookmark(session: AsyncSession, viewer: Viewer, post_id: int) -> None:
    """Remove one of the viewer's bookmarks, even if its post no longer exists."""
    await session.execute(
        delete(Bookmark).where(Bookmark.user_id == viewer.id, Bookmark.post_id == post_id)
    )
    await session.commit()


def _require_may_react(viewer: Viewer, post: Post | ListedPost) -> None:
    if not viewer.can(Permission.COMMENT):
        raise ForbiddenError
    if not may_react_to_post(viewer, post):
        raise ForbiddenError(NOT_PUBLIC)
