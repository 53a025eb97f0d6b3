"""Account deletion: the account is hidden immediately, and its rows are deleted in batches.

The largest accounts have a hundred thousand follows. Deleting them in one transaction would lock
the rows of counts that all writes need for many seconds. So each batch is a short transaction with
a short lock timeout. The remaining work is read from the tables each time, so a process may be
killed at any moment, and several may work concurrently.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.second_factor.service import remove_all as remove_second_factors
from blog.accounts.sessions.service import end_all_access
from blog.core.clock import now
from blog.media.service import delete_some_media
from blog.models import (
    AccountDeletion,
    Application,
    AuditEntry,
    Block,
    Bookmark,
    BulkAct,
    Comment,
    CommentLike,
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
    Post,
    PostLike,
    PostRevision,
    PostTag,
    RefusedAddress,
    Report,
    Subscription,
    Tag,
    User,
)
from blog.models.comment import has_replies

ROWS_AT_ONCE = 100
# Each may be of another day, whose count has the posts of all users.
POSTS_AT_ONCE = 20
LOCK_TIMEOUT = text("SET LOCAL lock_timeout = '50ms'")


async def begin_deletion(session: AsyncSession, user: User) -> None:
    """Hide an account from everybody; the caller has locked it, and commits.

    Sessions, tokens, mails and what the address is subscribed to are deleted at once. The username
    and the address become available again.
    """
    session.add(AccountDeletion(user_id=user.id))
    await session.execute(delete(Email).where(Email.recipient == user.email))
    # Until an address is confirmed, it may be somebody else's.
    if user.is_confirmed:
        await _delete(session, Subscription, Subscription.email == user.email)
        await _delete(session, RefusedAddress, RefusedAddress.address == user.email)
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


async def delete_batch(session: AsyncSession, user_id: int) -> bool:
    """Delete some rows of a deleted account, and finally the account itself; the caller commits.

    Lock waits are short, so that other transactions do not wait long for its own locks.

    Returns:
        Whether the account is completely deleted.

    Raises:
        sqlalchemy.exc.DBAPIError: a lock timed out. Nothing is changed; try again.
    """
    if await session.get(AccountDeletion, user_id) is None:
        return True
    await session.execute(LOCK_TIMEOUT)
    for step in (
        _delete_posts,
        _delete_comments,
        _delete_likes,
        _delete_comment_likes,
        _delete_bookmarks,
        _forget_mentions,
        _delete_follows,
        _delete_mutes_and_blocks,
        _delete_hidden_words,
        _delete_reports,
        _delete_held,
        _delete_subscriptions,
        _delete_notifications,
        _delete_media,
        _anonymise_moderation,
        _delete_openings,
    ):
        if await step(session, user_id):
            return False
    await session.execute(delete(User).where(User.id == user_id))
    return True


async def _delete_posts(session: AsyncSession, user_id: int) -> bool:
    """Delete the newest posts, after their comments and revisions.

    The newest first, because every list has to skip them while they exist.
    """
    posts = await _some(
        session,
        select(Post.id).where(Post.author_id == user_id).order_by(Post.id.desc())
        .limit(POSTS_AT_ONCE),
    )  # fmt: skip
    if not posts:
        return False
    await _lock(session, Post, Post.id.in_(posts))
    history = await _some(
        session, select(PostRevision.id).where(PostRevision.post_id.in_(posts)).limit(ROWS_AT_ONCE)
    )
    if history:
        await _delete(session, PostRevision, PostRevision.id.in_(history))
        return True
    if await _delete_notified(session, NotificationItem.post_id.in_(posts)):
        return True
    for table in (PostLike, Bookmark):
        if await _delete_reactions(session, table, table.post_id.in_(posts)):
            return True
    # Replies before what they reply to.
    below = await _some(
        session,
        select(Comment.id).where(Comment.post_id.in_(posts))
        .order_by(Comment.post_id.desc(), Comment.id.desc()).limit(ROWS_AT_ONCE),
    )  # fmt: skip
    if await _delete_likes_of_comments(session, CommentLike.comment_id.in_(below)):
        return True
    # Lock the tags, and then the author, before the ranges and days that count comments and posts.
    await _lock(session, Tag, Tag.id.in_(select(PostTag.tag_id).where(PostTag.post_id.in_(posts))))
    await _lock(session, User, User.id == user_id)
    if below:
        await _delete(session, Comment, Comment.id.in_(below))
    if len(below) < ROWS_AT_ONCE:
        await _delete(session, Post, Post.id.in_(posts))
    return True


async def _delete_comments(session: AsyncSession, user_id: int) -> bool:
    """Delete some comments on posts of other users, which count them. Empty rows hold the place of
    those with replies."""
    statement = select(Comment.id, Comment.post_id).where(Comment.author_id == user_id)
    comments = (await session.execute(statement.limit(ROWS_AT_ONCE))).all()
    if not comments:
        return False
    await _lock(session, Post, Post.id.in_({comment.post_id for comment in comments}))
    ids = [comment.id for comment in comments]
    if await _delete_likes_of_comments(session, CommentLike.comment_id.in_(ids)):
        return True
    is_one = Comment.id.in_(ids)
    await session.execute(
        update(Comment)
        .where(is_one, has_replies())
        .values(Comment.REMOVED)
        .execution_options(synchronize_session=False)
    )
    await _delete(session, Comment, and_(is_one, Comment.author_id == user_id))
    return True


async def _delete_likes(session: AsyncSession, user_id: int) -> bool:
    """Delete some likes of posts of other users, which count them."""
    return await _delete_reactions(session, PostLike, PostLike.user_id == user_id)


async def _delete_comment_likes(session: AsyncSession, user_id: int) -> bool:
    """Delete some likes of comments of other users, which count them."""
    return await _delete_likes_of_comments(session, CommentLike.user_id == user_id)


async def _delete_likes_of_comments(session: AsyncSession, which: ColumnElement[bool]) -> bool:
    """Delete some likes, after locking the comments."""
    key = (CommentLike.user_id, CommentLike.comment_id)
    rows = (await session.execute(select(*key).where(which).limit(ROWS_AT_ONCE))).all()
    if rows:
        await _lock(session, Comment, Comment.id.in_({row.comment_id for row in rows}))
        await _delete(session, CommentLike, tuple_(*key).in_([tuple(row) for row in rows]))
    return bool(rows)


async def _delete_bookmarks(session: AsyncSession, user_id: int) -> bool:
    """Delete some bookmarks."""
    return await _delete_reactions(session, Bookmark, Bookmark.user_id == user_id)


async def _delete_reactions(
    session: AsyncSession, table: type[PostLike] | type[Bookmark], which: ColumnElement[bool]
) -> bool:
    """Delete some likes or bookmarks, after locking the posts, which count their likes."""
    key = (table.user_id, table.post_id)
    rows = (await session.execute(select(*key).where(which).limit(ROWS_AT_ONCE))).all()
    if rows and table is PostLike:
        await _lock(session, Post, Post.id.in_({row.post_id for row in rows}))
    if rows:
        await _delete(session, table, tuple_(*key).in_([tuple(row) for row in rows]))
    return bool(rows)


async def _forget_mentions(session: AsyncSession, user_id: int) -> bool:
    """Take the user out of some mentions; a job renders those texts again, without the link."""
    rows = await _some(
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
            await _delete(session, side.class_, tuple_(*pair).in_(rows))
            return True
    return False


async def _delete_hidden_words(session: AsyncSession, user_id: int) -> bool:
    """Delete some hidden words and tags."""
    words = select(HiddenWord.id).where(HiddenWord.user_id == user_id).limit(ROWS_AT_ONCE)
    if some := await _some(session, words):
        await _delete(session, HiddenWord, HiddenWord.id.in_(some))
    return bool(some)


async def _delete_reports(session: AsyncSession, user_id: int) -> bool:
    """Delete some reports by the user."""
    reports = await _some(
        session, select(Report.id).where(Report.reporter_id == user_id).limit(ROWS_AT_ONCE)
    )
    if reports:
        await _delete(session, Report, Report.id.in_(reports))
    return bool(reports)


async def _delete_held(session: AsyncSession, user_id: int) -> bool:
    """Delete some of what the user has written that was held for review."""
    held = await _some(
        session, select(HeldItem.id).where(HeldItem.author_id == user_id).limit(ROWS_AT_ONCE)
    )
    if held:
        await _delete(session, HeldItem, HeldItem.id.in_(held))
    return bool(held)


async def _delete_subscriptions(session: AsyncSession, user_id: int) -> bool:
    """Delete some subscriptions of readers to the user's posts."""
    subscriptions = await _some(
        session,
        select(Subscription.id).where(Subscription.author_id == user_id).limit(ROWS_AT_ONCE),
    )
    if subscriptions:
        await _delete(session, Subscription, Subscription.id.in_(subscriptions))
    return bool(subscriptions)


