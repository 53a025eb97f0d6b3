"""An author's comments on their own posts, from an export of this site, with their threads and the
author's likes of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.comments.schemas import LONGEST_COMMENT
from blog.core.clock import now
from blog.core.i18n import lazy_gettext
from blog.core.text.markdown import RENDERER_VERSION
from blog.core.text.rendering import SHOWS_NOTHING, TOO_COMPLEX
from blog.core.text.validation import remove_forbidden
from blog.models import Comment, CommentLike
from blog.posts.mentions import WrittenText, note_mentions
from blog.transfer.importing.fields import CheckedPost, Remark, too_long_remark
from blog.transfer.importing.post import ImportedComment, ImportedPost

IS_SKIPPED = lazy_gettext("One of your comments on it is skipped: %(reason)s")


class ReadyComment(NamedTuple):
    """A comment that can be stored.

    Attributes:
        source: the comment.
        columns: the columns that don't depend on the new ids of the post and its comments.
    """

    source: ImportedComment
    columns: dict[str, Any]


def validate_comments(post: ImportedPost, remark: Remark) -> list[ImportedComment]:
    """Validate the comments on a post.

    Args:
        remark: called with a remark about each comment that is left out.
    """
    comments = []
    for comment in post.comments:
        body = remove_forbidden(comment.body).replace("\r\n", "\n").strip()
        if len(body) > LONGEST_COMMENT:
            remark(IS_SKIPPED.with_values(reason=too_long_remark(LONGEST_COMMENT)))
        else:
            comments.append(replace(comment, body=body))
    return comments


def prepare_comments(
    post: CheckedPost,
    comments: Sequence[ImportedComment],
    htmls: Sequence[str | None],
    current_time: datetime,
    remark: Remark,
) -> list[ReadyComment]:
    """Prepare the comments that can be stored.

    Args:
        post: the post they belong to.
        comments: validated comments.
        htmls: the HTML of each; `None` if it is too complex.
        current_time: the current time.
        remark: called with a remark about each comment that is left out.
    """
    ready = []
    begin = post.columns["published_at"] or post.columns["created_at"]
    for comment, html in zip(comments, htmls, strict=True):
        if not html:
            reason = TOO_COMPLEX if html is None else SHOWS_NOTHING
            remark(IS_SKIPPED.with_values(reason=reason))
            continue
        columns = {
            "body": comment.body,
            "body_html": html,
            "renderer_version": RENDERER_VERSION,
            "created_at": min(comment.created_at or begin, current_time),
            "edited_at": comment.edited_at and min(comment.edited_at, current_time),
            "disabled_at": comment.disabled_at and min(comment.disabled_at, current_time),
            "disabled_reason": comment.disabled_reason if comment.disabled_at else None,
        }
        ready.append(ReadyComment(comment, columns))
    return ready


async def insert_comments(
    session: AsyncSession, owner_id: int, posts: Sequence[tuple[int, Sequence[ReadyComment]]]
) -> None:
    """Insert comments on posts that were just inserted; the caller commits.

    Args:
        owner_id: the author.
        posts: the ids of the posts, with the comments on each. A reply follows its parent; if the
            parent was left out, it becomes a top-level comment.
    """
    number = sum(len(comments) for _, comments in posts)
    if not number:
        return
    # Paths contain ids, so the ids are needed before the rows are inserted.
    sequence = func.pg_get_serial_sequence(Comment.__tablename__, Comment.id.key)
    new = select(func.nextval(sequence)).select_from(func.generate_series(1, number))
    ids = iter(sorted(await session.scalars(new)))
    rows, likes = list[dict[str, Any]](), list[dict[str, Any]]()
    for post_id, comments in posts:
        paths = dict[str, list[int]]()
        for source, columns in comments:
            comment_id = next(ids)
            parent_path = paths.get(source.reply_to or "")
            path = [*(parent_path or [])[: Comment.DEEPEST], comment_id]
            paths[source.number] = path
            place = {"parent_id": parent_path and parent_path[-1], "path": parent_path and path}
            rows.append(
                {"id": comment_id, "post_id": post_id, "author_id": owner_id, **columns, **place}
            )
            if source.liked_at:
                liked = {"user_id": owner_id, "comment_id": comment_id}
                likes.append(liked | {"created_at": min(source.liked_at, now())})
    # Without this option, columns that are `None` would get their defaults.
    await session.execute(insert(Comment), rows, execution_options={"render_nulls": True})
    if likes:
        await session.execute(insert(CommentLike), likes)
    texts = [WrittenText(row["body_html"], comment_id=row["id"]) for row in rows]
    await note_mentions(session, texts, are_old=True)
