"""Permissions for API tokens, checked by pages, the API and services."""

from blog.core.auth.viewer import Viewer
from blog.models import Permission, Scope


def may_issue_tokens(viewer: Viewer) -> bool:
    """Whether the viewer may have API tokens, which takes a confirmed address."""
    return viewer.account is not None and viewer.account.is_confirmed


def may_grant(viewer: Viewer, scopes: Scope) -> bool:
    """Whether the viewer has the permissions that these scopes of a token stand for."""
    return Scope.MODERATE not in scopes or viewer.can(Permission.MODERATE)
