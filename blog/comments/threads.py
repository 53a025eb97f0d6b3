"""The threads of comments under a post, in pages.

A page is a part of all comments in the order of their threads, so it costs the same in a thread of
ten thousand comments. It may begin in the middle of a thread: then the comments above are loaded
with it, and so are deleted ones that have replies.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnClause,
    ColumnElement,
    FromClause,
    Select,
    bindparam,
    case,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from blog.comments.queries import is_listed
from blog.core.db.cursors import Order
from blog.core.db.pagination import (
    ANY_PAGE,
    LIMIT,
    OFFSET,
    CursorRequest,
    Listing,
    Page,
    PageRequest,
    Rows,
)
from blog.models import Comment, Post, User
from blog.models.comment import thread_order
from blog.posts.listed import AUTHOR_COLUMNS, Author, ListedPost


class Sort(StrEnum):
    """The order of threads. Within one, comments are in the order of their time."""

    OLDEST = "oldest"
    NEWEST = "newest"
    TOP = "top"  # By the likes of their first comments.


class ThreadComment(NamedTuple):
    """A comment of a page, or one above it: an immutable value.

    Attributes:
        author: of one that is deleted, without values.
    """

    id: int
    author_id: int
    parent_id: int | None
    body_html: str
    created_at: datetime
    edited_at: datetime | None
    disabled_at: datetime | None
    disabled_by_id: int | None
    disabled_reason: str | None
    like_count: int
    author: Author

    @property
    def is_disabled(self) -> bool:
        return self.disabled_at is not None


class Found(NamedTuple):
    """A comment of a page, or one above it, as it is read.

    Attributes:
        path: the ids of the comments above it, from the first one of the thread, and its own.
        is_shown: whether it is one of the page.
        is_listed: whether it can be shown, and is not deleted.
        parent_author: the author of the comment that it replies to, unless that is deleted.
        thread_likes: the likes of the first comment of its thread.
    """

    comment: ThreadComment
    path: list[int]
    is_shown: bool
    is_listed: bool
    parent_author: str | None
    thread_likes: int = 0


@dataclass
class Node:
    """A comment and the replies to it that are on the page.

    Attributes:
        comment: the comment.
        is_shown: whether the page has it. Otherwise only its replies are on the page.
        is_deleted: whether it is deleted.
        is_beside_parent: whether it is not indented below the comment that it replies to, because
            it is deeper than replies are indented.
        parent_author: as in `Found`.
        replies: the replies, in their order.
    """

    comment: ThreadComment
    is_shown: bool
    is_deleted: bool
    is_beside_parent: bool
    parent_author: str | None
    replies: list["Node"] = field(default_factory=list)


@dataclass(frozen=True)
class Threads:
    """A page of threads.

    Attributes:
        page: the comments on the page.
        first: their threads, from the first comment of each.
        sort: the order of threads.
    """

    page: Page[Found]
    first: Sequence[Node]
    sort: Sort


_POST = bindparam("post", type_=BigInteger)
_NO_PATH: ColumnClause[list[int]] = literal_column("'{}'::bigint[]")


# The columns of the tables themselves, so that the ORM has nothing to do with the rows.
_COLUMNS = (
    "id", "author_id", "parent_id", "body_html", "created_at", "edited_at", "disabled_at",
    "disabled_by_id", "disabled_reason", "like_count",
)  # fmt: skip


def _comment_of(row_id: ColumnElement[int], name: str) -> FromClause:
    """The comment with an id of the row before.

    Its limit lets PostgreSQL look up one at a time. It would read a table that is divided by month
    as a whole, because it reckons that an id is looked up in each part (docs/scaling.md).
    """
    comments = Comment.__table__
    return select(comments).where(comments.c.id == row_id).limit(literal_column("1")).lateral(name)


def _with_comments_above(places: Rows) -> Select[Any]:
    """The comments at these places, and those above them, in no order."""
    shown = places.cte("shown")
    needed = select(func.unnest(shown.c.place).label("id")).distinct().subquery("needed")
    users = User.__table__
    comment = _comment_of(needed.c.id, "comment")
    parent, answered = _comment_of(comment.c.parent_id, "parent"), users.alias("answered")
    return (
        select(
            *(comment.c[column] for column in _COLUMNS),
            *AUTHOR_COLUMNS,
            thread_order(comment.c),
            shown.c.id.is_not(None),
            is_listed(comment.c),
            case((is_listed(parent.c), answered.c.username)),
        )
        .select_from(needed)
        .join(comment, true())
        .outerjoin(users, users.c.id == comment.c.author_id)
        .outerjoin(shown, shown.c.id == comment.c.id)
        .outerjoin(parent, true())
        .outerjoin(answered, answered.c.id == parent.c.author_id)
    )


def _found(row: Sequence[Any]) -> Found:
    """A row of `_with_comments_above`."""
    end = len(_COLUMNS) + len(AUTHOR_COLUMNS)
    author = Author._make(row[len(_COLUMNS) : end])
    return Found(ThreadComment._make((*row[: len(_COLUMNS)], author)), *row[end:])


_oldest_first = Order(thread_order(), descending=False)
_OLDEST: Listing[Found] = Listing(
    _oldest_first,
    select(Comment.id, thread_order().label("place")).where(Comment.post_id == _POST, is_listed()),
    lambda found: (found.path,),
    complete=_with_comments_above,
    deepest=ANY_PAGE,
)


def _by_thread(
    columns: Callable[[Any], tuple[Any, ...]], place: Callable[[Found], Sequence[Any]]
) -> Listing[Found]:
    """Threads in the descending order of columns of their first comments."""
    first = aliased(Comment, name="first")
    order = Order(*columns(first), thread_order())
    *after, after_path = order.after
    is_first = (first.post_id == _POST, first.parent_id.is_(None))

    def part(most: Any, *after: Any) -> Rows:
        # A page needs no more of a thread than its own length.
        of_thread = (
            select(Comment.id, thread_order().label("place"))
            .where(
                Comment.post_id == _POST,
                thread_order() >= array([first.id]),
                thread_order() < array([first.id + 1]),
                is_listed(),
                *after,
            )
            .correlate(first)
            .order_by(thread_order())
            .limit(most)
            .lateral("of_thread")
        )
        return (
            select(of_thread.c.id, of_thread.c.place)
            .select_from(first)
            .join(of_thread, true())
            .where(*is_first)
            .order_by(*(column.desc() for column in columns(first)), of_thread.c.place)
            .limit(LIMIT)
        )

    is_begun = tuple_(*columns(first)) == tuple_(*after)
    return Listing(
        order,
        select(Comment.id),
        place,
        complete=_with_comments_above,
        by_number=part(OFFSET + LIMIT).offset(OFFSET),
        by_cursor=part(LIMIT, thread_order() > case((is_begun, after_path), else_=_NO_PATH)).where(
            tuple_(*columns(first)) <= tuple_(*after)
        ),
        deepest=ANY_PAGE,
    )


_NEWEST = _by_thread(lambda first: (first.id,), lambda found: (found.path[0], found.path))
_TOP = _by_thread(
    lambda first: (first.like_count, first.id),
    lambda found: (found.thread_likes, found.path[0], found.path),
)
_LISTINGS = {Sort.OLDEST: _OLDEST, Sort.NEWEST: _NEWEST, Sort.TOP: _TOP}


async def threads_page(
    session: AsyncSession,
    post: Post | ListedPost,
    wanted: PageRequest | CursorRequest,
    sort: Sort = Sort.OLDEST,
) -> Threads:
    """A page of the comments on `post` in the order of their threads.

    Raises:
        InvalidCursorError: the cursor is not of this list.
    """
    listing, total = _LISTINGS[sort], post.comment_count
    if isinstance(wanted, PageRequest) and wanted.offset and wanted.offset >= total:
        return _assembled([], listing.page([], wanted, total), sort)
    statement, parameters = listing.query(wanted, post=post.id)
    rows = await session.execute(statement, parameters)
    found = _sorted([_found(row) for row in rows], sort)
    page = listing.page([each for each in found if each.is_shown], wanted, total)
    return _assembled(found, page, sort)


def _sorted(found: Sequence[Found], sort: Sort) -> list[Found]:
    """Comments in the order of their threads; the first of each thread is among them."""
    likes = {each.comment.id: each.comment.like_count for each in found}
    found = [each._replace(thread_likes=likes[each.path[0]]) for each in found]
    keys: dict[Sort, Callable[[Found], Any]] = {
        Sort.OLDEST: lambda each: each.path,
        Sort.NEWEST: lambda each: (-each.path[0], each.path),
        Sort.TOP: lambda each: (-each.thread_likes, -each.path[0], each.path),
    }
    return sorted(found, key=keys[sort])


def _assembled(found: Sequence[Found], page: Page[Found], sort: Sort) -> Threads:
    shown = {each.comment.id for each in page.rows}
    needed = {above for each in page.rows for above in each.path}
    nodes: dict[int, Node] = {}
    first: list[Node] = []
    for each in found:
        if (row_id := each.comment.id) in needed:
            is_reply = len(each.path) > 1
            nodes[row_id] = node = Node(
                each.comment,
                is_shown=row_id in shown,
                is_deleted=not each.is_listed,
                is_beside_parent=is_reply and each.path[-2] != each.comment.parent_id,
                parent_author=each.parent_author,
            )
            (nodes[each.path[-2]].replies if is_reply else first).append(node)
    return Threads(page, first, sort)
