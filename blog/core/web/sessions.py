"""What a browser keeps for its visitor in a signed cookie: flashed messages, the forms' secret."""

import hashlib
from functools import cached_property

from itsdangerous import URLSafeTimedSerializer
from quart import Quart
from quart.sessions import SecureCookieSession, SecureCookieSessionInterface
from quart.wrappers import BaseRequestWebsocket

from blog.core.web.app import Broadside


class CookieSessions(SecureCookieSessionInterface):
    """Quart's own sessions, signed by SHA-512; the API's resources have none.

    Cookies that were signed by SHA-1, as Quart does, hold until they expire: a browser may have a
    form open whose secret is in one.

    Args:
        app: whose key signs them.
    """

    def __init__(self, app: Broadside) -> None:
        self._app = app

    @cached_property
    def _signer(self) -> URLSafeTimedSerializer:
        """It is made once, for to derive its key takes longer than to sign."""
        signing = {"key_derivation": self.key_derivation, "digest_method": hashlib.sha512}
        return URLSafeTimedSerializer(
            str(self._app.secret_key),
            salt=self.salt,
            serializer=self.serializer,
            signer_kwargs=signing,
            fallback_signers=[signing | {"digest_method": hashlib.sha1}],
        )

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
