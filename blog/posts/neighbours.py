"""What to read after a post: the author's posts before and after it, and posts that share its tags.

They are read from indexes by the statement that reads the post, and their number is bounded: only
the newest posts with each tag are considered.
"""

from typing import Any, NamedTuple

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    Select,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    select,
    true,
    tuple_,
    type_coerce,
    union_all,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.core.text.shortening import MARKUP, plain_text
from blog.models import Post, PostTag, User
from blog.models.account_deletion import not_deleted
from blog.models.measure import is_in_lists
from blog.models.post import is_public
from blog.posts.policies import Condition, is_shown_to_viewer

CONSIDERED, RELATED = 20, 3
LONGEST_NAME = 80
NEWER, OLDER, BY_TAGS = 1, 2, 3

_ID = bindparam("id", type_=BigInteger)


class Neighbour(NamedTuple):
    """The data for a link to a post.

    Attributes:
        title: its title, or else the beginning of its text, if it has any.
    """

    id: int
    slug: str | None
    title: str
    username: str
    author_name: str


class Neighbours(NamedTuple):
    """What to read after a post.

    Attributes:
        newer, older: the same author's next and previous posts.
        related: the posts that share the most tags with it, newest first.
    """

    newer: Neighbour | None = None
    older: Neighbour | None = None
    related: tuple[Neighbour, ...] = ()


def _adjacent(kind: int) -> Select[Any]:
    """The id of the author's next post in this direction."""
    this, other = Post.__table__.alias("this").c, Post.__table__.alias("other").c

    def value_of_this(column: ColumnElement[Any]) -> ColumnElement[Any]:
        return select(column).where(this.id == _ID, is_public(this)).scalar_subquery()

    position = tuple_(other.published_at, other.id)
    this_position = tuple_(value_of_this(this.published_at), value_of_this(this.id))
    by = (other.published_at, other.id)
    is_past, order = (
        (position > this_position, by)
        if kind == NEWER
        else (position < this_position, [each.desc() for each in by])
    )
    found = (
        select(literal_column(str(kind)).label("kind"), other.id, literal(0).label("shared"))
        .where(other.author_id == value_of_this(this.author_id), is_public(other), is_past)
        .order_by(*order)
        .limit(literal_column("1"))
        .subquery()
    )
    return select(found)


def _related(is_shown: Condition) -> Select[Any]:
    """The ids of posts that share its tags, with the number of shared tags.

    Args:
        is_shown: the condition on the author of a post.
    """
    mine, theirs = PostTag.__table__.alias("mine").c, PostTag.__table__.alias("theirs").c
    newest = (
        select(theirs.post_id, theirs.published_at)
        .where(theirs.tag_id == mine.tag_id, theirs.published_at.is_not(None))
        .where(is_in_lists(theirs.author_id), is_shown(theirs.author_id))
        .order_by(theirs.published_at.desc(), theirs.post_id.desc())
        .limit(literal_column(str(CONSIDERED)))
        .lateral("newest")
    )
    shared = func.count()
    found = (
        select(literal_column(str(BY_TAGS)).label("kind"), newest.c.post_id, shared.label("shared"))
        .select_from(mine.post_id.table.join(newest, true()))
        .where(mine.post_id == _ID, newest.c.post_id != _ID)
        .group_by(newest.c.post_id)
        .order_by(shared.desc(), func.max(newest.c.published_at).desc())
        .limit(literal_column(str(RELATED)))
        .subquery()
    )
    return select(found)


def _as_json(is_shown: Condition) -> ColumnElement[Any]:
    post, user = Post.__table__.alias("near").c, User.__table__.alias("writer").c
    found = union_all(_adjacent(NEWER), _adjacent(OLDER), _related(is_shown)).subquery("found")
    beginning = func.left(post.body_html, MARKUP * LONGEST_NAME + 1)
    html = case((post.title.is_(None), beginning))
    row = func.json_build_array(
        found.c.kind, post.id, post.slug, post.title, user.username, user.name, html
    )
    order = aggregate_order_by(row, found.c.kind, found.c.shared.desc(), post.published_at.desc())
    rows = (
        select(func.json_agg(order))
        .select_from(found)
        .join(post.id.table, post.id == found.c.id)
        .join(user.id.table, user.id == post.author_id)
    )
    return type_coerce(rows.scalar_subquery(), JSON)


def _post_with_neighbours(is_shown: Condition) -> Any:
    return (
        select(Post, _as_json(is_shown))
        .where(Post.id == _ID, not_deleted(Post.author_id))
        .options(joinedload(Post.author, innerjoin=True))
    )


_POST_WITH_NEIGHBOURS = _post_with_neighbours(not_deleted)
_FILTERED = _post_with_neighbours(is_shown_to_viewer)


async def post_with_neighbours(
    session: AsyncSession, post_id: int, filtered_for: int = 0
) -> tuple[Post | None, Neighbours]:
    """A post with its author, like `post_by_id`, and what to read after it.

    Args:
        filtered_for: the viewer whose hidden people are left out of the related posts
            (`Viewer.filtered_for`).
    """
    statement = _FILTERED if filtered_for else _POST_WITH_NEIGHBOURS
    parameters = {"id": post_id, "viewer": filtered_for}
    row = (await session.execute(statement, parameters)).one_or_none()
    if row is None:
        return None, Neighbours()
    found: dict[int, list[Neighbour]] = {NEWER: [], OLDER: [], BY_TAGS: []}
    for kind, post_id_, slug, title, username, name, html in row[1] or ():
        shown = title or plain_text(html, LONGEST_NAME)
        found[kind].append(Neighbour(post_id_, slug, shown, username, name))
    beside = {post.id for kind in (NEWER, OLDER) for post in found[kind]}
    related = tuple(post for post in found[BY_TAGS] if post.id not in beside)
    newer, older = (found[kind][0] if found[kind] else None for kind in (NEWER, OLDER))
    return row[0], Neighbours(newer, older, related)
