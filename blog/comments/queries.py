"""Reading comments."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Select, Uuid, and_, any_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, defer, joinedload

from blog.core.db.blocks import ids_of_page, number_of_rows
from blog.core.db.pagination import Page, PageRequest, only_page
from blog.models import Comment, CommentBlock, Post
from blog.models.account_deletion import is_deleted, not_deleted
from blog.posts.lists import ListedPost

# Neither its author nor that of its post has deleted the account.
IS_THERE = and_(
    not_deleted(Comment.author_id),
    Comment.post_id.not_in(select(Post.id).where(is_deleted(Post.author_id))),
)


def with_author_and_post(statement: Select[Comment]) -> Select[Comment]:
    """Load the author and the post of each comment along; the post without its text."""
    post = joinedload(Comment.post, innerjoin=True)
    texts = (Post.body, Post.body_html, Post.excerpt)
    return statement.options(
        joinedload(Comment.author, innerjoin=True),
        post.options(*(defer(text, raiseload=True) for text in texts)),
    )


# The ids of the page are read off the index of the post's comments, so that those before it
# cost next to nothing.
_of_post = select(Comment.id).where(
    Comment.post_id == bindparam("post", type_=BigInteger), not_deleted(Comment.author_id)
)
_ids_under_post = only_page(_of_post.order_by(Comment.id)).subquery()
_UNDER_POST = (
    select(Comment)
    .join(_ids_under_post, _ids_under_post.c.id == Comment.id)
    .options(joinedload(Comment.author, innerjoin=True))
    .order_by(Comment.id)
)
_ids = ids_of_page(Comment, CommentBlock, IS_THERE).subquery()
_NEWEST = with_author_and_post(
    select(Comment).join(_ids, _ids.c.id == Comment.id).order_by(Comment.id.desc())
)


_before = aliased(Comment)
_position = (
    select(func.count())
    .where(
        _before.post_id == Comment.post_id, _before.id <= Comment.id, not_deleted(_before.author_id)
    )
    .correlate(Comment)
    .scalar_subquery()
)
_SUBMITTED = select(Comment.submission, Comment.id, _position).where(
    Comment.submission == any_(bindparam("submissions", type_=ARRAY(Uuid)))
)


async def comments_page(
    session: AsyncSession, post: Post | ListedPost, wanted: PageRequest
) -> Page[Comment]:
    """The comments under `post`, the oldest first, with their authors."""
    if wanted.offset and wanted.offset >= post.comment_count:
        return Page.of([], wanted, post.comment_count)
    comments = await session.scalars(_UNDER_POST, wanted.parameters | {"post": post.id})
    return Page.of(comments.all(), wanted, post.comment_count)


async def newest(session: AsyncSession, wanted: PageRequest) -> Page[Comment]:
    """Everybody's comments, the newest first, with their authors and posts."""
    comments = (await session.scalars(_NEWEST, wanted.parameters)).all()
    total = await session.scalar(select(number_of_rows(CommentBlock)))
    return Page.of(comments, wanted, total)


async def comment_by_id(session: AsyncSession, comment_id: int) -> Comment | None:
    """One comment, with its author and its post."""
    return await session.scalar(
        with_author_and_post(select(Comment).where(Comment.id == comment_id, IS_THERE))
    )


async def position(session: AsyncSession, post_id: int, comment_id: int) -> int:
    """How many of a post's comments come before the one with this id, and that one.

    It need not be there any more: then it is the position of the one before.
    """
    count = select(func.count()).where(
        Comment.post_id == post_id, Comment.id <= comment_id, not_deleted(Comment.author_id)
    )
    return (await session.scalars(count)).one()


async def submitted(
    session: AsyncSession, submissions: Sequence[UUID]
) -> dict[UUID, tuple[int, int]]:
    """The id and the position of the comments that these forms have made."""
    rows = await session.execute(_SUBMITTED, {"submissions": submissions})
    return {submission: (comment_id, place) for submission, comment_id, place in rows}
