"""Who may take measures, and decide appeals."""

from blog.core.auth.viewer import Viewer
from blog.models import Measure, Permission, User


def may_take_measures(viewer: Viewer, person: User) -> bool:
    """Whether the viewer may take measures against this person, whose role is loaded: moderators
    against users, and administrators also against moderators; nobody against themself."""
    if viewer.id == person.id or not viewer.can(Permission.MODERATE):
        return False
    return viewer.can(Permission.ADMIN) or not person.role.grants(Permission.MODERATE)


def may_decide_appeal(viewer: Viewer, measure: Measure) -> bool:
    """Whether the viewer may decide an appeal: another moderator than the one who took the
    measure, and not the person it is about."""
    is_other = viewer.id not in {measure.moderator_id, measure.person_id}
    return viewer.can(Permission.MODERATE) and is_other


POLICIES = (may_decide_appeal, may_take_measures)
