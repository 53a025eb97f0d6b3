"""Queries of comments; `threads.py` has those of threads."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    column,
    func,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, defer, joinedload

from blog.core.auth.viewer import ANONYMOUS
from blog.core.db.counted_parts import ids_of_page, number_of_rows
from blog.core.db.cursors import Order
from blog.core.db.pagination import ANY_PAGE, CursorRequest, Listing, Page, PageRequest, Rows
from blog.models import Comment, CommentRange, Post
from blog.models.account_deletion import is_deleted, not_deleted
from blog.models.block import hidden_people, shown_to_viewer
from blog.models.comment import thread_order
from blog.posts.listed import ListedPost
from blog.posts.policies import visible_to


def is_listed(comments: Any = Comment) -> ColumnElement[bool]:
    """The condition of all lists of comments on a post: neither the comment nor its author's
    account was deleted.

    Args:
        comments: the mapped class, an alias of it, or the name of the table.
    """
    return and_(comments.author_id.is_not(None), not_deleted(comments.author_id))


# The same for comments on any post: the account of the post's author is not deleted either.
IS_THERE = and_(
    is_listed(), Comment.post_id.not_in(select(Post.id).where(is_deleted(Post.author_id)))
)


def with_author_and_post(statement: Select[Comment]) -> Select[Comment]:
    """Also load the author and the post of each comment, the post without its text."""
    post = joinedload(Comment.post, innerjoin=True)
    texts = (Post.body, Post.body_html, Post.excerpt, Post.tags, Post.cover_facts)
    return statement.options(
        joinedload(Comment.author, innerjoin=True),
        post.options(*(defer(text, raiseload=True) for text in texts)),
    )


def _under_post(ids: Rows) -> Select[Comment]:
    shown = ids.subquery()
    return (
        select(Comment)
        .join(shown, shown.c.id == Comment.id)
        .options(joinedload(Comment.author, innerjoin=True))
        .order_by(Comment.id)
    )


def _of_all(ids: Rows) -> Select[Comment]:
    shown = ids.subquery()
    newest = select(Comment).join(shown, shown.c.id == Comment.id).order_by(Comment.id.desc())
    return with_author_and_post(newest)


# The ids of a page are read from the index of the post's comments, so that skipping the earlier
# ones is cheap.
_of_post = select(Comment.id).where(
    Comment.post_id == bindparam("post", type_=BigInteger), is_listed()
)
_UNDER_POST: Listing[Comment] = Listing(
    Order(Comment.id, descending=False), _of_post, lambda comment: (comment.id,),
    complete=_under_post, deepest=ANY_PAGE,
)  # fmt: skip
_NEWEST_UNDER_POST: Listing[Comment] = Listing(
    Order(Comment.id), _of_post, lambda comment: (comment.id,),
    complete=lambda ids: _under_post(ids).order_by(None).order_by(Comment.id.desc()),
)  # fmt: skip
_ids, _newest_first = select(Comment.id).where(IS_THERE), Order(Comment.id)
_NEWEST: Listing[Comment] = Listing(
    _newest_first, _ids, lambda comment: (comment.id,), complete=_of_all,
    by_number=ids_of_page(_ids, _newest_first, CommentRange), first_by_cursor=True,
    deepest=ANY_PAGE,
    shown=shown_to_viewer(Comment.author_id),
)  # fmt: skip
# The authors of the post and of the parent comment. Only public posts, because a refusal due to a
# block must not reveal that there is a draft.
_ANSWERED = text(f"""
    SELECT place - 1, posts.author_id, comments.author_id
    FROM unnest(CAST(:posts AS bigint[]), CAST(:parents AS bigint[]))
        WITH ORDINALITY AS given (post_id, parent_id, place)
    JOIN posts ON posts.id = given.post_id AND {visible_to(ANONYMOUS)}
    LEFT JOIN comments ON comments.id = given.parent_id AND comments.post_id = posts.id
