"""The threads of comments on a post, in pages.

A page is a slice of all comments in the order of their threads, so it costs the same in a thread of
ten thousand comments. It may start in the middle of a thread; then the comments above it are loaded
as well, including deleted ones that have replies.
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
    """The order of threads. Within a thread, comments are in chronological order."""

    OLDEST = "oldest"
    NEWEST = "newest"
    TOP = "top"  # By the likes of their first comments.


class ThreadComment(NamedTuple):
    """A comment on a page, or above the page in its thread: an immutable value.

    Attributes:
        author: the author, without values if the comment is deleted.
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


class ThreadRow(NamedTuple):
    """A row with a comment on a page, or above the page in its thread.

    Attributes:
        path: the ids of the comments above it, from the first one of the thread, and its own.
        is_shown: whether it is on the page.
        is_listed: whether it can be shown, and is not deleted.
        parent_author: the author of its parent comment, unless that is deleted.
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
        is_shown: whether it is on the page. Otherwise only its replies are.
        is_deleted: whether it is deleted.
        is_beside_parent: whether it is at the same level as its parent, because replies are not
            indented any deeper.
        parent_author: as in `ThreadRow`.
        replies: the replies, in order.
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

    page: Page[ThreadRow]
    first: Sequence[Node]
    sort: Sort


_POST = bindparam("post", type_=BigInteger)
_NO_PATH: ColumnClause[list[int]] = literal_column("'{}'::bigint[]")


# Table columns rather than mapped attributes, so that rows bypass the ORM.
_COLUMNS = (
    "id", "author_id", "parent_id", "body_html", "created_at", "edited_at", "disabled_at",
    "disabled_by_id", "disabled_reason", "like_count",
)  # fmt: skip


def _comment_of(row_id: ColumnElement[int], name: str) -> FromClause:
    """The comment with an id from the preceding row.

    The limit makes PostgreSQL look up one at a time. Otherwise it would read all of a table that is
    partitioned by month, because it expects to look up each id in each partition
    (docs/scaling.md).
    """
    comments = Comment.__table__
    return select(comments).where(comments.c.id == row_id).limit(literal_column("1")).lateral(name)


def _with_comments_above(places: Rows) -> Select[Any]:
    """The comments at these places and the comments above them, in no particular order."""
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


def _row_of(row: Sequence[Any]) -> ThreadRow:
    """Convert a row of `_with_comments_above`."""
    end = len(_COLUMNS) + len(AUTHOR_COLUMNS)
    author = Author._make(row[len(_COLUMNS) : end])
    return ThreadRow(ThreadComment._make((*row[: len(_COLUMNS)], author)), *row[end:])


_oldest_first = Order(thread_order(), descending=False)
_OLDEST: Listing[ThreadRow] = Listing(
    _oldest_first,
    select(Comment.id, thread_order().label("place")).where(Comment.post_id == _POST, is_listed()),
    lambda found: (found.path,),
    complete=_with_comments_above,
    deepest=ANY_PAGE,
)


def _by_thread(
    columns: Callable[[Any], tuple[Any, ...]], place: Callable[[ThreadRow], Sequence[Any]]
) -> Listing[ThreadRow]:
    """Threads in descending order of columns of their first comments."""
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
    """A page of the comments on `post`, in the order of their threads.

    Raises:
        InvalidCursorError: the cursor doesn't belong to this list.
    """
    listing, total = _LISTINGS[sort], post.comment_count
    if isinstance(wanted, PageRequest) and wanted.offset and wanted.offset >= total:
        return _build_threads([], listing.page([], wanted, total), sort)
    statement, parameters = listing.query(wanted, post=post.id)
    rows = await session.execute(statement, parameters)
    found = _sort_by_thread([_row_of(row) for row in rows], sort)
    page = listing.page([each for each in found if each.is_shown], wanted, total)
    return _build_threads(found, page, sort)


def _sort_by_thread(found: Sequence[ThreadRow], sort: Sort) -> list[ThreadRow]:
    """Sort comments by thread; the first comment of each thread is among them."""
    likes = {each.comment.id: each.comment.like_count for each in found}
    found = [each._replace(thread_likes=likes[each.path[0]]) for each in found]
    keys: dict[Sort, Callable[[ThreadRow], Any]] = {
        Sort.OLDEST: lambda each: each.path,
        Sort.NEWEST: lambda each: (-each.path[0], each.path),
        Sort.TOP: lambda each: (-each.thread_likes, -each.path[0], each.path),
    }
    return sorted(found, key=keys[sort])


def _build_threads(found: Sequence[ThreadRow], page: Page[ThreadRow], sort: Sort) -> Threads:
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
