"""What a measure would affect, for the moderator who is about to take it."""

from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.i18n import format_list, lazy_gettext, ngettext
from blog.models import Comment, MeasureKind, User

# Up to here comments are counted.
COUNTED_TO = 10_000
SENTENCES = {
    MeasureKind.HIDE_ALL: lazy_gettext("This hides what they've written: %(texts)s."),
    MeasureKind.LIMIT: lazy_gettext("What they've written will disappear from lists: %(texts)s."),
    MeasureKind.PAUSE: lazy_gettext("What they've written stays: %(texts)s."),
    MeasureKind.DISABLE: lazy_gettext("What they've written stays: %(texts)s."),
}


class Affected(NamedTuple):
    """What a person has written that others can read.

    Attributes:
        posts: how many posts.
        comments: how many comments; one more than `COUNTED_TO` if there are more than that.
    """

    posts: int
    comments: int

    @property
    def texts(self) -> str:
        """These numbers, such as "41 posts and 120 comments"."""
        posts = ngettext("%(num)s post", "%(num)s posts", self.posts)
        if self.comments > COUNTED_TO:
            comments = ngettext(
                "more than %(num)s comment", "more than %(num)s comments", COUNTED_TO
            )
        else:
            comments = ngettext("%(num)s comment", "%(num)s comments", self.comments)
        return format_list([posts, comments])


async def affected(session: AsyncSession, person: User) -> Affected:
    """What a measure against a person would affect now."""
    comments = select(Comment.id).where(
        Comment.author_id == person.id, Comment.disabled_at.is_(None)
    )
    number = select(func.count()).select_from(comments.limit(COUNTED_TO + 1).subquery())
    return Affected(person.post_count, await session.scalar(number) or 0)


def preview(kind: MeasureKind, found: Affected) -> str:
    """What a measure would do, with numbers; empty for one that only sends a mail."""
    return str(SENTENCES[kind].with_values(texts=found.texts)) if kind in SENTENCES else ""
