"""Write comments. Each function is one transaction.

All changes of the number of comments lock the post first and then the comment, like deleting the
post, to avoid deadlocks.
"""

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.comments import queries
from blog.comments.events import CommentChanged, CommentDeleted, CommentRemoved
from blog.comments.policies import (
    may_delete_comment,
    may_edit_comment,
    may_know_of_comment,
    may_remove_comment,
    may_take_part,
)
from blog.comments.schemas import CommentForm, CommentText
from blog.comments.writes import NewComment, Refusal, Written, find_refusal, publish
from blog.core.auth import audit
from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.errors import ForbiddenError, GoneError, InvalidFieldsError, NotFoundError
from blog.core.events.handlers import record
from blog.core.i18n import lazy_gettext
from blog.core.text.markdown import RENDERER_VERSION
from blog.core.text.syntax.mentions import mentioned_in
from blog.core.web.app import current_app
from blog.core.web.batches import Batches
from blog.core.web.submissions import submission_key
from blog.models import Act, Comment, HeldItem, HeldKind, Permission, Post
from blog.models.comment import has_replies
from blog.posts.listed import Author
from blog.posts.mentions import WrittenText, note_mentions, notify_mentioned, replace_mentions
from blog.posts.policies import POST_IS_HIDDEN, unreadable
from blog.review.content import Content
from blog.review.holding import drop, hold
from blog.review.rules import may_be_held, reasons_to_hold
from blog.users.blocking import refuse_blocked, refusing_blocked

POST_IS_GONE = lazy_gettext("This post doesn't exist. It may have been deleted.")
# For people blocked by the author of the post.
NOT_POSSIBLE = lazy_gettext("You can't comment on this post.")
CLOSED = lazy_gettext("Comments on this post are closed.")
NOT_YET = lazy_gettext("Not everyone with an account can comment on this site at the moment.")
LIMITED = lazy_gettext("Only people the author of this post follows can comment on it.")
COMMENT_IS_GONE = lazy_gettext("This comment doesn't exist. It may have been deleted.")
NOT_ANSWERABLE = lazy_gettext(
    "You can't reply to this comment. It may have been deleted or disabled. You can still "
    "write a separate comment."
)
NOT_EDITABLE = lazy_gettext("You can edit a comment for 15 minutes.")
IS_HELD = lazy_gettext(
    "Your comment is waiting for a moderator. Nobody else can see it until then."
)
EDIT_IS_HELD = lazy_gettext(
    "Your changes are waiting for a moderator. Until then readers see the comment as it was."
)


class HeldComment(NamedTuple):
    """A comment that is waiting for a moderator, with the id of its `HeldItem`."""

    item_id: int


async def write_comment(
    writes: Batches, author: Viewer, post_id: int, form: CommentForm, body_html: str, *,
    session: Callable[[], AsyncSession],
) -> Written | HeldComment:  # fmt: skip
    """Publish a comment, or hold it for review; idempotent by the form's key.

    Args:
        body_html: the rendered text of the form.
        session: opens the transaction of a comment that the rules may hold.

    Raises:
        ForbiddenError: the viewer may not comment at all or on this post, or there is a block
            between the viewer and the author of the post or of the parent comment.
        NotFoundError: the post doesn't exist (any more).
        GoneError: a moderator has hidden it.
        InvalidFieldsError: the parent comment is not on this post, or is deleted or disabled.
    """
    if not author.can(Permission.COMMENT):
        raise ForbiddenError
    if not may_take_part(author):
        raise ForbiddenError(NOT_YET)
    comment = NewComment(
        post_id=post_id,
        author=Author.of(author),
        body=form.body,
        body_html=body_html,
        renderer_version=RENDERER_VERSION,
        submission=submission_key(form, author.id, post_id, form.body, form.reply_to or 0),
        parent_id=form.reply_to,
    )
    content = Content(body_html)
    if may_be_held(author.person, content):
        return await _hold_or_publish(session(), author, comment, content)
    if author.filtered_for:
        for other_id in await writes.run(queries.find_answered_people, (post_id, form.reply_to)):
            await refuse_blocked(writes, author, other_id, NOT_POSSIBLE)
    with refusing_blocked(NOT_POSSIBLE):
        return _require_written(await writes.run(publish, comment))


