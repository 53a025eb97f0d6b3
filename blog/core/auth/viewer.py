"""Who is asking, as services and policies see it: by a page, by the API or in a test."""

from dataclasses import dataclass

from blog.core.errors import ForbiddenError
from blog.models import Permission, User

NOTHING = Permission(0)


@dataclass(frozen=True)
class Viewer:
    """Somebody who asks for something, and what they may do at this moment.

    A service never asks an account what it may do: a token that was made to read must not
    moderate, whoever's it is.

    Attributes:
        id, username: the account's, also after a rollback, at which SQLAlchemy forgets what it
            has loaded. A stranger's id is 0, which no row has.
        permissions: what the role grants, as far as the credentials of this request grant it too.
        account: the person; `None` for a stranger.
    """

    id: int = 0
    username: str = ""
    permissions: Permission = NOTHING
    account: User | None = None

    @classmethod
    def of(cls, account: User) -> "Viewer":
        """A person with all that their role grants."""
        return cls(account.id, account.username, account.permissions, account)

    @property
    def person(self) -> User:
        """The account, where only people with one get to.

        Raises:
            ForbiddenError: it is a stranger.
        """
        if self.account is None:
            raise ForbiddenError
        return self.account

    def can(self, permission: Permission) -> bool:
        """Whether they may do all of what `permission` names."""
        return permission in self.permissions
