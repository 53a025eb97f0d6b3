"""What the links in the mails about accounts hold, and when they cease to hold.

Each names its account. A link is opened by whoever has the mail, logged in or not, but not by
somebody who is logged in with another account: they would not know what happens to which.
"""

from blog.core.crypto.tokens import InvalidTokenError, OtherAccountError, fingerprint
from blog.models import User

CONFIRM = "confirm"
RESET_PASSWORD = "reset password"  # noqa: S105
CHANGE_EMAIL = "change e-mail"


def credentials_of(user: User) -> str:
    """A digest that changes with the password and with the address of an account.

    A link that holds it works once, since it changes what is digested. It also dies when
    either is changed in another way: a link to change the address, asked for by whoever had
    got hold of the account, must not survive the owner's new password (Sudhodanan and Paverd,
    "Pre-hijacked accounts", USENIX Security 2022).
    """
    return fingerprint(user.password_hash, user.email)


def check_credentials(user: User | None, content: dict[str, str]) -> User:
    """`user`, if the link that was read still holds for them.

    Raises:
        InvalidTokenError: the account has gone, or the link was used or has been overtaken.
    """
    if user is None or credentials_of(user) != content["credentials"]:
        raise InvalidTokenError
    return user


def refuse_other_account(viewer_id: int, user_id: int) -> None:
    """Refuse a link for `user_id` to somebody who is logged in with another account.

    Args:
        viewer_id: who opens the link; 0 for an anonymous viewer.
        user_id: whom it is for.

    Raises:
        OtherAccountError: the viewer is somebody else.
    """
    if viewer_id and viewer_id != user_id:
        raise OtherAccountError
