"""Queries for tags. Tags without public posts are left out, because they might reveal drafts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, and_, bindparam, func, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from blog.core.db.counted_parts import number_of_rows
from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page, PageRequest, Rows
from blog.core.text.tags import fold_address
from blog.models import PostTag, Tag, TagFollow, TagRange
from blog.models.account_deletion import not_deleted
from blog.models.block import shown_to_viewer
from blog.models.measure import is_in_lists
from blog.posts.lists import PostList
from blog.posts.queries import BY_TAG, OF

MOST_BLOCKED = 1_000
_TAG, _POST_TAG = Tag.__table__.c, PostTag.__table__.c
# As a literal: the planner uses a partial index only if the query contains its condition.
IS_LISTED = and_(_TAG.post_count > literal_column("0"), _TAG.blocked_at.is_(None))

_listed: Rows = select(Tag).where(IS_LISTED)
_BY_USE: Listing[Tag] = Listing(
    Order(_TAG.post_count, _TAG.id), _listed, lambda tag: (tag.post_count, tag.id)
)
_BY_NAME: Listing[Tag] = Listing(
    Order(_TAG.folded, descending=False), _listed, lambda tag: (tag.folded,)
)
_NUMBER = select(number_of_rows(TagRange))
_USER_ID = bindparam("user", type_=BigInteger)
_followed = (
    select(Tag)
    .join(TagFollow, TagFollow.tag_id == Tag.id)
    .where(TagFollow.user_id == _USER_ID)
    .order_by(Tag.folded)
)
_FOLLOWED: Listing[Tag] = Listing(
    Order(_TAG.folded, descending=False),
    select(Tag).join(TagFollow, TagFollow.tag_id == Tag.id).where(TagFollow.user_id == _USER_ID),
    lambda tag: (tag.folded,),
)
_NUMBER_FOLLOWED = select(func.count()).where(TagFollow.user_id == _USER_ID)
_FOLLOWED_AT = _followed.where(Tag.folded == bindparam("folded"))
_FOLLOWS = select(TagFollow.tag_id).where(
    TagFollow.user_id == _USER_ID, TagFollow.tag_id == bindparam("tag", type_=BigInteger)
)
_given = aliased(Tag)
_BY_FOLDED = (
    select(Tag)
    .join(_given, func.coalesce(_given.merged_into_id, _given.id) == Tag.id)
    .where(_given.folded == bindparam("folded"))
)
_LISTED_BY_FOLDED = _BY_FOLDED.where(IS_LISTED)
_MODERATED_BY_FOLDED = _BY_FOLDED.where(or_(IS_LISTED, Tag.blocked_at.is_not(None)))
_BLOCKED = select(Tag).where(Tag.blocked_at.is_not(None)).order_by(Tag.folded).limit(MOST_BLOCKED)

_posts = select(_POST_TAG.post_id.label("id")).where(
    _POST_TAG.tag_id == OF,
    _POST_TAG.published_at.is_not(None),
    not_deleted(_POST_TAG.author_id),
    is_in_lists(_POST_TAG.author_id),
)
_number = select(_TAG.post_count).where(_TAG.id == OF).scalar_subquery()
# The posts with the tag of this id. An index has them in the order of the list, with the authors.
POSTS = PostList(
    _posts, _number, order=BY_TAG,
    filtered=PostList(
        _posts.where(shown_to_viewer(_POST_TAG.author_id)), _number, order=BY_TAG
    ),
)  # fmt: skip


async def tag_at(session: AsyncSession, address: str) -> Tag | None:
    """Find the tag of a URL, in any spelling; for a merged tag, the one it was merged into."""
    folded = fold_address(address)
    return await session.scalar(_LISTED_BY_FOLDED, {"folded": folded}) if folded else None


async def moderated_tag_at(session: AsyncSession, address: str) -> Tag | None:
    """Like `tag_at`, but including blocked tags."""
    folded = fold_address(address)
    return await session.scalar(_MODERATED_BY_FOLDED, {"folded": folded}) if folded else None


async def blocked_tags(session: AsyncSession) -> Sequence[Tag]:
    """The blocked tags, by name."""
    return (await session.scalars(_BLOCKED)).all()


async def most_used(session: AsyncSession, wanted: PageRequest | CursorRequest) -> Page[Tag]:
    """All tags, the most used first."""
    return await _page(session, _BY_USE, wanted)


async def by_name(session: AsyncSession, wanted: PageRequest | CursorRequest) -> Page[Tag]:
    """All tags in the order of their folded names."""
    return await _page(session, _BY_NAME, wanted)


async def follows_tag(session: AsyncSession, user_id: int, tag_id: int) -> bool:
    """Whether a user follows a tag."""
    return await session.scalar(_FOLLOWS, {"user": user_id, "tag": tag_id}) is not None


async def followed_tags(session: AsyncSession, user_id: int) -> Sequence[Tag]:
    """The tags that a user follows, by name, including those without public posts."""
    return (await session.scalars(_followed, {"user": user_id})).all()


async def followed_page(
    session: AsyncSession, wanted: PageRequest | CursorRequest, user_id: int
) -> Page[Tag]:
    """A page of the tags that a user follows, by name."""
    total = await session.scalar(_NUMBER_FOLLOWED, {"user": user_id})
    return await _FOLLOWED.read(session, wanted, total, user=user_id)


async def followed_tag_at(session: AsyncSession, user_id: int, address: str) -> Tag | None:
    """The tag with this address, if the user follows it."""
    folded = fold_address(address)
    return await session.scalar(_FOLLOWED_AT, {"user": user_id, "folded": folded})


async def _page(
    session: AsyncSession, listing: Listing[Any], wanted: PageRequest | CursorRequest
) -> Page[Tag]:
    return await listing.read(session, wanted, await session.scalar(_NUMBER))
