"""What a viewer has done with the posts of a list. It is read for the whole list at once, and apart
from what is the same for everyone."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from sqlalchemy import BigInteger, any_, bindparam, literal_column, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.identity import current_viewer
from blog.core.db.arrays import array_parameter
from blog.core.web.app import read
from blog.models import Bookmark, Permission, PostLike
from blog.posts.listed import ListedPost

VIEWER = bindparam("viewer", type_=BigInteger)
_IDS = array_parameter("ids", BigInteger)
_LIKE, _BOOKMARK = PostLike.__table__.c, Bookmark.__table__.c
# What they have done, and with which post. `conversation.py` adds more to the same statement.
PARTS = (
    select(literal_column("'liked'"), _LIKE.post_id).where(
        _LIKE.user_id == VIEWER, _LIKE.post_id == any_(_IDS)
    ),
    select(literal_column("'bookmarked'"), _BOOKMARK.post_id).where(
        _BOOKMARK.user_id == VIEWER, _BOOKMARK.post_id == any_(_IDS)
    ),
)
_STATE = union_all(*PARTS)


class HasId(Protocol):
    """A post of any kind of list."""

    @property
    def id(self) -> int: ...


class ViewerState(NamedTuple):
    """The ids of the posts that a viewer likes and has bookmarked, and, for the API, of those that
    pages collapse for them."""

    liked: frozenset[int] = frozenset()
    bookmarked: frozenset[int] = frozenset()
    collapsed: frozenset[int] = frozenset()

    def of(self, ids: Iterable[int]) -> "ViewerState":
        """The state of these posts only."""
        return ViewerState(*(part.intersection(ids) for part in self))

    def add_to(self, posts: Iterable[ListedPost]) -> tuple[ListedPost, ...]:
        """The posts with this state filled in."""
        return tuple(
            post._replace(
                liked=post.id in self.liked,
                bookmarked=post.id in self.bookmarked,
                is_collapsed=post.id in self.collapsed,
            )
            for post in posts
        )


async def state_of_list(posts: Iterable[HasId]) -> ViewerState:
    """What the current viewer has done with the posts in a list."""
    ids = tuple(post.id for post in posts)
    viewer = current_viewer()
    if not ids or not viewer.can(Permission.COMMENT):
        return ViewerState()
    return await read(viewer_state, viewer.id, ids)


async def viewer_state(session: AsyncSession, viewer_id: int, ids: Sequence[int]) -> ViewerState:
    """What a user has done with these posts."""
    rows = await session.execute(_STATE, {"viewer": viewer_id, "ids": list(ids)})
    return state_of_rows(rows.all())


def state_of_rows(rows: Sequence[tuple[str, int]]) -> ViewerState:
    """Convert the rows of `PARTS`."""
    return ViewerState(
        frozenset(post_id for what, post_id in rows if what == "liked"),
        frozenset(post_id for what, post_id in rows if what == "bookmarked"),
    )
