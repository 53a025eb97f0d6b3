"""Muting and blocking people, and hiding words.

Each function is one transaction, and idempotent. Anyone may be muted and blocked, even moderators
and administrators, whose actions as such are not affected.
"""

from typing import Any, NamedTuple

from sqlalchemy import delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.blocks.events import (
    PersonBlocked,
    PersonMuted,
    PersonUnblocked,
    PersonUnmuted,
    WordHidden,
)
from blog.core.auth.viewer import Viewer
from blog.core.db.database_errors import broken_reference
from blog.core.db.deleting import delete_rows
from blog.core.errors import InvalidFieldsError, LimitReachedError, NotFoundError
from blog.core.events.handlers import record
from blog.core.i18n import LazyText, format_number, lazy_gettext
from blog.core.text.search_words import folded_words, phrase
from blog.core.text.tags import clean_tags, fold_tag
from blog.follows.writes import Pair, remove
from blog.models import Block, HiddenWord, Mute, User

# Each list of posts for this user has to leave all of them out.
MOST = 10_000
MOST_WORDS = 100
# In bytes: an index has to hold it.
LONGEST_FOLDED = 1_000
NO_WORD = lazy_gettext("Please enter a word, a phrase or a #tag.")
TOO_LONG = lazy_gettext("Please shorten this phrase.")
WORDS_ENOUGH = lazy_gettext(
    "You're hiding %(most)s words and tags, which is the maximum. Remove one first.",
    most=MOST_WORDS,
)
NOT_YOURSELF = lazy_gettext("You can't mute or block yourself.")
MUTED_ENOUGH = lazy_gettext(
    "You've muted %(most)s people, which is the maximum. Unmute someone first."
)
BLOCKED_ENOUGH = lazy_gettext(
    "You've blocked %(most)s people, which is the maximum. Unblock someone first."
)


async def mute(session: AsyncSession, viewer: Viewer, person: User) -> bool:
    """Mute a person: the viewer's lists leave out what they write.

    Returns:
        `False` if they are muted already.

    Raises:
        InvalidFieldsError: the viewer and the person are the same.
        LimitReachedError: the viewer has muted the maximum number of people.
        NotFoundError: the person was deleted concurrently.
    """
    # Concurrent likes, comments and follows hold this lock until their commit, so the handler sees
    # their notifications, and deletes them.
    await session.execute(select(func.lock_for_block(viewer.id, person.id)))
    is_new = await _add(
        session, viewer, person, Mute.muted_id, MUTED_ENOUGH.with_values(most=format_number(MOST))
    )
    if is_new:
        await record(session, PersonMuted(viewer.id, person.id))
    await session.commit()
    return is_new


async def unmute(session: AsyncSession, viewer: Viewer, person: User) -> bool:
    """Unmute a person.

    Returns:
        `False` if they were not muted.
    """
    theirs = (Mute.user_id == viewer.id, Mute.muted_id == person.id)
    if was_there := await delete_rows(session, delete(Mute).where(*theirs)) > 0:
        await record(session, PersonUnmuted(viewer.id, person.id))
    await session.commit()
    return was_there


async def block(session: AsyncSession, viewer: Viewer, person: User) -> bool:
    """Block a person: neither follows the other any more, and neither can follow, like or comment.

    Returns:
        `False` if they are blocked already.

    Raises:
        InvalidFieldsError, LimitReachedError, NotFoundError: as for `mute`.
    """
    # Concurrent follows either hold this lock until their commit, or wait for ours and are refused
    # by a trigger, so none survives.
    await session.execute(select(func.lock_for_block(viewer.id, person.id)))
    is_new = await _add(
        session,
        viewer,
        person,
        Block.blocked_id,
        BLOCKED_ENOUGH.with_values(most=format_number(MOST)),
    )
    await remove(session, [Pair(viewer.id, person.id), Pair(person.id, viewer.id)])
    if is_new:
        await record(session, PersonBlocked(viewer.id, person.id))
    await session.commit()
    return is_new


