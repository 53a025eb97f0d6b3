"""Who may close reports, and read what they say."""

from blog.core.auth.viewer import Viewer
from blog.models import Permission, Report


def may_close_report(viewer: Viewer, report: Report, *, is_alone: bool) -> bool:
    """Whether the viewer may claim and close a report, and read what was written about it: any
    moderator but the one it is about.

    An administrator may even then, if nobody else moderates, so that no report stays open forever.
    Who reported it isn't shown to them even then.

    Args:
        is_alone: whether nobody else moderates.
    """
    if not viewer.can(Permission.MODERATE):
        return False
    return viewer.id != report.author_id or (is_alone and viewer.can(Permission.ADMIN))


POLICIES = (may_close_report,)
