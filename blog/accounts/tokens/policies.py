"""Permissions for API tokens, checked by pages, the API and services."""

from blog.core.auth.viewer import Viewer
from blog.models import Permission, Scope


def may_issue_tokens(viewer: Viewer) -> bool:
    """Whether the viewer may have API tokens: their address has to be confirmed."""
    return viewer.account is not None and viewer.account.is_confirmed


def may_grant(viewer: Viewer, scopes: Scope) -> bool:
    """Whether the viewer has the permissions for these scopes of a token."""
    return Scope.MODERATE not in scopes or viewer.can(Permission.MODERATE)
