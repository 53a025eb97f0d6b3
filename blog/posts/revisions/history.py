"""Keeping the texts of a post that its readers have seen, in the transaction of each edit.

Only texts that were published are kept. What is changed while a post is a draft or scheduled
becomes a revision when it is published.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.text.differences import word_changes
from blog.models import Post, PostRevision, PostStatus

# What a revision keeps of a post, by the names in the API and forms.
FIELDS = {
    "title": "title",
    "body": "body",
    "excerpt": "summary",
    "language": "language",
    "tags": "tags",
}


class Text(NamedTuple):
    """What readers see of a post."""

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
        """The fields in which it differs from the text before."""
        return [
            name
            for name, column in FIELDS.items()
            if getattr(self, column) != getattr(before, column)
        ]

    def changes_from(self, before: "Text") -> dict[str, Any]:
        """The columns of a revision that say how it differs from the one before."""
        was, now = (f"{text.title or ''}\n{text.body}" for text in (before, self))
        added, removed = word_changes(was, now)
        changed = self.changed_from(before)
        return {"changed": changed, "words_added": added, "words_removed": removed}


class State(NamedTuple):
    """A post before an edit.

    Attributes:
        since: when its text was published, if it is.
        editor_id: who wrote the text; `None` if unknown.
    """

    text: Text
    status: PostStatus
    since: datetime
    editor_id: int | None

    @classmethod
    def of(cls, post: Post) -> "State":
        """The present state of a post."""
        since = post.edited_at or post.published_at or post.created_at
        # Edited before there were revisions, it may be the text of an administrator.
        editor_id = None if post.edited_at else post.author_id
        return cls(Text.of(post), post.status, since, editor_id)


async def keep_revision(
    session: AsyncSession,
    post: Post,
    before: State,
    *,
    tags: Sequence[str],
    editor_id: int,
    moment: datetime,
) -> None:
    """Keep the text that an edit replaces, and number the one that it publishes.

    Args:
        session: the transaction of the edit, which has locked the post.
        post: the post as the edit leaves it, except for its tags.
        before: the post before.
        tags: its tags as the edit leaves them.
        editor_id: who edits it.
        moment: the time of the edit.
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
    with session.no_autoflush:  # Its tags would expire.
        newest = await newest_revision(session, post.id)
    if newest is None:
        if not was_public:  # It has been a draft since before there were revisions.
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
        _add_revision(session, post, newest, after, editor_id=editor_id, moment=moment)


async def number_published(session: AsyncSession, post: Post) -> None:
    """Number the text of a post that was scheduled, and is published now.

    Args:
        session: the transaction of the publication, which has locked the post.
        post: the post as it is published.
    """
    newest, moment = await newest_revision(session, post.id), post.published_at
    if newest is None or newest.is_current or moment is None:
        return
    author_id = post.author_id
    _add_revision(session, post, newest, Text.of(post), editor_id=author_id, moment=moment)


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
    moment: datetime,
) -> None:
    """Give the text that a post is published with the number after `newest`."""
    post.revision = newest.number + 1
    session.add(
        PostRevision(
            post_id=post.id,
            number=post.revision,
            # A transaction that had to wait for another one's edit may have begun before it.
            created_at=max(moment, newest.created_at),
            editor_id=editor_id,
            **text.changes_from(Text.of(newest)),
        )
    )
