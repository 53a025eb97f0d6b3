"""Known devices: browsers in which the owner of an account has logged in.

A signed cookie marks them for a year, even after logging out. It gives no access: log-in attempts
from known devices are only counted separately from those of strangers
(`blog.accounts.login_attempts`), who could otherwise lock the owner out. Changing the password or
logging out all other sessions invalidates all known devices (OWASP, "Slow Down Online Guessing
Attacks with Device Cookies").
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from quart import after_this_request, request
from quart.typing import ResponseTypes

from blog.core.crypto.tokens import InvalidTokenError
from blog.core.web.app import current_app
from blog.core.web.cookies import cookie_name, set_cookie
from blog.core.web.requests import is_for_api
from blog.models import User

COOKIE, LIFE = "device", timedelta(days=365)
PURPOSE = "known device"


@dataclass(frozen=True)
class KnownDevice:
    """The content of the cookie.

    Attributes:
        id: identifies the device of an account.
        user_id: the account.
        generation: `User.device_generation` when the cookie was issued.
    """

    id: str
    user_id: int
    generation: int

    def is_known_to(self, user: User) -> bool:
        """Whether the cookie is of this account, whose devices have not been invalidated since."""
        return (self.user_id, self.generation) == (user.id, user.device_generation)


def requesting_device() -> KnownDevice | None:
    """The known device of the current request, if it is one."""
    cookie = request.cookies.get(cookie_name(COOKIE))
    if cookie is None or is_for_api():
        return None
    try:
        content = current_app.links.read(PURPOSE, cookie, int(LIFE.total_seconds()))
    except InvalidTokenError:
        return None
    return KnownDevice(content["id"], content["user"], content["generation"])


def remember_device(user_id: int, generation: int) -> None:
    """Set the cookie that makes the browser a known device of an account.

    Args:
        generation: the `User.device_generation` of the account.
    """
    known = requesting_device()
    device_id = known.id if known and known.user_id == user_id else secrets.token_urlsafe(12)
    content = {"id": device_id, "user": user_id, "generation": generation}
    cookie = current_app.links.sign(PURPOSE, content)

    @after_this_request
    async def remember(response: ResponseTypes) -> ResponseTypes:
        set_cookie(response, COOKIE, cookie, LIFE)
        return response
