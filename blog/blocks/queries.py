"""Lists of the people whom a user has muted or blocked, and of the words that they hide."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, contains_eager

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page, PageRequest, Rows
from blog.models import Block, HiddenWord, Mute, User
from blog.models.account_deletion import not_deleted

_USER_ID = bindparam("user", type_=BigInteger)


def _list_of(table: Any, person_id: Any) -> Listing[Any]:
    """Rows with their `person` loaded, the newest first."""

    def complete(part: Rows) -> Select[Any]:
        row = aliased(table, part.subquery("shown"))
        return (
            select(row)
            .join(row.person)
            .options(contains_eager(row.person))
            .order_by(row.created_at.desc(), User.id.desc())
        )

    return Listing(
        Order(table.created_at, person_id),
        select(table).where(table.user_id == _USER_ID, not_deleted(person_id)),
        lambda row: (row.created_at, row.person.id),
        complete=complete,
    )


_MUTED, _BLOCKED = _list_of(Mute, Mute.muted_id), _list_of(Block, Block.blocked_id)
_NUMBER_MUTED, _NUMBER_BLOCKED = (
    select(func.count()).where(table.user_id == _USER_ID) for table in (Mute, Block)
)
_WORDS = (
    select(HiddenWord)
    .where(HiddenWord.user_id == _USER_ID)
    .order_by(HiddenWord.folded, HiddenWord.is_tag)
)


async def muted(
    session: AsyncSession, wanted: PageRequest | CursorRequest, user_id: int
) -> Page[Mute]:
    """The people whom a user has muted, the latest first; the `person` of each is loaded."""
    total = await session.scalar(_NUMBER_MUTED, {"user": user_id})
    return await _MUTED.read(session, wanted, total, user=user_id)


async def blocked(
    session: AsyncSession, wanted: PageRequest | CursorRequest, user_id: int
) -> Page[Block]:
    """The people whom a user has blocked, the latest first; the `person` of each is loaded."""
    total = await session.scalar(_NUMBER_BLOCKED, {"user": user_id})
    return await _BLOCKED.read(session, wanted, total, user=user_id)


async def hidden_words(session: AsyncSession, user_id: int) -> Sequence[HiddenWord]:
    """The words and tags that a user hides, at most a hundred."""
    return (await session.scalars(_WORDS, {"user": user_id})).all()


async def hidden_word(session: AsyncSession, user_id: int, word_id: int) -> HiddenWord | None:
    """One of the words or tags that a user hides."""
    return await session.scalar(
        select(HiddenWord).where(HiddenWord.id == word_id, HiddenWord.user_id == user_id)
    )
