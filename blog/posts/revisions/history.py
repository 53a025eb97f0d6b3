"""Save the texts of a post that its readers have seen, in the transaction of each edit.

Only published texts are saved. Changes made while a post is a draft or scheduled become a revision
when it is published.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.text.differences import word_changes
from blog.models import Post, PostRevision, PostStatus

# The columns that a revision stores, by the names of their fields in the API and forms.
FIELDS = {
    "title": "title",
    "body": "body",
    "excerpt": "summary",
    "language": "language",
    "tags": "tags",
}


class Text(NamedTuple):
    """The text of a post with everything else that readers see."""

    title: str | None
    body: str
    body_html: str
    summary: str | None
    language: str | None
    tags: Sequence[str]
    renderer_version: int

    @classmethod
    def of(cls, row: Post | PostRevision) -> "Text":
        """The text of a post, or of a revision that has its own."""
        return cls._make(getattr(row, name) for name in cls._fields)

    def changed_from(self, before: "Text") -> list[str]:
        """The fields in which this text differs from the one before."""
        return [
            name
            for name, column in FIELDS.items()
            if getattr(self, column) != getattr(before, column)
        ]

    def changes_from(self, before: "Text") -> dict[str, Any]:
        """The columns of a revision that describe how it differs from the one before."""
        was, now = (f"{text.title or ''}\n{text.body}" for text in (before, self))
        added, removed = word_changes(was, now)
        changed = self.changed_from(before)
        return {"changed": changed, "words_added": added, "words_removed": removed}


class State(NamedTuple):
    """A post before an edit.

    Attributes:
        since: when its text was published, if it was.
        editor_id: who wrote the text; `None` if unknown.
    """

    text: Text
    status: PostStatus
    since: datetime
    editor_id: int | None

    @classmethod
    def of(cls, post: Post) -> "State":
        """The current state of a post."""
        since = post.edited_at or post.published_at or post.created_at
        # If it was edited before there were revisions, an administrator may have written it.
        editor_id = None if post.edited_at else post.author_id
        return cls(Text.of(post), post.status, since, editor_id)


async def save_revision(
    session: AsyncSession,
    post: Post,
    before: State,
    *,
    tags: Sequence[str],
    editor_id: int,
    time: datetime,
) -> None:
    """Save the text that an edit replaces, and number the one that it publishes.

    Args:
        session: the transaction of the edit, which has locked the post.
        post: the post after the edit, except for its tags.
        before: the post before the edit.
        tags: its tags after the edit.
        editor_id: the id of the editor.
        time: the time of the edit.
    """
    was_public, is_public = (
        status == PostStatus.PUBLISHED for status in (before.status, post.status)
    )
    after = Text.of(post)._replace(tags=tags)
    is_changed = bool(after.changed_from(before.text))
    if was_public == is_public and not is_changed:
        return
    if post.revision == 0:  # No reader has seen a text of it.
        post.revision = int(is_public)
        return
    with session.no_autoflush:  # A flush would expire the post's tags.
        newest = await newest_revision(session, post.id)
    if newest is None:
        if not was_public:  # A draft from before there were revisions.
            return
        newest = PostRevision(
            post_id=post.id,
            number=post.revision,
            created_at=before.since,
            editor_id=before.editor_id,
        )
        session.add(newest)
    if newest.is_current and is_changed:
        for name, value in before.text._asdict().items():
            setattr(newest, name, value)
    if is_public and not newest.is_current:
        _add_revision(session, post, newest, after, editor_id=editor_id, time=time)


async def add_scheduled_revision(session: AsyncSession, post: Post) -> None:
    """Add a revision for a scheduled post that is being published.

    Args:
        session: the transaction of the publication, which has locked the post.
        post: the published post.
    """
    newest, time = await newest_revision(session, post.id), post.published_at
    if newest is None or newest.is_current or time is None:
        return
    author_id = post.author_id
    _add_revision(session, post, newest, Text.of(post), editor_id=author_id, time=time)


async def newest_revision(session: AsyncSession, post_id: int) -> PostRevision | None:
    """The newest row of the history of a post; `None` if it was never edited."""
    return await session.scalar(
        select(PostRevision)
        .where(PostRevision.post_id == post_id)
        .order_by(PostRevision.number.desc())
        .limit(1)
    )


def _add_revision(
    session: AsyncSession,
    post: Post,
    newest: PostRevision,
    text: Text,
    *,
    editor_id: int,
    time: datetime,
) -> None:
    """Add a revision after `newest` for the text that is being published."""
    post.revision = newest.number + 1
    session.add(
        PostRevision(
            post_id=post.id,
            number=post.revision,
            # A transaction that waited for another edit may have started before that edit.
            created_at=max(time, newest.created_at),
            editor_id=editor_id,
            **text.changes_from(Text.of(newest)),
        )
    )
