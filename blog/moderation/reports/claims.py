"""Claim reports, so that two moderators don't work on the same one. Each function is one
transaction."""

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.errors import ConflictError, ForbiddenError
from blog.core.i18n import lazy_gettext
from blog.models import Report
from blog.moderation.reports.policies import may_close_report
from blog.moderation.reports.queries import decides_alone, lock_report
from blog.moderation.service import require_moderator

IS_CLAIMED = lazy_gettext(
    "%(name)s is working on this report. You can take it over an hour after they began."
)
IS_CLAIMED_BY_UNKNOWN = lazy_gettext(
    "Another moderator is working on this report. You can take it over an hour after they began."
)
IS_CLOSED = lazy_gettext("This report is closed.")
ABOUT_ONESELF = lazy_gettext("This report is about you. Another moderator decides.")


async def refuse_if_own(session: AsyncSession, report: Report, moderator: Viewer) -> None:
    """Require that the report isn't about a text by this moderator, unless nobody else moderates.

    Raises:
        ForbiddenError: it is about their text.
    """
    is_alone = await decides_alone(session, moderator, [report])
    if not may_close_report(moderator, report, is_alone=is_alone):
        raise ForbiddenError(ABOUT_ONESELF)


def refuse_if_claimed(report: Report, moderator: Viewer) -> None:
    """Require that no other moderator is working on the report.

    Raises:
        ConflictError: another one is.
    """
    if report.is_claimed and report.claimed_by_id != moderator.id:
        if report.claimed_by is None:
            raise ConflictError({"": IS_CLAIMED_BY_UNKNOWN})
        raise ConflictError({"": IS_CLAIMED.with_values(name=report.claimed_by.username)})


async def claim_report(session: AsyncSession, moderator: Viewer, report_id: int) -> None:
    """Claim an open report; claiming it again extends the claim.

    Raises:
        ForbiddenError: the viewer is not a moderator, or it is about them.
        NotFoundError: the report doesn't exist (any more).
        ConflictError: it is closed, or another moderator is working on it.
    """
    require_moderator(moderator)
    report = await lock_report(session, report_id)
    await refuse_if_own(session, report, moderator)
    if not report.is_open:
        raise ConflictError({"": IS_CLOSED})
    refuse_if_claimed(report, moderator)
    report.claimed_by_id, report.claimed_at = moderator.id, now()
    await session.commit()


async def release_report(session: AsyncSession, moderator: Viewer, report_id: int) -> None:
    """Give up the claim of a report.

    Raises:
        ForbiddenError: the viewer is not a moderator.
        NotFoundError: the report doesn't exist (any more).
        ConflictError: another moderator has claimed it.
    """
    require_moderator(moderator)
    report = await lock_report(session, report_id)
    refuse_if_claimed(report, moderator)
    report.claimed_by_id = report.claimed_at = None
    await session.commit()
