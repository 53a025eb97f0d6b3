"""What a browser keeps for its visitor in a signed cookie: flashed messages, the forms' secret."""

from functools import cached_property

from itsdangerous import URLSafeTimedSerializer
from quart import Quart
from quart.sessions import SecureCookieSession, SecureCookieSessionInterface
from quart.wrappers import BaseRequestWebsocket

from blog.web.app import Broadside


class CookieSessions(SecureCookieSessionInterface):
    """Quart's own sessions, with a signer that is made once; the API's resources have none.

    Args:
        app: whose key signs them.
    """

    def __init__(self, app: Broadside) -> None:
        self._app = app

    @cached_property
    def _signer(self) -> URLSafeTimedSerializer | None:
        return super().get_signing_serializer(self._app)

    def get_signing_serializer(self, app: Quart) -> URLSafeTimedSerializer | None:
        return self._signer

    async def open_session(
        self, app: Quart, request: BaseRequestWebsocket
    ) -> SecureCookieSession | None:
        """The session; `None` for a program, which then has one that cannot be written to."""
        is_resource = request.path.startswith("/api/v")
        return None if is_resource else await super().open_session(app, request)


def init_app(app: Broadside) -> None:
    app.session_interface = CookieSessions(app)
