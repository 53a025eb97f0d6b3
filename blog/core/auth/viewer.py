"""The viewer: the person who makes a request, for routes, services and policies."""

import functools
from dataclasses import dataclass, replace

from blog.core.errors import ForbiddenError
from blog.core.i18n import lazy_gettext
from blog.models import ApiToken, LoginSession, Permission, Scope, User

PAUSED = lazy_gettext("Your account is paused until %(until)s UTC. You can read, but not write.")
NO_PERMISSION = Permission(0)
ALL_SCOPES = Scope.READ | Scope.WRITE | Scope.MODERATE
# The permissions that a scope grants, if the token's user has them.
GRANTS = {
    Scope.READ: NO_PERMISSION,
    Scope.WRITE: Permission.FOLLOW | Permission.COMMENT | Permission.WRITE,
    # Actions of moderators and administrators on what others wrote.
    Scope.MODERATE: Permission.MODERATE | Permission.ADMIN,
}


@functools.cache
def _granted_permissions(scopes: Scope) -> Permission:
    return Permission(sum(granted for scope, granted in GRANTS.items() if scope in scopes))


@dataclass(frozen=True)
class Viewer:
    """The person who makes a request, and what they may do.

    Services check the viewer's permissions, never those of the account: a token for reading must
    not moderate, even if its owner is a moderator.

    Attributes:
        id, username: those of the account, even after a rollback, when SQLAlchemy expires loaded
            attributes. An anonymous viewer's id is 0, which no row has.
        permissions: those of the role that are also granted by the scopes of the token, if any.
        account: the user; `None` for an anonymous viewer.
        login: the session that authenticated them, if any.
        scopes: the scopes of the token that authenticated them; all without a token.
        token_id: the API token that authenticated them, if any.
        read_after: the position in the primary's log that a replica must have replayed to show
            them what they wrote with that token.
        used_password: whether they have sent their password with this request.
        withheld: permissions of the role that they lack because they have no second factor.
        is_known: whether authentication took place; `False` while the database is unavailable, or
            if the request is refused earlier.
    """

    id: int = 0
    username: str = ""
    permissions: Permission = NO_PERMISSION
    account: User | None = None
    login: LoginSession | None = None
    scopes: Scope = ALL_SCOPES
    token_id: int = 0
    read_after: int = 0
    used_password: bool = False
    withheld: Permission = NO_PERMISSION
    is_known: bool = True

    @classmethod
    def of(cls, account: User, *, used_password: bool = False) -> "Viewer":
        """Create a viewer with all permissions of their role.

        Args:
            used_password: whether they have sent their password with this request.
        """
        permissions = account.permissions
        return cls(account.id, account.username, permissions, account, used_password=used_password)

    @classmethod
    def by_session(cls, login: LoginSession) -> "Viewer":
        """Create the viewer of a session."""
        account = login.user
        return cls(account.id, account.username, account.permissions, account, login)

    @classmethod
    def by_token(cls, token: ApiToken) -> "Viewer":
        """Create the viewer of a token, with the permissions that its scopes grant."""
        account, scopes = token.user, Scope(token.scopes)
        permissions = account.permissions & _granted_permissions(scopes)
        return cls(
            account.id, account.username, permissions, account, scopes=scopes, token_id=token.id,
            read_after=token.written_position or 0,
        )  # fmt: skip

    def without(self, withheld: Permission) -> "Viewer":
        """The same viewer, without the permissions that need a second factor."""
        if not withheld:
            return self
        permissions = self.permissions & ~withheld
        return replace(self, permissions=permissions, withheld=self.permissions & withheld)

    @property
    def person(self) -> User:
        """The account, in places that only people with an account can reach.

        Raises:
            ForbiddenError: the viewer is anonymous.
        """
        if self.account is None:
            raise ForbiddenError
        return self.account

    @property
    def browser_session(self) -> LoginSession:
        """The session that authenticated them, in places that API clients can't reach.

        Raises:
            ForbiddenError: they have none.
        """
        if self.login is None:
            raise ForbiddenError
        return self.login

    @property
    def filtered_for(self) -> int:
        """Their id if their lists leave out people whom they have muted or blocked, or who have
        blocked them; 0 for everyone else, who share the same lists."""
        return self.id if self.account is not None and self.account.hides_people else 0

    @property
    def is_unconfirmed(self) -> bool:
        """Whether they have an account whose address is not confirmed: they can only read."""
        return self.account is not None and not self.account.is_confirmed

    @property
    def why_refused(self) -> str:
        """Why they may do less than others with their role; empty if they may do as much."""
        if self.account is None or self.account.paused_until is None or not self.account.is_paused:
            return ""
        return str(PAUSED.with_values(until=f"{self.account.paused_until:%Y-%m-%d %H:%M}"))

    def can(self, permission: Permission) -> bool:
        """Whether they have all of `permission`."""
        return permission in self.permissions


ANONYMOUS = Viewer()
# The operator at the command line may do anything; the name is not a valid username.
OPERATOR = Viewer(username="(command line)", permissions=~NO_PERMISSION)
UNKNOWN = Viewer(is_known=False)
