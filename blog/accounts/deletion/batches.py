"""Account deletion: the account is hidden immediately, and its rows are deleted in batches.

The largest accounts have a hundred thousand follows. Deleting them in one transaction would lock
the rows of counts that all writes need for many seconds. So each batch is a short transaction with
a short lock timeout. The remaining work is read from the tables each time, so a process may be
killed at any moment, and several may work concurrently.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import delete, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.deletion.rows import ROWS_AT_ONCE, delete_items, delete_where, find_ids
from blog.accounts.deletion.texts import (
    delete_bookmarks,
    delete_comment_likes,
    delete_comments,
    delete_likes,
    delete_posts,
)
from blog.accounts.second_factor.service import remove_all as remove_second_factors
from blog.accounts.sessions.service import end_all_access
from blog.core.clock import now
from blog.media.service import delete_some_media
from blog.models import (
    AccountDeletion,
    Application,
    AuditEntry,
    Block,
    BulkAct,
    Comment,
    Email,
    Follow,
    HeldItem,
    HiddenWord,
    LogOpening,
    Measure,
    Mention,
    ModeratorNote,
    Mute,
    Notification,
    NotificationItem,
    OpenIDLogin,
    PostRevision,
    RefusedAddress,
    Report,
    Subscription,
    User,
)

LOCK_TIMEOUT = text("SET LOCAL lock_timeout = '50ms'")


async def begin_deletion(session: AsyncSession, user: User) -> None:
    """Hide an account from everyone; the caller has locked it, and commits.

    Sessions, tokens, mails and the subscriptions of the address are deleted immediately. The
    username and the address become available again.
    """
    session.add(AccountDeletion(user_id=user.id))
    await session.execute(delete(Email).where(Email.recipient == user.email))
    # Until an address is confirmed, it may be someone else's.
    if user.is_confirmed:
        await delete_where(session, Subscription, Subscription.email == user.email)
        await delete_where(session, RefusedAddress, RefusedAddress.address == user.email)
    # Not valid for registration: usernames have no hyphen, and addresses have an "@".
    unnamed = f"deleted-{user.id}"
    await session.execute(
        update(User)
        .where(User.id == user.id)
        .values(
            username=unnamed, username_fold=None, email=unnamed, password_hash="", submission=None,
            name="", location="", about_me="", language=None, interface_language=None, avatar=None,
            disabled_at=func.coalesce(User.disabled_at, now()), limited_at=None,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    await end_all_access(session, user)
    await remove_second_factors(session, user.id)
    for table in (OpenIDLogin, Application):
        await session.execute(delete(table).where(table.user_id == user.id))


def _build_step(person: Any) -> Callable[[AsyncSession, int], Awaitable[bool]]:
    """Build a function that deletes some rows of a table: those with the user in a column.

    It returns whether there were any.

    Args:
        person: the column.
    """
    table = person.class_

    async def delete_some(session: AsyncSession, user_id: int) -> bool:
        ids = await find_ids(session, select(table.id).where(person == user_id).limit(ROWS_AT_ONCE))
        if ids:
            await delete_where(session, table, table.id.in_(ids))
        return bool(ids)

    return delete_some


async def delete_batch(session: AsyncSession, user_id: int) -> bool:
    """Delete some rows of a deleted account, and finally the account itself; the caller commits.

    It gives up quickly when it has to wait for a lock, because others may be waiting for its own.

    Returns:
        Whether the account is completely deleted.

    Raises:
        sqlalchemy.exc.DBAPIError: a lock timed out. Nothing is changed; try again.
    """
    if await session.get(AccountDeletion, user_id) is None:
        return True
    await session.execute(LOCK_TIMEOUT)
    for step in (
        delete_posts,
        delete_comments,
        delete_likes,
        delete_comment_likes,
        delete_bookmarks,
        _unlink_mentions,
        _delete_follows,
        _delete_mutes_and_blocks,
        _build_step(HiddenWord.user_id),
        _build_step(Report.reporter_id),
        _build_step(HeldItem.author_id),
        _build_step(Subscription.author_id),
        _delete_notifications,
        _delete_media,
        _anonymise_moderation,
        _delete_openings,
    ):
        if await step(session, user_id):
            return False
    await session.execute(delete(User).where(User.id == user_id))
    return True


async def _unlink_mentions(session: AsyncSession, user_id: int) -> bool:
    """Remove the user from some mentions; a job renders those texts again, without the link."""
    rows = await find_ids(
        session, select(Mention.id).where(Mention.user_id == user_id).limit(ROWS_AT_ONCE)
    )
    if rows:
        await session.execute(
            update(Mention)
            .where(Mention.id.in_(rows))
            .values(user_id=None)
            .execution_options(synchronize_session=False)
        )
    return bool(rows)


async def _delete_follows(session: AsyncSession, user_id: int) -> bool:
    """Delete some follows in either direction. Both users count them."""
    return await _delete_pairs(session, user_id, Follow.follower_id, Follow.followed_id)


async def _delete_mutes_and_blocks(session: AsyncSession, user_id: int) -> bool:
    """Delete some mutes or blocks, by the user and of them."""
    return await _delete_pairs(
        session, user_id, Mute.user_id, Mute.muted_id
    ) or await _delete_pairs(session, user_id, Block.user_id, Block.blocked_id)


async def _delete_pairs(session: AsyncSession, user_id: int, *pair: Any) -> bool:
    """Delete some rows about two people, one of them the user."""
    for side in pair:
        statement = select(*pair).where(side == user_id).limit(ROWS_AT_ONCE)
        rows = [tuple(row) for row in await session.execute(statement)]
        if rows:
            await delete_where(session, side.class_, tuple_(*pair).in_(rows))
            return True
    return False


async def _delete_notifications(session: AsyncSession, user_id: int) -> bool:
    """Delete some items of the user's notifications; then some notifications without any."""
    lines = select(Notification.id).where(Notification.user_id == user_id).limit(ROWS_AT_ONCE)
    some = await find_ids(session, lines)
    if not some:
        return False
    if not await delete_items(session, NotificationItem.notification_id.in_(some)):
        await delete_where(session, Notification, Notification.id.in_(some))
    return True


