"""Batched writes of comments (`blog.core.web.batches`)."""

import enum
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.comments import queries
from blog.comments.events import CommentWritten
from blog.core.auth.viewer import ANONYMOUS
from blog.core.events.handlers import causes, tell
from blog.models import Post, PostStatus
from blog.models.account_deletion import not_deleted
from blog.posts.lists import Author
from blog.posts.policies import visible_to

_IS_SHOWN = visible_to(ANONYMOUS)

# The post is locked before its comments get their ids, until the commit: so ids are in the order
# of the list, and the previous count gives their positions.
_PUBLISH = text(f"""
    WITH post AS MATERIALIZED (
        SELECT id, slug, comment_count FROM posts
        WHERE id = ANY(CAST(:posts AS bigint[])) AND comments_open AND {_IS_SHOWN}
        ORDER BY id FOR NO KEY UPDATE
    ), new AS MATERIALIZED (
        SELECT nextval(pg_get_serial_sequence('comments', 'id')) AS id,
            given.*, post.slug, post.comment_count AS before
        FROM unnest(
            CAST(:posts AS bigint[]), CAST(:authors AS bigint[]), CAST(:bodies AS text[]),
            CAST(:htmls AS text[]), CAST(:renderer_versions AS integer[]),
            CAST(:submissions AS uuid[])
        ) WITH ORDINALITY AS given (
            post_id, author_id, body, body_html, renderer_version, submission, place
        ) JOIN post ON post.id = given.post_id
    ), added AS (
        INSERT INTO comments (
            id, post_id, author_id, body, body_html, renderer_version, submission
        )
        SELECT id, post_id, author_id, body, body_html, renderer_version, submission
        FROM new ORDER BY id
        ON CONFLICT DO NOTHING
        RETURNING id, post_id, author_id, created_at
    ), recorded AS (
        {CommentWritten.insert(comment_id="id", post_id="post_id", author_id="author_id")}
        FROM added ORDER BY id
    )
    SELECT new.place - 1 AS place, added.id, added.created_at, new.slug,
        new.before + row_number() OVER (PARTITION BY new.post_id ORDER BY added.id) AS position
    FROM added JOIN new USING (id)
""")  # noqa: S608
# The posts that are or were public, and whether a moderator has hidden them.
_REFUSING = select(Post.id, Post.hidden_at.is_not(None)).where(
    Post.id == any_(bindparam("posts", type_=ARRAY(BigInteger))),
    or_(~Post.comments_open, Post.hidden_at.is_not(None)),
    Post.status == PostStatus.PUBLISHED,
    not_deleted(Post.author_id),
)
TRIES = 3


class NewComment(NamedTuple):
    """A comment to publish; `submission` is its idempotency key (`core.web.submissions`)."""

    post_id: int
    author: Author
    body: str
    body_html: str
    renderer_version: int
    submission: UUID | None


class Written(NamedTuple):
    """A published comment, its position on its post, from 1, and the slug of that.

    `created_at` is `None` if the same form has published it before.
    """

    id: int
    position: int
    slug: str | None
    created_at: datetime | None


class Refusal(enum.Enum):
    """Why a comment was not published."""

    GONE = enum.auto()  # The post does not exist, or is not published.
    HIDDEN = enum.auto()
    CLOSED = enum.auto()


@causes(CommentWritten)
async def publish(
    session: AsyncSession, comments: Sequence[NewComment]
) -> Sequence[Written | Refusal]:
    """Publish comments, one per idempotency key.

    Returns:
        The published comment for each, or why there is none.
    """
    written: dict[int, Written] = {}
    for _ in range(TRIES):
        missing = [place for place in range(len(comments)) if place not in written]
        written |= await _add(session, comments, missing)
        sent_again = {
            place: submission
            for place in missing
            if place not in written and (submission := comments[place].submission)
        }
        if not sent_again:
            break
        # The earlier comment may have been deleted before we look it up: then try again.
        found = await queries.submitted(session, list(sent_again.values()))
        written |= {
            place: Written(*found[submission], None)
            for place, submission in sent_again.items()
            if submission in found
        }
    missing = [place for place in range(len(comments)) if place not in written]
    return [
        written.get(place) or refusal
        for place, refusal in enumerate(await _refusals(session, comments, missing))
    ]


async def _refusals(
    session: AsyncSession, comments: Sequence[NewComment], missing: Sequence[int]
) -> Sequence[Refusal]:
    """Why those comments are missing; the others need no statement."""
    posts = [comments[place].post_id for place in missing]
    rows = (await session.execute(_REFUSING, {"posts": posts})).all() if posts else []
    refusals = {row[0]: Refusal.HIDDEN if row[1] else Refusal.CLOSED for row in rows}
    return [refusals.get(comment.post_id, Refusal.GONE) for comment in comments]


async def _add(
    session: AsyncSession, comments: Sequence[NewComment], places: Sequence[int]
) -> dict[int, Written]:
    """The comments that were published before, by index."""
    new = [comments[place] for place in places]
    parameters = {
        "posts": [comment.post_id for comment in new],
        "authors": [comment.author.id for comment in new],
        "bodies": [comment.body for comment in new],
        "htmls": [comment.body_html for comment in new],
        "renderer_versions": [comment.renderer_version for comment in new],
        "submissions": [comment.submission for comment in new],
    }
    rows = (await session.execute(_PUBLISH, parameters)).all()
    written = [
        CommentWritten(row.id, new[row.place].post_id, new[row.place].author.id) for row in rows
    ]
    await tell(session, written)
    return {
        places[row.place]: Written(row.id, row.position, row.slug, row.created_at) for row in rows
    }
