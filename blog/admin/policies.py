"""Permissions for accounts and the site, checked by pages, services and templates."""

from blog.core.auth.viewer import Viewer
from blog.models import Permission, User


def may_administer(viewer: Viewer) -> bool:
    """Whether the viewer may manage accounts and background jobs."""
    return viewer.can(Permission.ADMIN)


def may_disable(viewer: Viewer, user: User) -> bool:
    """Whether the viewer may disable this account, which must not be their own."""
    return may_administer(viewer) and viewer.id != user.id


POLICIES = (may_disable,)
