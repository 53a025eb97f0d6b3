"""Batched writes of posts (`blog.core.web.batches`)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.events.handlers import dispatch, records_events
from blog.models import PostStatus
from blog.posts.events import PostPublished
from blog.posts.listed import Author, ListedPost
from blog.posts.queries import listed_by_submission

# The ids are assigned first, to match the returned rows with the items.
_PUBLISH = text(f"""
    WITH new AS MATERIALIZED (
        SELECT nextval(pg_get_serial_sequence('posts', 'id')) AS id, given.*
        FROM unnest(
            CAST(:authors AS bigint[]), CAST(:bodies AS text[]), CAST(:htmls AS text[]),
            CAST(:excerpts AS text[]), CAST(:renderer_versions AS integer[]),
            CAST(:word_counts AS integer[]), CAST(:submissions AS uuid[])
        ) WITH ORDINALITY AS given (
            author_id, body, body_html, excerpt, renderer_version, word_count, submission, place
        )
    ), added AS (
        INSERT INTO posts (
            id, author_id, body, body_html, excerpt, renderer_version, word_count, submission
        )
        SELECT id, author_id, body, body_html, excerpt, renderer_version, word_count, submission
        FROM new ORDER BY id
        ON CONFLICT DO NOTHING
        RETURNING id, author_id, published_at
    ), recorded AS (
        {PostPublished.insert(post_id="id", author_id="author_id")} FROM added ORDER BY id
    )
    SELECT new.place - 1 AS place, added.id, added.published_at FROM added JOIN new USING (id)
""")  # noqa: S608
TRIES = 3


class NewPost(NamedTuple):
    """A note to publish.

    Attributes:
        language: the language of the author.
        text: the columns for its text (`blog.posts.fields.text_columns`).
        submission: its idempotency key (`blog.core.web.submissions`).
    """

    author: Author
    language: str | None
    text: dict[str, Any]
    submission: UUID | None

    def as_published(self, post_id: int, published_at: datetime) -> ListedPost:
        """The post after publication."""
        return ListedPost(
            id=post_id,
            body=self.text["body"],
            body_html=self.text["body_html"],
            created_at=published_at,
            published_at=published_at,
            edited_at=None,
            version=1,
            comment_count=0,
            like_count=0,
            status=PostStatus.PUBLISHED,
            hidden_at=None,
            title=None,
            slug=None,
            summary=None,
            word_count=self.text["word_count"],
            shown_language=self.language,
            canonical_url=None,
            comments_open=True,
            comments_limited=False,
            pinned_at=None,
            scheduled_wall=None,
            time_zone=None,
            revision=1,
            cover=None,
            tags=(),
            author=self.author,
        )


@records_events(PostPublished)
async def publish(session: AsyncSession, posts: Sequence[NewPost]) -> Sequence[ListedPost | None]:
    """Publish posts, one per idempotency key.

    Returns:
        The published post for each; `None` if an earlier post of the same form is being deleted.
    """
    published: dict[int, ListedPost] = {}
    for _ in range(TRIES):
        missing = [index for index in range(len(posts)) if index not in published]
        published |= await _insert(session, posts, missing)
        duplicates = [index for index in missing if index not in published]
        if not duplicates:
            break
        # The earlier post may be deleted before we look it up; if so, try again.
        wanted = [posts[index].submission for index in duplicates]
        found = await listed_by_submission(session, wanted)
        published |= {
            index: post for index in duplicates if (post := found.get(posts[index].submission))
        }
    return [published.get(index) for index in range(len(posts))]


async def _insert(
    session: AsyncSession, posts: Sequence[NewPost], indexes: Sequence[int]
) -> dict[int, ListedPost]:
    """Insert posts; return the new ones by index, without those of known idempotency keys."""
    new = [posts[index] for index in indexes]
    parameters = {
        "authors": [post.author.id for post in new],
        "bodies": [post.text["body"] for post in new],
        "htmls": [post.text["body_html"] for post in new],
        "excerpts": [post.text["excerpt"] for post in new],
        "renderer_versions": [post.text["renderer_version"] for post in new],
        "word_counts": [post.text["word_count"] for post in new],
        "submissions": [post.submission for post in new],
    }
    rows = (await session.execute(_PUBLISH, parameters)).all()
    await dispatch(session, [PostPublished(row.id, new[row.place].author.id) for row in rows])
    return {
        indexes[row.place]: new[row.place].as_published(row.id, row.published_at) for row in rows
    }
