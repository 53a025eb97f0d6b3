"""Queries for moderators: lists with the newest items first.

They use cursors instead of page numbers, because new rows keep arriving while a moderator reads.
"""

from collections.abc import Sequence

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.comments import queries as comments
from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page
from blog.models import Comment, Post, Report
from blog.models.account_deletion import not_deleted

# The columns that decide who may read a post.
SEEN_OF_POST = (Post.author_id, Post.status, Post.hidden_at)
# The accounts of the reporter and the reported author are not deleted.
REPORT_IS_THERE = and_(not_deleted(Report.reporter_id), not_deleted(Report.author_id))
# The newest reports by a person that are shown to them.
REPORTS_SHOWN = 50
_COMMENTS: Listing[Comment] = Listing(
    Order(Comment.id),
    select(Comment)
    .where(comments.IS_THERE)
    .options(
        joinedload(Comment.author, innerjoin=True),
        joinedload(Comment.post, innerjoin=True)
        .load_only(*SEEN_OF_POST)
        .joinedload(Post.author, innerjoin=True),
    ),
    lambda comment: (comment.id,),
)
_HIDDEN_POSTS: Listing[Post] = Listing(
    Order(Post.id),
    select(Post)
    .where(Post.hidden_at.is_not(None), not_deleted(Post.author_id))
    .options(joinedload(Post.author, innerjoin=True)),
    lambda post: (post.id,),
)


async def newest_comments(session: AsyncSession, wanted: CursorRequest) -> Page[Comment]:
    """All comments, with their authors, and the authors of their posts."""
    return await _COMMENTS.read(session, wanted)


async def hidden_posts(session: AsyncSession, wanted: CursorRequest) -> Page[Post]:
    """The hidden posts, with their authors."""
    return await _HIDDEN_POSTS.read(session, wanted)


async def reports_by(session: AsyncSession, reporter_id: int) -> Sequence[Report]:
    """The newest reports by a person, with the people they are about."""
    theirs = (
        select(Report)
        .where(Report.reporter_id == reporter_id, REPORT_IS_THERE)
        .options(joinedload(Report.author, innerjoin=True))
        .order_by(Report.id.desc())
        .limit(REPORTS_SHOWN)
    )
    return (await session.scalars(theirs)).all()
