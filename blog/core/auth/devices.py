"""Known devices: browsers in which the owner of an account has logged in.

A signed cookie says so for a year, also after logging out. It opens nothing: it only lets attempts
at the account's password be counted apart from those of strangers (`blog.accounts.login.attempts`),
who could otherwise lock the owner out. A new password and the end of all other sessions make the
account forget all devices (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from quart import after_this_request, request
from quart.typing import ResponseTypes

from blog.core.crypto.tokens import InvalidTokenError
from blog.core.web.app import current_app
from blog.core.web.requests import is_for_api
from blog.models import User

LIFE = timedelta(days=365)
PURPOSE = "known device"


@dataclass(frozen=True)
class KnownDevice:
    """What the cookie says.

    Attributes:
        id: tells the account's devices apart.
        user_id: the account.
        generation: `User.device_generation` when the cookie was given out.
    """

    id: str
    user_id: int
    generation: int

    def is_known_to(self, user: User) -> bool:
        """Whether the account is this one, and has not forgotten its devices since."""
        return (self.user_id, self.generation) == (user.id, user.device_generation)


def requesting_device() -> KnownDevice | None:
    """The device that sends the current request, if some account knows it."""
    cookie = request.cookies.get(_cookie_name())
    if cookie is None or is_for_api():
        return None
    try:
        content = current_app.links.read(PURPOSE, cookie, int(LIFE.total_seconds()))
    except InvalidTokenError:
        return None
    return KnownDevice(content["id"], content["user"], content["generation"])


def remember_device(user_id: int, generation: int) -> None:
    """Let the browser keep, with the answer to this request, that an account knows it.

    Args:
        generation: the account's `User.device_generation`.
    """
    known = requesting_device()
    device_id = known.id if known and known.user_id == user_id else secrets.token_urlsafe(12)
    content = {"id": device_id, "user": user_id, "generation": generation}
    cookie = current_app.links.sign(PURPOSE, content)

    @after_this_request
    async def set_cookie(response: ResponseTypes) -> ResponseTypes:
        response.set_cookie(
            _cookie_name(),
            cookie,
            max_age=LIFE,
            httponly=True,
            samesite="Lax",
            secure=current_app.config["SESSION_COOKIE_SECURE"],
        )
        return response


def _cookie_name() -> str:
    return str(current_app.config["COOKIE_PREFIX"]) + "device"
