"""The contents and validity of links in mails about accounts.

Each link names its account. It can be opened by anyone who has the mail, logged in or not, but not
while logged in to another account, where it would not be clear which account is affected.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.core.crypto.tokens import (
    InvalidTokenError,
    LinkSigner,
    OtherAccountError,
    fingerprint,
)
from blog.models import User

CONFIRM = "confirm"
RESET_PASSWORD = "reset password"  # noqa: S105
CHANGE_EMAIL = "change e-mail"
UNLOCK_DEVICE = "unlock device"


def credentials_of(user: User) -> str:
    """A digest that changes with the password and the address of an account.

    A link that contains it works once, because using it changes one of them. It also becomes
    invalid when either changes in another way: a link to change the address, requested by an
    attacker, must not survive the owner's new password (Sudhodanan and Paverd, "Pre-hijacked
    accounts", USENIX Security 2022).
    """
    return fingerprint(user.password_hash, user.email)


def check_credentials(user: User | None, content: dict[str, str]) -> User:
    """Return `user` if the link is still valid.

    Raises:
        InvalidTokenError: the account was deleted, or the link was used or invalidated.
    """
    if user is None or credentials_of(user) != content["credentials"]:
        raise InvalidTokenError
    return user


async def user_of_link(
    session: AsyncSession, viewer: Viewer, purpose: str, token: str, links: LinkSigner
) -> User:
    """The user of a link that contains the digest of their credentials, if it is valid.

    Args:
        viewer: the viewer, logged in or not.
        purpose: `RESET_PASSWORD` or `UNLOCK_DEVICE`.

    Raises:
        ExpiredTokenError: the link is older than an hour.
        OtherAccountError: it is for another account than the viewer's.
        InvalidTokenError: its signature is invalid, or the password or address has changed since.
    """
    content = links.read(purpose, token)
    refuse_other_account(viewer, content["user"])
    return check_credentials(await session.get(User, content["user"]), content)


def refuse_other_account(viewer: Viewer, user_id: int) -> None:
    """Refuse a link for `user_id` to a viewer who is logged in to another account.

    Args:
        viewer: the viewer, logged in or not.
        user_id: the id of the link's account.

    Raises:
        OtherAccountError: they are.
    """
    if viewer.id and viewer.id != user_id:
        raise OtherAccountError
