"""Who is asking, as routes, services and policies see it: by a page, by the API or in a test."""

import functools
from dataclasses import dataclass

from blog.core.errors import ForbiddenError
from blog.models import ApiToken, LoginSession, Permission, Scope, User

NO_PERMISSION = Permission(0)
ALL_SCOPES = Scope.READ | Scope.WRITE | Scope.MODERATE
# What a scope leaves of the permissions of a token's person.
GRANTS = {
    Scope.READ: NO_PERMISSION,
    Scope.WRITE: Permission.FOLLOW | Permission.COMMENT | Permission.WRITE,
    # What is done to what others wrote, by moderators and by administrators.
    Scope.MODERATE: Permission.MODERATE | Permission.ADMIN,
}


@functools.cache
def _granted(scopes: Scope) -> Permission:
    return Permission(sum(granted for scope, granted in GRANTS.items() if scope in scopes))


@dataclass(frozen=True)
class Viewer:
    """Somebody who asks for something, and what they may do at this moment.

    A service never asks an account what it may do: a token that was made to read must not
    moderate, even if its owner is a moderator.

    Attributes:
        id, username: the account's, also after a rollback, at which SQLAlchemy forgets what it
            has loaded. An anonymous viewer's id is 0, which no row has.
        permissions: what the role grants, as far as the scopes of a token grant it too.
        account: the person; `None` for an anonymous viewer.
        login: the session of the browser that they were recognised by.
        scopes: what the token that they were recognised by is good for; all without a token.
        used_password: whether they have sent their password with this request.
        is_known: whether it could be found out who is asking; not so while the database is away,
            or where a request is refused before.
    """

    id: int = 0
    username: str = ""
    permissions: Permission = NO_PERMISSION
    account: User | None = None
    login: LoginSession | None = None
    scopes: Scope = ALL_SCOPES
    used_password: bool = False
    is_known: bool = True

    @classmethod
    def of(cls, account: User, *, used_password: bool = False) -> "Viewer":
        """A person with all that their role grants.

        Args:
            used_password: whether they have sent their password with this request.
        """
        permissions = account.permissions
        return cls(account.id, account.username, permissions, account, used_password=used_password)

    @classmethod
    def by_session(cls, login: LoginSession) -> "Viewer":
        """The person whose browser has this session."""
        account = login.user
        return cls(account.id, account.username, account.permissions, account, login)

    @classmethod
    def by_token(cls, token: ApiToken) -> "Viewer":
        """The person whose program has this token, with what its scopes leave."""
        account, scopes = token.user, Scope(token.scopes)
        permissions = account.permissions & _granted(scopes)
        return cls(account.id, account.username, permissions, account, scopes=scopes)

    @property
    def person(self) -> User:
        """The account, where only people with one get to.

        Raises:
            ForbiddenError: the viewer is anonymous.
        """
        if self.account is None:
            raise ForbiddenError
        return self.account

    def can(self, permission: Permission) -> bool:
        """Whether they may do all of what `permission` names."""
        return permission in self.permissions


ANONYMOUS = Viewer()
UNKNOWN = Viewer(is_known=False)
