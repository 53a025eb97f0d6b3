"""Queries of likes and bookmarks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, and_, bindparam, func, join, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, contains_eager

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page, PageRequest, Rows
from blog.core.errors import NotFoundError
from blog.core.i18n import lazy_gettext
from blog.models import Bookmark, BookmarkFolder, Comment, CommentLike, Post, PostLike, User
from blog.models.account_deletion import not_deleted
from blog.models.block import shown_to_viewer
from blog.models.measure import is_in_lists
from blog.posts.listed import CARD_COLUMNS, ListedPost, PostCard, card_of_row
from blog.posts.queries import IS_LISTED

NO_FOLDER = lazy_gettext("This folder doesn't exist. You may have deleted it.")

_POST, _USER, _BOOKMARK = Post.__table__.c, User.__table__.c, Bookmark.__table__.c


class Folder(NamedTuple):
    """A folder of bookmarks."""

    id: int
    name: str


class FolderPage(NamedTuple):
    """A page of bookmarks, and the names of all folders by id."""

    page: "Page[BookmarkEntry]"
    folders: Mapping[int | None, str]


class BookmarkEntry(NamedTuple):
    """A bookmark.

    Attributes:
        post: the post; `None` if it is no longer public.
        folder_id: the id of its folder, if it is in one.
    """

    post: PostCard | None
    created_at: datetime
    post_id: int
    folder_id: int | None


_FOLDERS = (
    select(BookmarkFolder.id, BookmarkFolder.name)
    .where(BookmarkFolder.user_id == bindparam("user", type_=BigInteger))
    .order_by(func.lower(BookmarkFolder.name))
)


def _likes(table: type[PostLike] | type[CommentLike], liked_id: Any) -> Listing[Any]:
    """The likes of a post or comment, newest first.

    Args:
        table: the table of likes.
        liked_id: its column with the id of the post or comment.
    """

    def with_people(part: Rows) -> Select[Any]:
        like = aliased(table, part.subquery("shown"))
        return (
            select(like)
            .join(like.user)
            .options(contains_eager(like.user))
            .order_by(like.created_at.desc(), User.id.desc())
        )

    return Listing(
        Order(table.created_at, table.user_id),
        select(table).where(
            liked_id == bindparam("liked", type_=BigInteger),
            not_deleted(table.user_id),
            is_in_lists(table.user_id),
        ),
        lambda like: (like.created_at, like.user.id),
        complete=with_people,
        shown=shown_to_viewer(table.user_id),
    )


_OF_POST = _likes(PostLike, PostLike.post_id)
_OF_COMMENT = _likes(CommentLike, CommentLike.comment_id)


def _with_posts(part: Rows) -> Rows:
    shown = part.subquery("shown")
    posts = join(Post.__table__, User.__table__, _USER.id == _POST.author_id)
    return (
        select(*CARD_COLUMNS, shown.c.created_at, shown.c.post_id, shown.c.folder_id)
        .select_from(shown.outerjoin(posts, and_(_POST.id == shown.c.post_id, IS_LISTED)))
        .order_by(shown.c.created_at.desc(), shown.c.post_id.desc())
    )


# Posts that are not public are left out only at the end, so that those of earlier pages need not be
# read.
def list_of_bookmarks(*which: ColumnElement[bool]) -> Listing[Any]:
    """A list of some of a user's bookmarks.

    Args:
        which: conditions on the columns of `bookmarks`.
    """
    keys = (_BOOKMARK.created_at, _BOOKMARK.post_id, _BOOKMARK.folder_id)
    return Listing(
        Order(_BOOKMARK.created_at, _BOOKMARK.post_id),
        select(*keys).where(_BOOKMARK.user_id == bindparam("of", type_=BigInteger), *which),
        lambda entry: (entry.created_at, entry.post_id),
        complete=_with_posts,
    )


IN_FOLDER = _BOOKMARK.folder_id == bindparam("folder", type_=BigInteger)
_ALL, _OF_FOLDER = list_of_bookmarks(), list_of_bookmarks(IN_FOLDER)


async def likes_page(
    session: AsyncSession, liked: Post | ListedPost | Comment,
    wanted: PageRequest | CursorRequest, filtered_for: int = 0,
) -> Page[PostLike | CommentLike]:  # fmt: skip
    """The likes of a post or comment, newest first; the `user` of each is loaded.

    Args:
        filtered_for: the viewer whose hidden people are left out (`Viewer.filtered_for`).
    """
    listing = _OF_COMMENT if isinstance(liked, Comment) else _OF_POST
    return await listing.read(
        session, wanted, liked.like_count, filtered_for=filtered_for, liked=liked.id
    )


async def bookmarks_page(
    session: AsyncSession,
    wanted: PageRequest | CursorRequest,
    user_id: int,
    folder_id: int | None = None,
) -> Page[BookmarkEntry]:
    """A user's bookmarks, or those in a folder, newest first.

    Raises:
        InvalidCursorError: the cursor doesn't belong to this list.
        TooDeepError: the page is too deep to have a number.
    """
    listing = _ALL if folder_id is None else _OF_FOLDER
    return await page_of_bookmarks(session, listing, wanted, of=user_id, folder=folder_id)


async def bookmarks_of_folder(
    session: AsyncSession, wanted: CursorRequest, user_id: int, name: str | None
) -> FolderPage:
    """A user's bookmarks, or those in the folder with this name, ignoring case, like
    `bookmarks_page`, with their total.

    Raises:
        NotFoundError: there is no such folder.
        InvalidCursorError: the cursor doesn't belong to this list.
    """
    folders = await folders_of(session, user_id)
    folder_id = None
    if name is not None:
        named = (each.id for each in folders if each.name.lower() == name.strip().lower())
        if (folder_id := next(named, None)) is None:
            raise NotFoundError(NO_FOLDER)
    number = select(func.count()).where(_BOOKMARK.user_id == user_id)
    if folder_id is not None:
        number = number.where(_BOOKMARK.folder_id == folder_id)
    page = await bookmarks_page(session, wanted, user_id, folder_id)
    total = (await session.scalars(number)).one()
    return FolderPage(replace(page, total=total), {each.id: each.name for each in folders})


async def page_of_bookmarks(
    session: AsyncSession,
    listing: Listing[Any],
    wanted: PageRequest | CursorRequest,
    **values: Any,
) -> Page[BookmarkEntry]:
    """A page of a `list_of_bookmarks`.

    Args:
        values: the parameters of its conditions, and `of`, the id of the user.

    Raises:
        InvalidCursorError, TooDeepError: as in `bookmarks_page`.
    """
    if deep := listing.too_deep(wanted):
        return listing.page_past_the_end(deep, None)
    statement, parameters = listing.query(wanted, **values)
    rows: Sequence[Any] = (await session.execute(statement, parameters)).all()
    entries = [
        BookmarkEntry(None if row[0] is None else card_of_row(row), *row[-3:]) for row in rows
    ]
    return listing.page(entries, wanted)


async def folders_of(session: AsyncSession, user_id: int) -> Sequence[Folder]:
    """A user's folders, sorted by name."""
    rows = await session.execute(_FOLDERS, {"user": user_id})
    return [Folder._make(row) for row in rows]
