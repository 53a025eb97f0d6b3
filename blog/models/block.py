"""People and texts that a user doesn't want to see: mutes, blocks, and hidden words and tags.

Nobody else knows about mutes and hidden words. A block ends follows in both directions, and keeps
both people from following each other, and from liking and commenting on each other's texts:
triggers of `follows`, `post_likes` and `comments` enforce that.
"""

from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    UniqueConstraint,
    bindparam,
    exists,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, CreatedAt, RowId
from blog.models.user import User


class Mute(Base):
    """`user` no longer sees what `muted` writes. The muted person doesn't find out."""

    __tablename__ = "mutes"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    muted_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    created_at: Mapped[CreatedAt]

    person: Mapped[User] = relationship(lazy="raise", foreign_keys=muted_id)

    __table_args__ = (
        CheckConstraint("user_id <> muted_id", name="not_oneself"),
        # The list of a user, the newest first; the id breaks ties.
        Index(None, "user_id", "created_at", "muted_id"),
        # For the deletion of an account.
        Index(None, "muted_id"),
    )


class Block(Base):
    """`user` has blocked `blocked`."""

    __tablename__ = "blocks"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    blocked_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    created_at: Mapped[CreatedAt]

    person: Mapped[User] = relationship(lazy="raise", foreign_keys=blocked_id)

    __table_args__ = (
        CheckConstraint("user_id <> blocked_id", name="not_oneself"),
        Index(None, "user_id", "created_at", "blocked_id"),
        # The people who have blocked someone.
        Index(None, "blocked_id", "user_id"),
    )


class HiddenWord(Base):
    """A word, phrase or tag: pages collapse the posts and comments that contain it for `user`, who
    is not notified of them."""

    __tablename__ = "hidden_words"

    id: Mapped[RowId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    is_tag: Mapped[bool]
    # The form for comparisons: for a tag that of `tags.folded`, for words a phrase in the syntax of
    # `to_tsquery`, as in a search.
    folded: Mapped[str] = mapped_column(String(1000, collation="C"))
    # As the user typed it, without the "#" of a tag.
    word: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[CreatedAt]

    __table_args__ = (UniqueConstraint("user_id", "is_tag", "folded"),)


_MUTE, _BLOCK, _WORD = Mute.__table__.c, Block.__table__.c, HiddenWord.__table__.c


def hidden_people(viewer_id: Any) -> Select[Any]:
    """The ids of the people that lists leave out for a viewer: those that the viewer has muted or
    blocked, and those that have blocked the viewer.

    Lists use `shown_to_viewer`.
    """
    return select(
        union_all(
            select(_MUTE.muted_id.label("id")).where(_MUTE.user_id == viewer_id),
            select(_BLOCK.blocked_id).where(_BLOCK.user_id == viewer_id),
            select(_BLOCK.user_id).where(_BLOCK.blocked_id == viewer_id),
        ).subquery()
    )


# The id of the viewer of a list that leaves people out.
VIEWER = bindparam("viewer", type_=BigInteger)


def shown_to_viewer(author_id: Any) -> ColumnElement[bool]:
    """Whether lists show this person, and the texts by them, to the viewer `VIEWER`.

    PostgreSQL reads the ids of all `hidden_people` once into a hash table ("hashed SubPlan"), and
    keeps using the index that sorts the list, however many there are.
    """
    return cast("ColumnElement[bool]", author_id.not_in(hidden_people(VIEWER)))


def blocked_between(one_id: Any, other_id: Any) -> ColumnElement[bool]:
    """Whether one of two people has blocked the other."""
    return or_(
        exists().where(_BLOCK.user_id == one_id, _BLOCK.blocked_id == other_id),
        exists().where(_BLOCK.user_id == other_id, _BLOCK.blocked_id == one_id),
    )


def hidden_from(viewer_id: Any, author_id: Any) -> ColumnElement[bool]:
    """Whether the author is one of the viewer's `hidden_people`, for a few pairs of both.

    For lists, use `shown_to_viewer`, which costs less for many rows.
    """
    muted = exists().where(_MUTE.user_id == viewer_id, _MUTE.muted_id == author_id)
    return or_(muted, blocked_between(viewer_id, author_id))


def hides_people(user_id: Any) -> ColumnElement[bool]:
    """Whether a user has any `hidden_people`. Most have none, and share their lists."""
    return or_(
        exists().where(_MUTE.user_id == user_id),
        exists().where(_BLOCK.user_id == user_id),
        exists().where(_BLOCK.blocked_id == user_id),
    )


def hides_words(user_id: Any) -> ColumnElement[bool]:
    """Whether a user hides any words or tags."""
    return exists().where(_WORD.user_id == user_id)
