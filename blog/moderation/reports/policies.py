"""Who may close reports."""

from blog.core.auth.viewer import Viewer
from blog.models import Permission, Report


def may_close_report(viewer: Viewer, report: Report) -> bool:
    """Whether the viewer may claim and close a report: any moderator but the one it is about."""
    return viewer.can(Permission.MODERATE) and viewer.id != report.author_id


POLICIES = (may_close_report,)
