"""Logins that wait for the second factor, stored in the session of the browser."""

from collections.abc import Mapping
from typing import NamedTuple

from quart import session

from blog.core.crypto.tokens import InvalidTokenError
from blog.core.web.app import current_app

PENDING, PURPOSE = "pending_login", "pending login"
PENDING_SECONDS = 600


class PendingLogin(NamedTuple):
    """A login with the right password, which still needs the second factor.

    Attributes:
        user_id: the account.
        credentials: a digest of its password and address; the login ends if they change.
        remember: whether the session lasts for 30 days.
    """

    user_id: int
    credentials: str
    remember: bool


def store_pending_login(pending: PendingLogin) -> None:
    """Store a login that waits for the second factor in the session of the browser."""
    session[PENDING] = current_app.links.sign(PURPOSE, pending._asdict())


def pending_login() -> PendingLogin | None:
    """The login of this browser that waits for the second factor; `None` after ten minutes."""
    try:
        content: Mapping[str, object] = current_app.links.read(
            PURPOSE, session.get(PENDING, ""), PENDING_SECONDS
        )
    except InvalidTokenError:
        return None
    return PendingLogin(**content)  # type: ignore[arg-type]