async def publish_alone(session: AsyncSession, author: Viewer, comment: NewComment) -> Written:
    """Publish a comment outside of a batch, in the caller's transaction; the caller commits.

    Raises:
        ForbiddenError, NotFoundError, GoneError, InvalidFieldsError: as in `write_comment`.
    """
    await _refuse_across_blocks(session, author, comment.post_id, comment.parent_id)
    with refusing_blocked(NOT_POSSIBLE):
        (written,) = await publish(session, [comment])
    return _require_written(written)


async def _hold_or_publish(
    session: AsyncSession, author: Viewer, comment: NewComment, content: Content
) -> Written | HeldComment:
    """Hold a comment for review, or publish it if the rules don't hold it."""
    reasons = await reasons_to_hold(session, author.person, content, post_id=comment.post_id)
    if not reasons:
        written = await publish_alone(session, author, comment)
        await session.commit()
        return written
    await _refuse_across_blocks(session, author, comment.post_id, comment.parent_id)
    if refusal := await find_refusal(session, comment):
        _require_written(refusal)
    payload = {"body": comment.body, "reply_to": comment.parent_id}
    item_id = await hold(
        session, HeldKind.COMMENT, content, reasons, author_id=author.id, post_id=comment.post_id,
        payload=payload, submission=comment.submission,
    )  # fmt: skip
    await session.commit()
    return HeldComment(item_id)


async def _refuse_across_blocks(
    session: AsyncSession, author: Viewer, post_id: int, parent_id: int | None
) -> None:
    if author.filtered_for:
        (people,) = await queries.find_answered_people(session, [(post_id, parent_id)])
        for other_id in people:
            await refuse_blocked(session, author, other_id, NOT_POSSIBLE)


def _require_written(written: Written | Refusal) -> Written:
    if written is Refusal.CLOSED:
        raise ForbiddenError(CLOSED)
    if written is Refusal.LIMITED:
        raise ForbiddenError(LIMITED)
    if written is Refusal.HIDDEN:
        raise GoneError(POST_IS_HIDDEN)
    if written is Refusal.NO_PARENT:
        raise InvalidFieldsError({"reply_to": NOT_ANSWERABLE})
    if isinstance(written, Refusal):
        raise NotFoundError(POST_IS_GONE)
    return written


async def edit_comment(
    session: AsyncSession, editor: Viewer, comment_id: int, form: CommentText, body_html: str
) -> Comment:
    """Replace the text of the viewer's own comment. An edit that the rules hold for review waits
    for a moderator, as `holds_edit` tells.

    Args:
        body_html: the rendered text of the form.

    Raises:
        NotFoundError: the comment doesn't exist (any more).
        GoneError: its post is hidden.
        ForbiddenError: it is another user's, or there is a block between the editor and the author
            of the post or of the parent comment.
        InvalidFieldsError: the 15 minutes for edits are over.
    """
    comment = await change_comment(session, editor, comment_id, form, body_html)
    await session.commit()
    return comment


async def change_comment(
    session: AsyncSession, editor: Viewer, comment_id: int, form: CommentText, body_html: str, *,
    is_approved: bool = False,
) -> Comment:  # fmt: skip
    """Like `edit_comment`; the caller commits.

    Args:
        is_approved: whether a moderator has approved it; then the 15 minutes don't apply.
    """
    if current_app.site.holds_anything:  # Before the comment, as when an edit is approved.
        await queries.lock_post_of(session, comment_id)
    comment = await session.scalar(
        select(Comment)
        .where(Comment.id == comment_id, queries.IS_THERE)
        .options(joinedload(Comment.post, innerjoin=True))
        .with_for_update(key_share=True, of=Comment)
        .execution_options(populate_existing=True)
    )
    if comment is None or not may_know_of_comment(editor, comment.post):
        raise unreadable(comment.post if comment else None, COMMENT_IS_GONE)
    if comment.author_id != editor.id:
        raise ForbiddenError
    if not (is_approved and editor.can(Permission.COMMENT)) and not may_edit_comment(
        editor, comment, comment.post
    ):
        raise InvalidFieldsError({"": NOT_EDITABLE})
    await _refuse_across_blocks(session, editor, comment.post_id, comment.parent_id)
    if comment.body != form.body and not is_approved:
        comment.holds_edit = await _hold_edit(session, editor, comment, form.body, body_html)
    if comment.body != form.body and not comment.holds_edit:
        before = comment.body_html
        old = WrittenText(before, comment_id=comment.id)
        await note_mentions(session, [old], are_old=not comment.is_disabled)
        comment.body = form.body
        comment.body_html = body_html
        comment.renderer_version = RENDERER_VERSION
        comment.edited_at = now()
        await record(session, CommentChanged(comment.id, comment.post_id, comment.author_id))
        await replace_mentions(session, comment.post_id, comment.id, before, body_html)
        if mentioned_in(body_html):
            await notify_mentioned(session, comments=[comment.id])
    return comment


