"""Permissions for taking measures and deciding appeals."""

from datetime import timedelta

from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.models import Measure, Permission, User

# After this time administrators may decide appeals against their own measures.
OWN_AFTER = timedelta(days=14)


def may_take_measures(viewer: Viewer, person: User) -> bool:
    """Whether the viewer may take measures against this person, whose role is loaded. Moderators
    may against users, administrators also against moderators, and nobody against themselves."""
    if viewer.id == person.id or not viewer.can(Permission.MODERATE):
        return False
    return viewer.can(Permission.ADMIN) or not person.role.grants(Permission.MODERATE)


def may_decide_appeal(viewer: Viewer, measure: Measure, *, has_another: bool) -> bool:
    """Whether the viewer may decide an appeal: any moderator except the one who took the measure
    and the person it is about.

    An administrator may decide an appeal against their own measure if there is no other moderator,
    or if none has decided within `OWN_AFTER`, so that no appeal waits forever.

    Args:
        measure: the measure, with its appeal.
        has_another: whether there is a moderator other than these two.
    """
    if not viewer.can(Permission.MODERATE) or viewer.id == measure.person_id:
        return False
    if viewer.id != measure.moderator_id:
        return True
    appeal = measure.appeal
    is_late = appeal is not None and appeal.created_at + OWN_AFTER < now()
    return viewer.can(Permission.ADMIN) and (is_late or not has_another)


POLICIES = (may_take_measures,)