async def unblock(session: AsyncSession, viewer: Viewer, person: User) -> bool:
    """Lift a block.

    Returns:
        `False` if there was none.
    """
    theirs = (Block.user_id == viewer.id, Block.blocked_id == person.id)
    if was_there := await delete_rows(session, delete(Block).where(*theirs)) > 0:
        await record(session, PersonUnblocked(viewer.id, person.id))
    await session.commit()
    return was_there


async def hide_word(session: AsyncSession, viewer: Viewer, text: str) -> tuple[HiddenWord, bool]:
    """Hide a word, a phrase or a tag: the viewer's pages collapse texts with it, and they get no
    notifications of those.

    Args:
        session: the transaction.
        viewer: the viewer.
        text: the word or phrase; a tag if it begins with "#".

    Returns:
        The hidden word, and whether it is new.

    Raises:
        InvalidFieldsError: the text has no words, or is not a valid tag.
        LimitReachedError: the viewer hides the maximum number of words.
    """
    hidden = _parse_hidden(text)
    number = select(func.count()).where(HiddenWord.user_id == viewer.id).scalar_subquery()
    row = select(
        literal(viewer.id), literal(hidden.is_tag), literal(hidden.folded), literal(hidden.word)
    ).where(number < MOST_WORDS)
    columns = ["user_id", "is_tag", "folded", "word"]
    added = insert(HiddenWord).from_select(columns, row).on_conflict_do_nothing()
    new_id = await session.scalar(added.returning(HiddenWord.id))
    if new_id is not None:
        await record(session, WordHidden(viewer.id, new_id))
    await session.commit()
    found = await session.scalar(
        select(HiddenWord).where(
            HiddenWord.user_id == viewer.id,
            HiddenWord.is_tag == hidden.is_tag,
            HiddenWord.folded == hidden.folded,
        )
    )
    if found is None:
        raise LimitReachedError({"word": WORDS_ENOUGH})
    return found, new_id is not None


async def show_word(session: AsyncSession, viewer: Viewer, word_id: int) -> bool:
    """Stop hiding one of the viewer's hidden words.

    Returns:
        `False` if it is not one of theirs.
    """
    theirs = (HiddenWord.id == word_id, HiddenWord.user_id == viewer.id)
    number = await delete_rows(session, delete(HiddenWord).where(*theirs))
    await session.commit()
    return number > 0


class _Hidden(NamedTuple):
    is_tag: bool
    folded: str
    word: str


def _parse_hidden(text: str) -> _Hidden:
    if text.startswith(("#", "\uff03")):
        try:
            tags = clean_tags([text])
        except ValueError as error:
            raise InvalidFieldsError({"word": str(error)}) from None
        if not tags:
            raise InvalidFieldsError({"word": NO_WORD})
        return _Hidden(True, fold_tag(tags[0]), tags[0])
    if not (words := folded_words(text)):
        raise InvalidFieldsError({"word": NO_WORD})
    folded = phrase(words)
    if len(folded.encode()) > LONGEST_FOLDED:
        raise InvalidFieldsError({"word": TOO_LONG})
    return _Hidden(False, folded, text)


async def _add(
    session: AsyncSession, viewer: Viewer, person: User, column: Any, is_enough: LazyText
) -> bool:
    """Add a person to those in a column; returns whether they are new there."""
    if viewer.id == person.id:
        raise InvalidFieldsError({"": NOT_YOURSELF})
    table, person_id = column.class_, person.id
    number = select(func.count()).where(table.user_id == viewer.id).scalar_subquery()
    row = select(literal(viewer.id), literal(person_id)).where(number < MOST)
    added = insert(table).from_select(["user_id", column.key], row).on_conflict_do_nothing()
    try:
        is_new = await session.scalar(added.returning(column)) is not None
    except IntegrityError as error:
        if broken_reference(error) != f"fk_{table.__tablename__}_{column.key}":
            raise
        raise NotFoundError from None
    is_there = select(column).where(table.user_id == viewer.id, column == person_id)
    if not is_new and await session.scalar(is_there) is None:
        raise LimitReachedError({"": is_enough})
    return is_new
