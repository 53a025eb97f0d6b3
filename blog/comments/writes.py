"""Batched writes of comments (`blog.core.web.batches`)."""

import enum
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import and_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.comments import queries
from blog.comments.events import CommentWritten
from blog.core.auth.viewer import ANONYMOUS
from blog.core.events.handlers import dispatch, records_events
from blog.core.text.syntax.mentions import mentioned_in
from blog.models import Comment, Post
from blog.models.account_deletion import not_deleted
from blog.posts.events import PeopleMentioned
from blog.posts.listed import Author
from blog.posts.mentions import WrittenText, note_mentions, notify_mentioned
from blog.posts.policies import visible_to

_IS_SHOWN = visible_to(ANONYMOUS)
_CAN_BE_REPLIED_TO = and_(queries.is_listed(), Comment.disabled_at.is_(None))
_MAY_COMMENT = """(
    NOT post.comments_limited OR given.author_id = post.author_id OR EXISTS (
        SELECT FROM follows
        WHERE follower_id = post.author_id AND followed_id = given.author_id
    )
)"""
# Comments of an account that is being deleted are counted until they are gone, but not listed.
_OF_DELETED = """(
    CASE WHEN EXISTS (SELECT FROM account_deletions) THEN (
        SELECT count(*) FROM comments JOIN account_deletions ON user_id = author_id
        WHERE post_id = posts.id
    ) ELSE 0 END
)"""
_EVENT = {
    "comment_id": "id", "post_id": "post_id", "author_id": "author_id", "parent_id": "parent_id",
}  # fmt: skip

# The post is locked from before its comments get their ids until the commit, so ids are in the
# order of the list, and the previous count gives the positions of top-level comments, which come
# last. The lock also keeps a comment that the same form has published before from being deleted,
# because a deletion locks the post first, too. Then the parent comments are locked and read again.
_PUBLISH = text(f"""
    WITH post AS MATERIALIZED (
        SELECT id, slug, comment_count - {_OF_DELETED} AS comment_count, author_id, comments_limited
        FROM posts
        WHERE id = ANY(CAST(:posts AS bigint[])) AND comments_open AND {_IS_SHOWN}
        ORDER BY id FOR NO KEY UPDATE
    ), parent AS MATERIALIZED (
        SELECT id, post_id, coalesce(path, ARRAY[id]) AS path FROM comments
        WHERE id = ANY(CAST(:parents AS bigint[])) AND post_id IN (SELECT id FROM post)
            AND {_CAN_BE_REPLIED_TO}
        ORDER BY id FOR NO KEY UPDATE
    ), new AS MATERIALIZED (
        SELECT nextval(pg_get_serial_sequence('comments', 'id')) AS id,
            given.*, post.slug, post.comment_count AS before,
            parent.path[1:{Comment.DEEPEST}] AS above
        FROM unnest(
            CAST(:posts AS bigint[]), CAST(:authors AS bigint[]), CAST(:bodies AS text[]),
            CAST(:htmls AS text[]), CAST(:renderer_versions AS integer[]),
            CAST(:submissions AS uuid[]), CAST(:parents AS bigint[])
        ) WITH ORDINALITY AS given (
            post_id, author_id, body, body_html, renderer_version, submission, parent_id, place
        ) JOIN post ON post.id = given.post_id
        LEFT JOIN parent ON parent.id = given.parent_id AND parent.post_id = given.post_id
        WHERE (given.parent_id IS NULL OR parent.id IS NOT NULL) AND {_MAY_COMMENT}
    ), added AS (
        INSERT INTO comments (
            id, post_id, author_id, body, body_html, renderer_version, submission, parent_id, path
        )
        SELECT id, post_id, author_id, body, body_html, renderer_version, submission, parent_id,
            CASE WHEN parent_id IS NOT NULL THEN above || id END
        FROM new ORDER BY id
        ON CONFLICT DO NOTHING
        RETURNING id, post_id, author_id, parent_id, created_at
    ), recorded AS (
        {CommentWritten.insert(**_EVENT)}
        FROM added ORDER BY id
    )
    SELECT new.place - 1 AS place, added.id, added.created_at, new.slug,
        CASE WHEN added.parent_id IS NULL THEN new.before + row_number() OVER (
            PARTITION BY new.post_id ORDER BY added.parent_id IS NULL, added.id
        ) END AS position
    FROM added JOIN new USING (id)
""")  # noqa: S608
# For each comment whose post is or was public: whether a moderator has hidden the post, whether
# comments on it are open, and whether this author may comment.
_REFUSAL_REASONS = text(f"""
    SELECT given.place - 1, post.hidden_at IS NOT NULL, post.comments_open, {_MAY_COMMENT}
    FROM unnest(CAST(:posts AS bigint[]), CAST(:authors AS bigint[]))
        WITH ORDINALITY AS given (post_id, author_id, place)
    JOIN (
        SELECT * FROM posts WHERE status = 'published' AND {not_deleted(Post.author_id)}
    ) AS post ON post.id = given.post_id
""")  # noqa: S608