""")  # noqa: S608
_given = (
    func.unnest(
        bindparam("viewers", type_=ARRAY(BigInteger)), bindparam("posts", type_=ARRAY(BigInteger))
    )
    .table_valued(column("viewer", BigInteger), column("post", BigInteger))
    .render_derived(name="given")
)
_HIDDEN = (
    select(_given.c.viewer, _given.c.post, func.count(Comment.id))
    .join(Comment, Comment.post_id == _given.c.post)
    .where(is_listed(), Comment.author_id.in_(hidden_people(_given.c.viewer)))
    .group_by(_given.c.viewer, _given.c.post)
)
_earlier = aliased(Comment)
_position = (
    select(func.count())
    .where(
        _earlier.post_id == Comment.post_id,
        thread_order(_earlier) <= thread_order(),
        is_listed(_earlier),
    )
    .correlate(Comment)
    .scalar_subquery()
)
_SUBMITTED = (
    select(Comment.submission, Comment.id, _position, Post.slug)
    .join(Post, Post.id == Comment.post_id)
    .where(Comment.submission == any_(bindparam("submissions", type_=ARRAY(Uuid))))
)


async def comments_page(
    session: AsyncSession, post: Post | ListedPost, wanted: PageRequest | CursorRequest
) -> Page[Comment]:
    """A page of the comments on `post`, oldest first, with their authors."""
    total = post.comment_count
    if isinstance(wanted, PageRequest) and wanted.offset and wanted.offset >= total:
        return _UNDER_POST.page([], wanted, total)
    return await _UNDER_POST.read(session, wanted, total, post=post.id)


async def find_answered_people(
    session: AsyncSession, replies: Sequence[tuple[int, int | None]]
) -> Sequence[frozenset[int]]:
    """Find the people that each comment answers: the authors of the post and of its parent comment;
    nobody if the post is not public.

    Args:
        replies: for each comment, the id of the post, and the id of its parent, if any.
    """
    parameters = {"posts": [post for post, _ in replies], "parents": [of for _, of in replies]}
    rows = (await session.execute(_ANSWERED, parameters)).all()
    people = {place: frozenset(ids) - {None} for place, *ids in rows}
    return [people.get(place, frozenset()) for place in range(len(replies))]


async def newest_under_post(
    session: AsyncSession, post_id: int, wanted: CursorRequest
) -> Page[Comment]:
    """A page of the comments on a post, newest first, with their authors."""
    return await _NEWEST_UNDER_POST.read(session, wanted, post=post_id)


async def newest(
    session: AsyncSession, wanted: PageRequest | CursorRequest, filtered_for: int = 0
) -> Page[Comment]:
    """A page of all comments, newest first, with their authors and posts.

    Args:
        filtered_for: the viewer whose hidden people are left out (`Viewer.filtered_for`).
    """
    total = await session.scalar(select(number_of_rows(CommentRange)))
    return await _NEWEST.read(session, wanted, total, filtered_for=filtered_for)


async def comment_by_id(session: AsyncSession, comment_id: int) -> Comment | None:
    """A comment with its author and its post."""
    return await session.scalar(
        with_author_and_post(select(Comment).where(Comment.id == comment_id, IS_THERE))
    )


async def hidden_comment_counts(
    session: AsyncSession, pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], int]:
    """Count the comments on posts by people whom a viewer has muted or blocked, or who have
    blocked the viewer.

    Args:
        pairs: the ids of viewers and posts.
    """
    given = {"viewers": [viewer for viewer, _ in pairs], "posts": [post for _, post in pairs]}
    rows = await session.execute(_HIDDEN, given)
    return {(viewer, post): number for viewer, post, number in rows}


async def readable_comments(session: AsyncSession, ids: Sequence[int]) -> Sequence[Comment]:
    """The comments with these ids that everyone may read, with their authors and posts, in the
    order of the ids."""
    if not ids:
        return ()
    readable = (Comment.id.in_(ids), IS_THERE, Comment.disabled_at.is_(None))
    is_shown = Comment.post_id.in_(select(Post.id).where(visible_to(ANONYMOUS)))
    found = await session.scalars(with_author_and_post(select(Comment).where(*readable, is_shown)))
    by_id = {comment.id: comment for comment in found}
    return [by_id[id_] for id_ in ids if id_ in by_id]


async def lock_post_of(session: AsyncSession, comment_id: int) -> None:
    """Keep the post of a comment from being deleted, before the comment is locked, because a
    deletion locks the post before its comments."""
    post = select(Post.id).join(Comment, Comment.post_id == Post.id).where(Comment.id == comment_id)
    await session.execute(post.with_for_update(read=True, key_share=True, of=Post))


async def position(session: AsyncSession, comment_id: int) -> int:
    """The position of a comment in the threads of its post, oldest first, from 1; 0 if it doesn't
    exist (any more)."""
    return await session.scalar(select(_position).where(Comment.id == comment_id)) or 0


async def find_submitted(
    session: AsyncSession, submissions: Sequence[UUID]
) -> dict[UUID, tuple[int, int, str | None]]:
    """Find the comments that these forms created: id, position, and the slug of the post."""
    rows = await session.execute(_SUBMITTED, {"submissions": submissions})
    return {submission: (comment_id, place, slug) for submission, comment_id, place, slug in rows}
