"""Restore and hide old texts of a post. Each function is one action in one transaction.

Moderators hide revisions with `blog.moderation.service`.
"""

from typing import NamedTuple

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.errors import ForbiddenError, InvalidFieldsError, NotFoundError
from blog.core.i18n import lazy_gettext
from blog.core.text.validation import messages
from blog.models import Post, PostRevision
from blog.posts.editing import edit_post
from blog.posts.locking import lock_post
from blog.posts.revisions.history import FIELDS, Text
from blog.posts.revisions.policies import may_hide_revision
from blog.posts.revisions.reading import NO_SUCH_REVISION
from blog.posts.schemas import PostUpdate

IS_CURRENT = lazy_gettext("This is the current text. To remove something from it, edit the post.")


class Restoration(NamedTuple):
    """An old text to restore.

    Attributes:
        body_html: its body, rendered again.
        version: the version of the post that the editor has read.
    """

    text: Text
    body_html: str
    version: int


async def restore_revision(
    session: AsyncSession, editor: Viewer, post_id: int, restored: Restoration
) -> Post:
    """Make an old text the current one, with an edit like any other.

    Args:
        restored: the old text, which the editor may read.

    Raises:
        NotFoundError, ForbiddenError, InvalidFieldsError, EditConflictError: as in `edit_post`.
    """
    form = _update_form(restored.text)
    return await edit_post(
        session, editor, post_id, form, restored.body_html, version=restored.version
    )


async def hide_revision(session: AsyncSession, author: Viewer, post_id: int, number: int) -> None:
    """Hide an old text of the author's own post from everyone but moderators.

    Raises:
        NotFoundError: the post or revision doesn't exist (any more).
        ForbiddenError: the viewer is not its author, or a moderator has hidden it.
        InvalidFieldsError: it is the current text.
    """
    revision = await _lock_revision(session, author, post_id, number)
    revision.hidden_at = revision.hidden_at or now()
    await session.commit()


async def show_revision(session: AsyncSession, author: Viewer, post_id: int, number: int) -> None:
    """Unhide a text that its author has hidden.

    Raises:
        NotFoundError, ForbiddenError, InvalidFieldsError: as in `hide_revision`.
    """
    revision = await _lock_revision(session, author, post_id, number)
    revision.hidden_at = None
    await session.commit()


def _update_form(text: Text) -> PostUpdate:
    """Build the edit that restores an old text.

    Raises:
        InvalidFieldsError: it could no longer be published.
    """
    try:
        return PostUpdate.model_validate(
            {name: getattr(text, column) for name, column in FIELDS.items()}
        )
    except ValidationError as error:
        raise InvalidFieldsError(messages(error)) from None


async def _lock_revision(
    session: AsyncSession, author: Viewer, post_id: int, number: int
) -> PostRevision:
    post = await lock_post(session, author, post_id)
    revision = await old_revision(session, post, number)
    if not may_hide_revision(author, post, revision):
        raise ForbiddenError
    return revision


async def old_revision(session: AsyncSession, post: Post, number: int) -> PostRevision:
    """Load a revision, other than the current one, of a post that the caller has locked.

    Raises:
        NotFoundError: there is no such revision.
        InvalidFieldsError: it is the current one.
    """
    if number > post.revision:
        raise NotFoundError(NO_SUCH_REVISION)
    rows = select(PostRevision).where(
        PostRevision.post_id == post.id, PostRevision.number == number
    )
    revision = await session.scalar(rows.execution_options(populate_existing=True))
    if revision is None or revision.is_current:
        raise InvalidFieldsError({"": IS_CURRENT})
    return revision
