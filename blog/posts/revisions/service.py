"""Restoring old texts of a post, and hiding them. Each function is one action in one transaction.

Moderators hide revisions by `blog.moderation.service`.
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
from blog.posts.locking import locked_post
from blog.posts.revisions.history import FIELDS, Text
from blog.posts.revisions.policies import may_hide_revision
from blog.posts.revisions.reading import NO_SUCH_REVISION
from blog.posts.schemas import PostUpdate

IS_CURRENT = lazy_gettext("This is the current text. To remove something from it, edit the post.")


class Restored(NamedTuple):
    """An old text that is to be the current one.

    Attributes:
        body_html: what the renderer makes of it now.
        version: of the post that the editor has read.
    """

    text: Text
    body_html: str
    version: int


async def restore_revision(
    session: AsyncSession, editor: Viewer, post_id: int, restored: Restored
) -> Post:
    """Make an old text the current one, by an edit like any other.

    Args:
        restored: the old text, which the editor may read.

    Raises:
        NotFoundError, ForbiddenError, InvalidFieldsError, EditConflictError: as by `edit_post`.
    """
    form = _fields(restored.text)
    return await edit_post(
        session, editor, post_id, form, restored.body_html, version=restored.version
    )


async def hide_revision(session: AsyncSession, author: Viewer, post_id: int, number: int) -> None:
    """Hide an old text of one's own post from everybody but moderators.

    Raises:
        NotFoundError: there is no such post or revision (any more).
        ForbiddenError: the viewer is not its author, or a moderator has hidden it.
        InvalidFieldsError: it is the current one.
    """
    revision = await _locked(session, author, post_id, number)
    revision.hidden_at = revision.hidden_at or now()
    await session.commit()


async def show_revision(session: AsyncSession, author: Viewer, post_id: int, number: int) -> None:
    """Show a text again that its author has hidden.

    Raises:
        NotFoundError, ForbiddenError, InvalidFieldsError: as by `hide_revision`.
    """
    revision = await _locked(session, author, post_id, number)
    revision.hidden_at = None
    await session.commit()


def _fields(text: Text) -> PostUpdate:
    """The fields of an edit that brings an old text back.

    Raises:
        InvalidFieldsError: it could not be published any more.
    """
    try:
        return PostUpdate.model_validate(
            {name: getattr(text, column) for name, column in FIELDS.items()}
        )
    except ValidationError as error:
        raise InvalidFieldsError(messages(error)) from None


async def _locked(session: AsyncSession, author: Viewer, post_id: int, number: int) -> PostRevision:
    post = await locked_post(session, author, post_id)
    revision = await old_revision(session, post, number)
    if not may_hide_revision(author, post, revision):
        raise ForbiddenError
    return revision


async def old_revision(session: AsyncSession, post: Post, number: int) -> PostRevision:
    """A revision of a post, which the caller has locked, that is not the current one.

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
