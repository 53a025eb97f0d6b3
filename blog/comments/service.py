"""Writing comments. Each function is one action in one transaction.

Everything that changes how many comments a post has locks the post first and the comment
after it, as deleting the post does: so they take turns instead of waiting for each other.
"""

from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.comments import queries
from blog.comments.schemas import CommentForm, CommentText
from blog.errors import ForbiddenError, InvalidFieldsError, NotFoundError
from blog.kit.clock import now
from blog.kit.markdown import RENDERER_VERSION, render_inline
from blog.kit.submissions import submission_key
from blog.models import Comment, Permission, Post, User

POST_IS_GONE = "This post does not exist, or was deleted."
COMMENT_IS_GONE = "This comment does not exist, or was deleted."
NOT_EDITABLE = (
    "A comment can be edited for 15 minutes, unless a moderator has disabled it meanwhile."
)


class Written(NamedTuple):
    """A comment, and its place under its post, from 1."""

    comment: Comment
    position: int


async def write_comment(
    session: AsyncSession, author: User, post_id: int, form: CommentForm
) -> Written:
    """Publish a comment. The same form sent twice publishes one, which is the answer to both.

    Raises:
        ForbiddenError: this person may not comment.
        NotFoundError: the post is not there (any more), or a moderator has hidden it.
    """
    if not author.can(Permission.COMMENT):
        raise ForbiddenError
    body_html = render_inline(form.body)
    submission = submission_key(form, author.id, post_id, form.body)
    # The lock is held until the commit: under one post, comments get their ids one after
    # another, and so the count before tells the place.
    before = await session.scalar(
        select(Post.comment_count)
        .where(Post.id == post_id, Post.hidden_at.is_(None))
        .with_for_update(key_share=True)
    )
    if before is None:
        raise NotFoundError(POST_IS_GONE)
    comment = await session.scalar(
        insert(Comment)
        .values(
            post_id=post_id,
            author_id=author.id,
            body=form.body,
            body_html=body_html,
            renderer_version=RENDERER_VERSION,
            submission=submission,
        )
        .on_conflict_do_nothing(index_elements=[Comment.submission])
        .returning(Comment)
    )
    if comment is None:
        earlier = select(Comment).where(Comment.submission == submission)
        comment = (await session.scalars(earlier)).one()
        before = await queries.position(session, post_id, comment.id) - 1
    await session.commit()
    return Written(comment, before + 1)


async def edit_comment(
    session: AsyncSession, editor: User, comment_id: int, form: CommentText
) -> Comment:
    """Replace the text of one's own comment.

    Raises:
        NotFoundError: it is not there (any more).
        ForbiddenError: somebody else wrote it.
        InvalidFieldsError: its 15 minutes are over, or a moderator has disabled it.
    """
    comment = await session.scalar(
        select(Comment)
        .where(Comment.id == comment_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if comment is None:
        raise NotFoundError(COMMENT_IS_GONE)
    if comment.author_id != editor.id:
        raise ForbiddenError
    if not comment.may_be_edited_by(editor):
        raise InvalidFieldsError({"": NOT_EDITABLE})
    if comment.body != form.body:
        comment.body = form.body
        comment.body_html = render_inline(form.body)
        comment.renderer_version = RENDERER_VERSION
        comment.edited_at = now()
    await session.commit()
    return comment


async def delete_comment(session: AsyncSession, person: User, comment_id: int) -> None:
    """Delete one's own comment.

    Raises:
        NotFoundError: it is not there (any more).
        ForbiddenError: somebody else wrote it.
    """
    comment = await session.scalar(select(Comment).where(Comment.id == comment_id))
    if comment is None:
        raise NotFoundError(COMMENT_IS_GONE)
    if not comment.may_be_deleted_by(person):
        raise ForbiddenError
    await session.execute(
        select(Post.id).where(Post.id == comment.post_id).with_for_update(key_share=True)
    )
    await session.execute(delete(Comment).where(Comment.id == comment_id))
    await session.commit()