async def _delete_notifications(session: AsyncSession, user_id: int) -> bool:
    """Delete some of what the user is notified of, and then of the lines."""
    lines = select(Notification.id).where(Notification.user_id == user_id).limit(ROWS_AT_ONCE)
    some = await _some(session, lines)
    if not some:
        return False
    if not await _delete_notified(session, NotificationItem.notification_id.in_(some)):
        await _delete(session, Notification, Notification.id.in_(some))
    return True


async def _delete_notified(session: AsyncSession, which: ColumnElement[bool]) -> bool:
    """Delete some of what people are notified of."""
    items = await _some(session, select(NotificationItem.id).where(which).limit(ROWS_AT_ONCE))
    if items:
        await _delete(session, NotificationItem, NotificationItem.id.in_(items))
    return bool(items)


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
        rows = await _some(session, select(table.id).where(column == user_id).limit(ROWS_AT_ONCE))
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
    """Delete some of what the log of moderation says of the user; its entries stay as they are."""
    key = (LogOpening.number, LogOpening.fact)
    rows = (
        await session.execute(select(*key).where(LogOpening.user_id == user_id).limit(ROWS_AT_ONCE))
    ).all()
    if rows:
        await _delete(session, LogOpening, tuple_(*key).in_([tuple(row) for row in rows]))
    return bool(rows)


async def _some(session: AsyncSession, ids: Select[int]) -> Sequence[int]:
    return (await session.scalars(ids)).all()


async def _lock(session: AsyncSession, table: Any, which: ColumnElement[bool]) -> None:
    """Lock rows in the order of their ids, to avoid deadlocks."""
    await session.execute(
        select(table.id).where(which).order_by(table.id).with_for_update(key_share=True)
    )


async def _delete(session: AsyncSession, table: Any, which: ColumnElement[bool]) -> None:
    await session.execute(delete(table).where(which).execution_options(synchronize_session=False))
