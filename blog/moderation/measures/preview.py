"""What a measure would affect, shown to the moderator who is about to take it."""

from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.i18n import format_list, lazy_gettext, ngettext
from blog.models import Comment, MeasureKind, User

# Comments are counted up to this number.
COUNTED_TO = 10_000
SENTENCES = {
    MeasureKind.HIDE_ALL: lazy_gettext("This hides what they've written: %(texts)s."),
    MeasureKind.LIMIT: lazy_gettext("What they've written will disappear from lists: %(texts)s."),
    MeasureKind.PAUSE: lazy_gettext("What they've written stays: %(texts)s."),
    MeasureKind.DISABLE: lazy_gettext("What they've written stays: %(texts)s."),
}


class Affected(NamedTuple):
    """The number of a person's texts that others can read.

    Attributes:
        posts: the number of posts.
        comments: the number of comments; `COUNTED_TO` + 1 if there are more than `COUNTED_TO`.
    """

    posts: int
    comments: int

    @property
    def texts(self) -> str:
        """These numbers in words, such as "41 posts and 120 comments"."""
        posts = ngettext("%(num)s post", "%(num)s posts", self.posts)
        if self.comments > COUNTED_TO:
            comments = ngettext(
                "more than %(num)s comment", "more than %(num)s comments", COUNTED_TO
            )
        else:
            comments = ngettext("%(num)s comment", "%(num)s comments", self.comments)
        return format_list([posts, comments])


async def count_affected(session: AsyncSession, person: User) -> Affected:
    """Count what a measure against a person would affect now."""
    comments = select(Comment.id).where(
        Comment.author_id == person.id, Comment.disabled_at.is_(None)
    )
    number = select(func.count()).select_from(comments.limit(COUNTED_TO + 1).subquery())
    return Affected(person.post_count, await session.scalar(number) or 0)


def describe_effect(kind: MeasureKind, found: Affected) -> str:
    """Describe what a measure would do, with numbers; empty if it only sends an email."""
    return str(SENTENCES[kind].with_values(texts=found.texts)) if kind in SENTENCES else ""
