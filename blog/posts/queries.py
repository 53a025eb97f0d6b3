"""Queries of posts. The cost of a page depends neither on the length of the list nor on its depth.

Lists are in order of publication, newest first. Each query finds the ids of a page by an index-only
scan and then reads only these rows, because posts are too large to be skipped. Lists contain what
everyone may read: neither unpublished nor hidden posts.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CTE,
    BigInteger,
    ColumnElement,
    ScalarSelect,
    Subquery,
    Uuid,
    any_,
    bindparam,
    case,
    exists,
    func,
    literal,
    literal_column,
    select,
    union,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, load_only

from blog.core.auth.viewer import ANONYMOUS
from blog.core.db.counted_parts import ids_of_page, number_of_rows
from blog.core.db.cursors import Order
from blog.core.db.pagination import ANY_PAGE, LIMIT, OFFSET, Rows
from blog.models import Follow, Post, PostDay, PostStatus, PostTag, Tag, TagFollow, User
from blog.models.account_deletion import not_deleted
from blog.models.block import shown_to_viewer
from blog.models.measure import is_in_lists
from blog.posts.listed import (
    CARD_COLUMNS,
    COLUMNS,
    ListedPost,
    PostCard,
    card_of_row,
    listed_post_of_row,
)
from blog.posts.lists import NEWEST_FIRST, PostList
from blog.posts.policies import Condition, is_shown_to_viewer, visible_to

# The id of the user or tag that the list belongs to.
OF = bindparam("of", type_=BigInteger)
# Table columns rather than mapped attributes, so that lists bypass the ORM.
_POST, _USER, _FOLLOW = Post.__table__.c, User.__table__.c, Follow.__table__.c
_POST_TAG, _TAG_FOLLOW = PostTag.__table__.c, TagFollow.__table__.c
# The order of the posts with a tag, which is the order of all lists.
BY_TAG = Order(_POST_TAG.published_at, _POST_TAG.post_id)
_FOLLOWS_TAGS = _TAG_FOLLOW.user_id == OF
IS_LISTED = visible_to(ANONYMOUS, _POST)
# For a timeline of more authors than this, the newest posts of all users are scanned: that reads 70
# blocks of an index, while looking up the posts of 10,000 authors reads 50,000.
MANY_AUTHORS = 50
LOOKED_THROUGH = 20_000
# Hidden posts that their author is shown.
HIDDEN_SHOWN = 20

# The reader and the people they follow, if they have posts, with their counts.
_followed = select(_FOLLOW.followed_id).where(_FOLLOW.follower_id == OF)
_authors = (
    select(_USER.id, _USER.post_count)
    .where(_USER.id.in_(union_all(_followed, select(OF))))
    .where(_USER.post_count > 0, not_deleted(_USER.id))
)


def _ids_of_timeline(
    author: CTE, reach: ColumnElement[int], *conditions: ColumnElement[bool]
) -> Subquery:
    """The ids of posts of a timeline, including at least its newest `reach` posts.

    For a reader who follows many, these are usually among the newest posts of all users. Otherwise
    the newest posts of each author are looked up by index and merged, because scanning all users'
    posts would take too long for a reader who follows people who rarely write.

    Args:
        author: the authors.
        reach: the position in the timeline of the last requested post.
        conditions: the conditions on the posts.
    """
    shown = [IS_LISTED, *conditions]
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


def _ids_of_followed(
    author: CTE, reach: ColumnElement[int], order: Order, is_shown: Condition, *, is_after: bool
) -> Subquery:
    """Like `_ids_of_timeline`, together with the newest posts of each tag that the reader follows.

    Args:
        order: the order of the posts of a tag.
        is_shown: the condition on the author of a post with such a tag.
        is_after: whether only posts after a cursor are wanted.
    """
    of_people = _ids_of_timeline(author, reach, *([NEWEST_FIRST.is_after] if is_after else ()))
    theirs = (
        select(*order.columns)
        .where(_POST_TAG.tag_id == _TAG_FOLLOW.tag_id, _POST_TAG.published_at.is_not(None))
        .where(is_in_lists(_POST_TAG.author_id), is_shown(_POST_TAG.author_id))
        .where(*([order.is_after] if is_after else ()))
        .order_by(*order.by)
        .limit(reach)
        .lateral()
    )
    of_tags = (
        select(theirs)
        .join_from(TagFollow.__table__, Tag.__table__, _TAG_FOLLOW.tag_id == Tag.__table__.c.id)
        .join(theirs, literal(True))
        .where(Tag.__table__.c.blocked_at.is_(None))
    )
    # A post may have several of these tags, and be by someone the reader follows.
    return union(select(of_people), of_tags.where(_FOLLOWS_TAGS)).subquery()


def _first(timeline: Subquery) -> Rows:
    newest_first = (timeline.c.published_at.desc(), timeline.c.id.desc())
    return select(timeline.c.id).order_by(*newest_first).limit(LIMIT)


_listed = select(_POST.id).where(IS_LISTED)
_in_lists = _listed.where(is_in_lists(_POST.author_id))
_in_lists_of_viewer = _in_lists.where(shown_to_viewer(_POST.author_id))
_NUMBER_OF_ALL = number_of_rows(PostDay)
# All posts. Page 40,000 takes as long as page 1.
NEWEST = PostList(
    _in_lists, _NUMBER_OF_ALL,
    by_number=ids_of_page(_in_lists, NEWEST_FIRST, PostDay), first_by_cursor=True,
    deepest=ANY_PAGE,
    filtered=PostList(_in_lists_of_viewer, _NUMBER_OF_ALL),
)  # fmt: skip
# The posts of the user with this id. They are not filtered, because everyone can read them.
BY_AUTHOR = PostList(
    _listed.where(_POST.author_id == OF),
    select(_USER.post_count).where(_USER.id == OF).scalar_subquery(),
    above=_listed.where(_POST.author_id == OF, _POST.pinned_at.is_not(None)),
)


def _timeline(authors: Rows, filtered: PostList | None = None) -> PostList:
    author = authors.cte("author")
    return PostList(
        _listed, _number_in_timeline(author), filtered=filtered,
        by_number=_first(_ids_of_timeline(author, OFFSET + LIMIT)).offset(OFFSET),
        by_cursor=_first(_ids_of_timeline(author, LIMIT, NEWEST_FIRST.is_after)),
    )  # fmt: skip


def _followed_list(
    authors: Rows, is_shown: Condition, filtered: PostList | None = None
) -> PostList:
    author = authors.cte("author")

    def first(reach: ColumnElement[int], *, is_after: bool) -> Rows:
        return _first(_ids_of_followed(author, reach, BY_TAG, is_shown, is_after=is_after))

    return PostList(
        _listed,
        select(
            case((~exists().where(_FOLLOWS_TAGS), _number_in_timeline(author)))
        ).scalar_subquery(),
        by_number=first(OFFSET + LIMIT, is_after=False).offset(OFFSET),
        by_cursor=first(LIMIT, is_after=True),
        filtered=filtered,
    )


def _number_in_timeline(author: CTE) -> ScalarSelect[Any]:
    return select(func.coalesce(func.sum(author.c.post_count), 0)).scalar_subquery()


_shown_authors = _authors.where(shown_to_viewer(_USER.id))
# The posts of the user with this id and of the people they follow.
TIMELINE = _timeline(_authors, _timeline(_shown_authors))
# The same plus the posts with tags that they follow, for themselves alone. The number of posts is
# then unknown: posts in several of these lists can only be counted by reading them all.
FOLLOWED = _followed_list(_authors, not_deleted, _followed_list(_shown_authors, is_shown_to_viewer))
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
_OWN_BY_IDS = (
    select(*COLUMNS)
    .join_from(Post.__table__, User.__table__, _USER.id == _POST.author_id)
    .where(_POST.id == any_(bindparam("ids", type_=ARRAY(BigInteger))), _POST.author_id == OF)
    .order_by(_POST.id.desc())
)
_CARDS_BY_IDS = (
    select(*CARD_COLUMNS)
    .join_from(Post.__table__, User.__table__, _USER.id == _POST.author_id)
    .where(_POST.id == any_(bindparam("ids", type_=ARRAY(BigInteger))), IS_LISTED)
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


_HIDDEN_OF_AUTHOR = (
    select(Post)
    .where(Post.author_id == OF, Post.hidden_at.is_not(None))
    .options(load_only(Post.title, Post.slug, Post.created_at, Post.hidden_at, Post.hidden_reason))
    .order_by(Post.id.desc())
    .limit(HIDDEN_SHOWN)
)
_BY_PREVIEW_KEY = (
    select(Post)
    .where(Post.preview_key == bindparam("key"), Post.hidden_at.is_(None))
    # Undoing the refusal of a post can hold one that has been given a link since.
    .where(Post.status != PostStatus.HELD, not_deleted(Post.author_id))
    .options(joinedload(Post.author, innerjoin=True))
)


async def texts_of(session: AsyncSession, ids: Sequence[int]) -> list[ListedPost]:
    """The posts with these ids that lists may still show, newest first."""
    return [listed_post_of_row(row) for row in await session.execute(_BY_IDS, {"ids": list(ids)})]


async def own_texts_of(
    session: AsyncSession, author_id: int, ids: Sequence[int]
) -> list[ListedPost]:
    """The posts with these ids by a user, whether or not others can read them."""
    rows = await session.execute(_OWN_BY_IDS, {"ids": list(ids), "of": author_id})
    return [listed_post_of_row(row) for row in rows]


async def cards_of(session: AsyncSession, ids: Sequence[int]) -> list[PostCard]:
    """The cards of the posts with these ids that lists may show, in no particular order."""
    return [card_of_row(row) for row in await session.execute(_CARDS_BY_IDS, {"ids": list(ids)})]


async def listed_post(session: AsyncSession, post_id: int) -> ListedPost | None:
    """A post as lists read them, even if it is hidden or unpublished."""
    row = (await session.execute(_LISTED_BY_ID, {"id": post_id})).one_or_none()
    return listed_post_of_row(row) if row else None


async def listed_by_submission(
    session: AsyncSession, submissions: Sequence[UUID | None]
) -> dict[UUID | None, ListedPost]:
    """The posts with these idempotency keys (`core.web.submissions`), as lists read them."""
    rows = await session.execute(_LISTED_BY_SUBMISSION, {"submissions": submissions})
    return {row[-1]: listed_post_of_row(row) for row in rows}


async def post_by_preview_key(session: AsyncSession, key: str) -> Post | None:
    """The post that a preview link leads to, unless a moderator has hidden it."""
    return await session.scalar(_BY_PREVIEW_KEY, {"key": key})


async def hidden_posts_of(session: AsyncSession, author_id: int) -> Sequence[Post]:
    """The newest posts of an author that a moderator has hidden, for the author."""
    return (await session.scalars(_HIDDEN_OF_AUTHOR, {"of": author_id})).all()


async def post_by_id(session: AsyncSession, post_id: int) -> Post | None:
    """A post with its author; the caller checks who may read it."""
    return await session.scalar(_BY_ID, {"id": post_id})
