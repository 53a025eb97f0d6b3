"""Queries for moderators: lists with the newest items first.

They use cursors instead of page numbers, because new rows keep arriving while a moderator reads.
"""

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.comments import queries as comments
from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page
from blog.models import Comment, Post, Report, User
from blog.models.account_deletion import is_deleted, not_deleted

# The accounts of the reporter and of the reported author are not deleted.
IS_THERE = and_(
    not_deleted(Report.reporter_id),
    or_(
        Report.post_id.is_(None),
        Report.post_id.not_in(select(Post.id).where(is_deleted(Post.author_id))),
    ),
    or_(
        Report.comment_id.is_(None),
        select(Comment.id).where(Comment.id == Report.comment_id, comments.IS_THERE).exists(),
    ),
)


# The columns that decide who may read a post.
SEEN_OF_POST = (Post.author_id, Post.status, Post.hidden_at)
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


_REPORT = (
    select(Report)
    .where(IS_THERE)
    .options(
        joinedload(Report.reporter, innerjoin=True),
        joinedload(Report.post).joinedload(Post.author, innerjoin=True),
        joinedload(Report.comment).options(
            joinedload(Comment.author, innerjoin=True),
            joinedload(Comment.post, innerjoin=True).load_only(*SEEN_OF_POST),
        ),
        joinedload(Report.closed_by.and_(not_deleted(User.id))),
    )
)


def _reports(is_wanted: ColumnElement[bool]) -> Listing[Report]:
    return Listing(Order(Report.id), _REPORT.where(is_wanted), lambda report: (report.id,))


_OPEN_REPORTS = _reports(Report.closed_at.is_(None))
_CLOSED_REPORTS = _reports(Report.closed_at.is_not(None))


async def newest_comments(session: AsyncSession, wanted: CursorRequest) -> Page[Comment]:
    """All comments, with their authors, and the authors of their posts."""
    return await _COMMENTS.read(session, wanted)


async def reports(
    session: AsyncSession, wanted: CursorRequest, *, are_open: bool = True
) -> Page[Report]:
    """The open or the closed reports, with all details."""
    return await (_OPEN_REPORTS if are_open else _CLOSED_REPORTS).read(session, wanted)


async def closed_report(session: AsyncSession, report_id: int) -> Report | None:
    """A closed report with all details."""
    return await session.scalar(
        _REPORT.where(Report.id == report_id, Report.closed_at.is_not(None))
    )


async def hidden_posts(session: AsyncSession, wanted: CursorRequest) -> Page[Post]:
    """The hidden posts, with their authors."""
    return await _HIDDEN_POSTS.read(session, wanted)
