"""Permissions for closing and reading reports."""

from blog.core.auth.viewer import Viewer
from blog.models import Permission, Report


def may_close_report(viewer: Viewer, report: Report, *, is_alone: bool) -> bool:
    """Whether the viewer may claim and close a report, and read what was written about it: any
    moderator except the one it is about.

    An administrator may even if it is about them, provided that nobody else moderates, so that no
    report stays open forever. But they don't see who reported them.

    Args:
        is_alone: whether nobody else moderates.
    """
    if not viewer.can(Permission.MODERATE):
        return False
    return viewer.id != report.author_id or (is_alone and viewer.can(Permission.ADMIN))


POLICIES = (may_close_report,)
