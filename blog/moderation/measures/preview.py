"""What a measure would affect, for the moderator who is about to take it."""

from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.text.counting import counted
from blog.models import Comment, MeasureKind, User

# Up to here comments are counted.
COUNTED_TO = 10_000
SENTENCES = {
    MeasureKind.HIDE_ALL: "This hides {texts}.",
    MeasureKind.LIMIT: "Lists will leave out {texts}.",
    MeasureKind.PAUSE: "What they've written stays: {texts}.",
    MeasureKind.DISABLE: "What they've written stays: {texts}.",
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
        comments = counted(min(self.comments, COUNTED_TO), "comment")
        more = "more than " if self.comments > COUNTED_TO else ""
        return f"{counted(self.posts, 'post')} and {more}{comments}"


async def affected(session: AsyncSession, person: User) -> Affected:
    """What a measure against a person would affect now."""
    comments = select(Comment.id).where(
        Comment.author_id == person.id, Comment.disabled_at.is_(None)
    )
    number = select(func.count()).select_from(comments.limit(COUNTED_TO + 1).subquery())
    return Affected(person.post_count, await session.scalar(number) or 0)


def preview(kind: MeasureKind, found: Affected) -> str:
    """What a measure would do, with numbers; empty for one that only sends a mail."""
    return SENTENCES[kind].format(texts=found.texts) if kind in SENTENCES else ""
