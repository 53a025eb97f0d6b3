"""Queries of reports, newest first.

The lists use cursors instead of page numbers, because new reports arrive while a moderator reads.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, String, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.core.auth.viewer import Viewer
from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page
from blog.core.errors import NotFoundError
from blog.core.i18n import lazy_gettext
from blog.models import Comment, Permission, Post, Report, User
from blog.models.account_deletion import not_deleted
from blog.moderation.measures.queries import has_moderator_besides
from blog.moderation.queries import REPORT_IS_THERE, SEEN_OF_POST

NO_SUCH_REPORT = lazy_gettext("This report doesn't exist. What it was about may have been deleted.")
_OF_CATEGORY = Report.category == bindparam("category", type_=String)

_REPORT = (
    select(Report)
    .where(REPORT_IS_THERE)
    .options(
        joinedload(Report.reporter, innerjoin=True),
        joinedload(Report.post).joinedload(Post.author, innerjoin=True),
        joinedload(Report.comment).options(
            joinedload(Comment.author, innerjoin=True),
            joinedload(Comment.post, innerjoin=True).load_only(*SEEN_OF_POST),
        ),
        joinedload(Report.closed_by.and_(not_deleted(User.id))),
        joinedload(Report.claimed_by.and_(not_deleted(User.id))),
    )
)


def _reports(*is_wanted: ColumnElement[bool]) -> Listing[Report]:
    return Listing(Order(Report.id), _REPORT.where(*is_wanted), lambda report: (report.id,))


_IS_OPEN, _IS_CLOSED = Report.closed_at.is_(None), Report.closed_at.is_not(None)
_LISTS = {
    (True, False): _reports(_IS_OPEN),
    (False, False): _reports(_IS_CLOSED),
    (True, True): _reports(_IS_OPEN, _OF_CATEGORY),
    (False, True): _reports(_IS_CLOSED, _OF_CATEGORY),
}


async def reports(
    session: AsyncSession, wanted: CursorRequest, *, are_open: bool = True, category: str = ""
) -> Page[Report]:
    """The open or closed reports, with all details.

    Args:
        category: the key of a category; empty for all.

    Raises:
        InvalidCursorError: the cursor doesn't belong to this list.
    """
    if not category:
        return await _LISTS[are_open, False].read(session, wanted)
    return await _LISTS[are_open, True].read(session, wanted, category=category)


async def report_by_id(session: AsyncSession, report_id: int) -> Report | None:
    """A report with all details, and the role of the person it is about."""
    report = _REPORT.where(Report.id == report_id)
    person = joinedload(Report.author, innerjoin=True).joinedload(User.role, innerjoin=True)
    return await session.scalar(report.options(person))


async def lock_report(session: AsyncSession, report_id: int) -> Report:
    """Load and lock a report, with its subject.

    Raises:
        NotFoundError: it was deleted with its subject.
    """
    report = await session.scalar(
        select(Report)
        .where(Report.id == report_id, REPORT_IS_THERE)
        .options(
            joinedload(Report.post).joinedload(Post.author),
            joinedload(Report.comment).joinedload(Comment.author),
            joinedload(Report.claimed_by.and_(not_deleted(User.id))),
        )
        .with_for_update(key_share=True, of=Report)
        .execution_options(populate_existing=True)
    )
    if report is None:
        raise NotFoundError(NO_SUCH_REPORT)
    return report


async def decides_alone(session: AsyncSession, viewer: Viewer, about: Iterable[Report]) -> bool:
    """Whether some of these reports are about the viewer, and the viewer alone can decide them: as
    an administrator while nobody else moderates."""
    if not viewer.can(Permission.ADMIN) or all(each.author_id != viewer.id for each in about):
        return False
    return not await has_moderator_besides(session, viewer.id)
