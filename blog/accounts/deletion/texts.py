"""Deleting a person's posts, comments, likes and bookmarks, most of which are counted elsewhere.

Each function deletes some rows, and returns whether there were any.
"""

from sqlalchemy import ColumnElement, and_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.deletion.rows import ROWS_AT_ONCE, delete_items, delete_where, find_ids, lock
from blog.models import (
    Bookmark,
    Comment,
    CommentLike,
    NotificationItem,
    Post,
    PostLike,
    PostRevision,
    PostTag,
    Tag,
    User,
)
from blog.models.comment import has_replies

# Each may lock the row of another day, which counts the posts of all users.
POSTS_AT_ONCE = 20


async def delete_posts(session: AsyncSession, user_id: int) -> bool:
    """Delete the newest posts, after their comments and revisions.

    The newest first, because every list has to skip them while they exist.
    """
    posts = await find_ids(
        session,
        select(Post.id).where(Post.author_id == user_id).order_by(Post.id.desc())
        .limit(POSTS_AT_ONCE),
    )  # fmt: skip
    if not posts:
        return False
    await lock(session, Post, Post.id.in_(posts))
    history = await find_ids(
        session, select(PostRevision.id).where(PostRevision.post_id.in_(posts)).limit(ROWS_AT_ONCE)
    )
    if history:
        await delete_where(session, PostRevision, PostRevision.id.in_(history))
        return True
    if await delete_items(session, NotificationItem.post_id.in_(posts)):
        return True
    for table in (PostLike, Bookmark):
        if await _delete_reactions(session, table, table.post_id.in_(posts)):
            return True
    # Replies before their parents.
    comments = await find_ids(
        session,
        select(Comment.id).where(Comment.post_id.in_(posts))
        .order_by(Comment.post_id.desc(), Comment.id.desc()).limit(ROWS_AT_ONCE),
    )  # fmt: skip
    if await _delete_likes_of_comments(session, CommentLike.comment_id.in_(comments)):
        return True
    # Lock the tags, and then the author, before the ranges and days that count comments and posts.
    await lock(session, Tag, Tag.id.in_(select(PostTag.tag_id).where(PostTag.post_id.in_(posts))))
    await lock(session, User, User.id == user_id)
    if comments:
        await delete_where(session, Comment, Comment.id.in_(comments))
    if len(comments) < ROWS_AT_ONCE:
        await delete_where(session, Post, Post.id.in_(posts))
    return True


async def delete_comments(session: AsyncSession, user_id: int) -> bool:
    """Delete some comments on posts of other users, which count them. Comments with replies become
    empty rows."""
    statement = select(Comment.id, Comment.post_id).where(Comment.author_id == user_id)
    comments = (await session.execute(statement.limit(ROWS_AT_ONCE))).all()
    if not comments:
        return False
    await lock(session, Post, Post.id.in_({comment.post_id for comment in comments}))
    ids = [comment.id for comment in comments]
    if await _delete_likes_of_comments(session, CommentLike.comment_id.in_(ids)):
        return True
    is_selected = Comment.id.in_(ids)
    await session.execute(
        update(Comment)
        .where(is_selected, has_replies())
        .values(Comment.REMOVED)
        .execution_options(synchronize_session=False)
    )
    await delete_where(session, Comment, and_(is_selected, Comment.author_id == user_id))
    return True


async def delete_likes(session: AsyncSession, user_id: int) -> bool:
    """Delete some likes of posts of other users, which count them."""
    return await _delete_reactions(session, PostLike, PostLike.user_id == user_id)


async def delete_comment_likes(session: AsyncSession, user_id: int) -> bool:
    """Delete some likes of comments of other users, which count them."""
    return await _delete_likes_of_comments(session, CommentLike.user_id == user_id)


async def _delete_likes_of_comments(session: AsyncSession, condition: ColumnElement[bool]) -> bool:
    """Delete some likes, after locking the comments."""
    key = (CommentLike.user_id, CommentLike.comment_id)
    rows = (await session.execute(select(*key).where(condition).limit(ROWS_AT_ONCE))).all()
    if rows:
        await lock(session, Comment, Comment.id.in_({row.comment_id for row in rows}))
        await delete_where(session, CommentLike, tuple_(*key).in_([tuple(row) for row in rows]))
    return bool(rows)


async def delete_bookmarks(session: AsyncSession, user_id: int) -> bool:
    """Delete some bookmarks."""
    return await _delete_reactions(session, Bookmark, Bookmark.user_id == user_id)


async def _delete_reactions(
    session: AsyncSession, table: type[PostLike] | type[Bookmark], condition: ColumnElement[bool]
) -> bool:
    """Delete some likes or bookmarks, after locking the posts, which count their likes."""
    key = (table.user_id, table.post_id)
    rows = (await session.execute(select(*key).where(condition).limit(ROWS_AT_ONCE))).all()
    if rows and table is PostLike:
        await lock(session, Post, Post.id.in_({row.post_id for row in rows}))
    if rows:
        await delete_where(session, table, tuple_(*key).in_([tuple(row) for row in rows]))
    return bool(rows)