async def _hold_edit(
    session: AsyncSession, editor: Viewer, comment: Comment, body: str, body_html: str
) -> bool:
    """Hold an edit for review if the rules say so; otherwise drop a held edit that it replaces."""
    content = Content(body_html)
    reasons = await reasons_to_hold(session, editor.person, content, post_id=comment.post_id)
    if reasons:
        await hold(
            session, HeldKind.COMMENT_EDIT, content, reasons, author_id=editor.id,
            post_id=comment.post_id, payload={"body": body}, comment_id=comment.id,
        )  # fmt: skip
    elif current_app.site.holds_anything:
        item_of_comment = (
            HeldItem.comment_id == comment.id,
            HeldItem.kind == HeldKind.COMMENT_EDIT,
        )
        await drop(session, *item_of_comment)
    return bool(reasons)


async def delete_comment(session: AsyncSession, viewer: Viewer, comment_id: int) -> None:
    """Delete the viewer's own comment. If it has replies, an empty row stays as a placeholder.

    Raises:
        NotFoundError: the comment doesn't exist (any more).
        GoneError: its post is hidden.
        ForbiddenError: it is another user's.
    """
    comment = await session.scalar(
        select(Comment)
        .where(Comment.id == comment_id, queries.IS_THERE)
        .options(joinedload(Comment.post, innerjoin=True))
    )
    if comment is None or not may_know_of_comment(viewer, comment.post):
        raise unreadable(comment.post if comment else None, COMMENT_IS_GONE)
    if not may_delete_comment(viewer, comment, comment.post):
        raise ForbiddenError
    await session.execute(
        select(Post.id).where(Post.id == comment.post_id).with_for_update(key_share=True)
    )
    if not await _remove(session, comment_id):
        raise NotFoundError(COMMENT_IS_GONE)
    await record(session, CommentDeleted(comment_id, comment.post_id, comment.author_id))
    await session.commit()


async def remove_comment(
    session: AsyncSession, viewer: Viewer, comment_id: int, reason: str
) -> bool:
    """Remove another person's comment from the viewer's post. Only the commenter and moderators can
    read it then, and moderators can undo it.

    Returns:
        Whether there was anything to do.

    Raises:
        NotFoundError: the comment doesn't exist (any more).
        GoneError: its post is hidden.
        ForbiddenError: the post is another user's, or the comment the viewer's own, or they are
            paused.
    """
    await queries.lock_post_of(session, comment_id)
    comment = await session.scalar(
        select(Comment)
        .where(Comment.id == comment_id, queries.IS_THERE)
        .options(joinedload(Comment.post, innerjoin=True), joinedload(Comment.author))
        .with_for_update(key_share=True, of=Comment)
        .execution_options(populate_existing=True)
    )
    if comment is None or not may_know_of_comment(viewer, comment.post):
        raise unreadable(comment.post if comment else None, COMMENT_IS_GONE)
    if comment.is_disabled and viewer.id == comment.post.author_id:
        return False
    if not may_remove_comment(viewer, comment, comment.post):
        raise ForbiddenError
    comment.disabled_at, comment.disabled_by_id = now(), viewer.id
    comment.disabled_reason = reason
    about = {"post": comment.post_id, "comment": comment.id}
    audit.record(session, viewer, Act.REMOVE_COMMENT, comment.author, **about, reason=reason)
    await record(session, CommentRemoved(comment.id, comment.post_id, comment.author_id, viewer.id))
    await session.commit()
    return True


async def _remove(session: AsyncSession, comment_id: int) -> bool:
    """Delete a comment, after its post has been locked, so that nobody replies meanwhile.

    Returns:
        Whether it existed.
    """
    is_comment = (Comment.id == comment_id, Comment.author_id.is_not(None))
    emptied = update(Comment).where(*is_comment, has_replies()).values(Comment.REMOVED)
    for statement in (emptied, delete(Comment).where(*is_comment)):
        changed = statement.returning(Comment.id).execution_options(synchronize_session=False)
        if await session.scalar(changed) is not None:
            return True
    return False