async def _delete_media(session: AsyncSession, user_id: int) -> bool:
    """Delete some images; jobs remove their files."""
    return await delete_some_media(session, user_id, ROWS_AT_ONCE) > 0


async def _anonymise_moderation(session: AsyncSession, user_id: int) -> bool:
    """Remove the user's id from some records of moderation and of edits, which are kept."""
    for table, column in (
        (Comment, Comment.disabled_by_id),
        (Report, Report.closed_by_id),
        (Report, Report.claimed_by_id),
        (ModeratorNote, ModeratorNote.author_id),
        (PostRevision, PostRevision.editor_id),
        (Measure, Measure.moderator_id),
        (HeldItem, HeldItem.decided_by_id),
        (BulkAct, BulkAct.moderator_id),
        (BulkAct, BulkAct.undone_by_id),
        (AuditEntry, AuditEntry.actor_id),
        (AuditEntry, AuditEntry.subject_id),
    ):
        rows = await find_ids(
            session, select(table.id).where(column == user_id).limit(ROWS_AT_ONCE)
        )
        if rows:
            await session.execute(
                update(table)
                .where(table.id.in_(rows))
                .values({column: None})
                .execution_options(synchronize_session=False)
            )
            return True
    return False


async def _delete_openings(session: AsyncSession, user_id: int) -> bool:
    """Delete some facts about the user from the moderation log, whose entries stay as they are."""
    key = (LogOpening.number, LogOpening.fact)
    rows = (
        await session.execute(select(*key).where(LogOpening.user_id == user_id).limit(ROWS_AT_ONCE))
    ).all()
    if rows:
        await delete_where(session, LogOpening, tuple_(*key).in_([tuple(row) for row in rows]))
    return bool(rows)
