"""Moderation actions on old texts of posts, which anyone could read otherwise.

Each function is one transaction, and returns `False` if there was nothing to do.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth import audit, moderation_log
from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.errors import ForbiddenError
from blog.models import Act
from blog.moderation.service import ABOUT_ONESELF, lock_post
from blog.posts.revisions.service import old_revision


async def hide_revision(
    session: AsyncSession, moderator: Viewer, post_id: int, number: int, reason: str
) -> bool:
    """Hide an old text from everyone but moderators, even if its author has already hidden it.

    Raises:
        ForbiddenError: the viewer is not a moderator, or wrote it.
        NotFoundError: the post or revision doesn't exist (any more).
        InvalidFieldsError: it is the current text, which can only be hidden with the post.
    """
    post = await lock_post(session, moderator, post_id)
    revision = await old_revision(session, post, number)
    if revision.is_hidden_by_moderator:
        return False
    revision.hidden_at, revision.is_hidden_by_moderator = now(), True
    about = {"post": post_id, "revision": number, "reason": reason}
    entry = audit.record(session, moderator, Act.HIDE_REVISION, post.author, **about)
    await moderation_log.publish(session, entry)
    await session.commit()
    return True


async def show_revision(
    session: AsyncSession, moderator: Viewer, post_id: int, number: int, reason: str
) -> bool:
    """Unhide a text that a moderator has hidden.

    Raises:
        ForbiddenError: the viewer is not a moderator, or wrote the post or this text.
        NotFoundError, InvalidFieldsError: as in `hide_revision`.
    """
    post = await lock_post(session, moderator, post_id)
    revision = await old_revision(session, post, number)
    if revision.editor_id == moderator.id:
        raise ForbiddenError(ABOUT_ONESELF)
    if not revision.is_hidden_by_moderator:
        return False
    revision.hidden_at, revision.is_hidden_by_moderator = None, False
    about = {"post": post_id, "revision": number, "reason": reason}
    entry = audit.record(session, moderator, Act.SHOW_REVISION, post.author, **about)
    await moderation_log.publish(session, entry)
    await session.commit()
    return True