class NewComment(NamedTuple):
    """A comment to publish.

    Attributes:
        submission: its idempotency key (`core.web.submissions`).
        parent_id: the id of its parent comment, if any.
    """

    post_id: int
    author: Author
    body: str
    body_html: str
    renderer_version: int
    submission: UUID | None
    parent_id: int | None = None


class Written(NamedTuple):
    """A published comment, its position on its post, from 1, and the slug of the post.

    The position of a reply is `None`, because it needs another statement. `created_at` is `None` if
    the same form has published the comment before.
    """

    id: int
    position: int | None
    slug: str | None
    created_at: datetime | None


class Refusal(enum.Enum):
    """Why a comment was not published."""

    GONE = enum.auto()  # The post doesn't exist, or is not published.
    HIDDEN = enum.auto()
    CLOSED = enum.auto()
    LIMITED = enum.auto()  # To people the author of the post follows.
    NO_PARENT = enum.auto()  # The parent is not on the post, or is deleted or disabled.


# Both have handlers, so a batch is a transaction.
@records_events(CommentWritten, PeopleMentioned)
async def publish(
    session: AsyncSession, comments: Sequence[NewComment]
) -> Sequence[Written | Refusal]:
    """Publish comments, one per idempotency key.

    Returns:
        For each, the published comment or the reason why there is none.
    """
    written = await _insert(session, comments)
    duplicates = {
        index: new.submission
        for index, new in enumerate(comments)
        if index not in written and new.submission
    }
    if duplicates:
        found = await queries.find_submitted(session, list(duplicates.values()))
        written |= {
            index: Written(*found[submission], None)
            for index, submission in duplicates.items()
            if submission in found
        }
    missing = [index for index in range(len(comments)) if index not in written]
    return [
        written.get(index) or refusal
        for index, refusal in enumerate(await _refusals(session, comments, missing))
    ]


async def find_refusal(session: AsyncSession, comment: NewComment) -> Refusal | None:
    """Find the reason why a comment can't be published now; `None` if it can."""
    post, author = [comment.post_id], [comment.author.id]
    row = (
        await session.execute(_REFUSAL_REASONS, {"posts": post, "authors": author})
    ).one_or_none()
    if row is None:
        return Refusal.GONE
    _, is_hidden, is_open, may_comment = row
    if is_hidden:
        return Refusal.HIDDEN
    if not is_open:
        return Refusal.CLOSED
    if not may_comment:
        return Refusal.LIMITED
    if comment.parent_id is None:
        return None
    parent = select(Comment.id).where(
        Comment.id == comment.parent_id, Comment.post_id == comment.post_id, _CAN_BE_REPLIED_TO
    )
    return None if await session.scalar(parent) is not None else Refusal.NO_PARENT


async def _refusals(
    session: AsyncSession, comments: Sequence[NewComment], missing: Sequence[int]
) -> Sequence[Refusal]:
    """Find the reasons why comments are missing; costs no statement if none are."""
    refusals = [Refusal.GONE] * len(comments)
    if not missing:
        return refusals
    about = {
        "posts": [comments[index].post_id for index in missing],
        "authors": [comments[index].author.id for index in missing],
    }
    for index, is_hidden, is_open, may_comment in await session.execute(_REFUSAL_REASONS, about):
        if is_hidden:
            refusals[missing[index]] = Refusal.HIDDEN
        elif not is_open:
            refusals[missing[index]] = Refusal.CLOSED
        elif not may_comment:
            refusals[missing[index]] = Refusal.LIMITED
        elif comments[missing[index]].parent_id:
            refusals[missing[index]] = Refusal.NO_PARENT
    return refusals


async def _insert(session: AsyncSession, new: Sequence[NewComment]) -> dict[int, Written]:
    """Insert comments; return the new ones by index, without refused ones and those of known
    idempotency keys."""
    parameters = {
        "posts": [comment.post_id for comment in new],
        "authors": [comment.author.id for comment in new],
        "bodies": [comment.body for comment in new],
        "htmls": [comment.body_html for comment in new],
        "renderer_versions": [comment.renderer_version for comment in new],
        "submissions": [comment.submission for comment in new],
        "parents": [comment.parent_id for comment in new],
    }
    rows = (await session.execute(_PUBLISH, parameters)).all()
    written = [
        CommentWritten(row.id, about.post_id, about.author.id, about.parent_id)
        for row, about in ((row, new[row.place]) for row in rows)
    ]
    await dispatch(session, written)
    mentioning = [
        WrittenText(new[row.place].body_html, comment_id=row.id)
        for row in rows
        if mentioned_in(new[row.place].body_html)
    ]
    if mentioning:
        await note_mentions(session, mentioning)
        await notify_mentioned(session, comments=[row.id for row in rows])
    return {row.place: Written(row.id, row.position, row.slug, row.created_at) for row in rows}
