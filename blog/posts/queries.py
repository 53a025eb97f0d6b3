"""Reading posts. No list costs more because it is longer, or because a page is deep in it.

Lists are in the order of publication, newest first. Each query finds the ids of its page in an
index alone, and reads only the rows of those: a post is too large to be passed over. A list has
what everybody may read: neither what is not published yet nor what a moderator has hidden.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Subquery,
    Uuid,
    any_,
    bindparam,
    func,
    literal,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.core.auth.viewer import ANONYMOUS
from blog.core.db.counted_parts import ids_of_page, number_of_rows
from blog.core.db.pagination import ANY_PAGE, LIMIT, OFFSET, Rows
from blog.models import Follow, Post, PostDay, User
from blog.models.account_deletion import not_deleted
from blog.posts.lists import COLUMNS, NEWEST_FIRST, ListedPost, PostList, listed
from blog.posts.policies import visible_to

# Whose list it is.
OF = bindparam("of", type_=BigInteger)
# The columns of the tables themselves, so that the ORM has nothing to do with the lists.
_POST, _USER, _FOLLOW = Post.__table__.c, User.__table__.c, Follow.__table__.c
IS_LISTED = visible_to(ANONYMOUS, _POST)
# For a timeline of more than so many authors, that many of everybody's posts are looked through:
# they are 70 blocks of an index, where to look up the posts of 10,000 authors takes 50,000.
MANY_AUTHORS = 50
LOOKED_THROUGH = 20_000

# Those whom a reader follows and himself, as far as they have written, with their counts.
_followed = select(_FOLLOW.followed_id).where(_FOLLOW.follower_id == OF)
_author = (
    select(_USER.id, _USER.post_count)
    .where(_USER.id.in_(union_all(_followed, select(OF))))
    .where(_USER.post_count > 0, not_deleted(_USER.id))
    .cte("author")
)


def _ids_of_timeline(reach: ColumnElement[int], *conditions: ColumnElement[bool]) -> Subquery:
    """The ids of posts by the authors of a timeline, the newest `reach` of them among others.

    Of somebody who follows many, they are usually among the newest of everybody. Otherwise the
    newest of each author are looked up in the index of his posts, and merged: to go on looking
    among everybody's would take for ever for somebody who follows only people who rarely write.

    Args:
        reach: where in the timeline the last post that is wanted stands.
        conditions: what the posts fulfil.
    """
    author, shown = _author, [IS_LISTED, *conditions]
    follows_many = select(func.count() > MANY_AUTHORS).select_from(author).scalar_subquery()
    latest = (
        select(*NEWEST_FIRST.columns, _POST.author_id)
        .where(*shown, follows_many)
        .order_by(*NEWEST_FIRST.by)
        .limit(literal_column(str(LOOKED_THROUGH)))
        .subquery()
    )
    found = (
        select(latest.c.published_at, latest.c.id)
        .where(latest.c.author_id.in_(select(author.c.id)))
        .order_by(latest.c.published_at.desc(), latest.c.id.desc())
        .limit(reach)
        .cte("found")
    )
    is_enough = select(func.count() >= reach).select_from(found).scalar_subquery()
    theirs = (
        select(*NEWEST_FIRST.columns)
        .where(_POST.author_id == author.c.id, *shown)
        .order_by(*NEWEST_FIRST.by)
        .limit(reach)
        .lateral()
    )
    merged = select(theirs).join_from(author, theirs, literal(True)).where(~is_enough)
    return union_all(select(found).where(is_enough), merged).subquery()


def _first(timeline: Subquery) -> Rows:
    newest_first = (timeline.c.published_at.desc(), timeline.c.id.desc())
    return select(timeline.c.id).order_by(*newest_first).limit(LIMIT)


_listed = select(_POST.id).where(IS_LISTED)
# Everybody's posts. Page 40,000 takes the time of page 1.
NEWEST = PostList(
    _listed, number_of_rows(PostDay),
    by_number=ids_of_page(_listed, NEWEST_FIRST, PostDay), deepest=ANY_PAGE,
)  # fmt: skip
# The posts of the person with this id.
BY_AUTHOR = PostList(
    _listed.where(_POST.author_id == OF),
    select(_USER.post_count).where(_USER.id == OF).scalar_subquery(),
)
# The posts of those whom the person with this id follows, and their own.
TIMELINE = PostList(
    _listed, select(func.sum(_author.c.post_count)).scalar_subquery(),
    by_number=_first(_ids_of_timeline(OFFSET + LIMIT)).offset(OFFSET),
    by_cursor=_first(_ids_of_timeline(LIMIT, NEWEST_FIRST.is_after)),
)  # fmt: skip
_LISTED_BY_ID = (
    select(*COLUMNS)
    .join_from(Post.__table__, User.__table__, _USER.id == _POST.author_id)
    .where(_POST.id == bindparam("id"), not_deleted(_POST.author_id))
)
_BY_IDS = (
    select(*COLUMNS)
    .join_from(Post.__table__, User.__table__, _USER.id == _POST.author_id)
    .where(_POST.id == any_(bindparam("ids", type_=ARRAY(BigInteger))), IS_LISTED)
    .order_by(*NEWEST_FIRST.by)
)
_LISTED_BY_SUBMISSION = (
    select(*COLUMNS, _POST.submission)
    .join_from(Post.__table__, User.__table__, _USER.id == _POST.author_id)
    .where(_POST.submission == any_(bindparam("submissions", type_=ARRAY(Uuid))))
)
_BY_ID = (
    select(Post)
    .where(Post.id == bindparam("id"), not_deleted(Post.author_id))
    .options(joinedload(Post.author, innerjoin=True))
)


async def texts_of(session: AsyncSession, ids: Sequence[int]) -> list[ListedPost]:
    """Those of some posts that are still to be read, newest first."""
    return [listed(row) for row in await session.execute(_BY_IDS, {"ids": list(ids)})]


async def listed_post(session: AsyncSession, post_id: int) -> ListedPost | None:
    """One post as the lists have it, hidden or not."""
    row = (await session.execute(_LISTED_BY_ID, {"id": post_id})).one_or_none()
    return listed(row) if row else None


async def listed_by_submission(
    session: AsyncSession, submissions: Sequence[UUID | None]
) -> dict[UUID | None, ListedPost]:
    """The posts that these forms have made (`core.web.submissions`), as the lists have them."""
    rows = await session.execute(_LISTED_BY_SUBMISSION, {"submissions": submissions})
    return {row[-1]: listed(row) for row in rows}


async def post_by_id(session: AsyncSession, post_id: int) -> Post | None:
    """One post with its author; who may read it is for the caller to ask."""
    return await session.scalar(_BY_ID, {"id": post_id})
