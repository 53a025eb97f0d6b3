"""Client-side sessions in a signed cookie: flashed messages and the CSRF secret."""

import hashlib

from itsdangerous import URLSafeTimedSerializer
from quart import Quart
from quart.sessions import SecureCookieSession, SecureCookieSessionInterface
from quart.wrappers import BaseRequestWebsocket

from blog.core.crypto.tokens import SkewTolerantSigner
from blog.core.web.app import Broadside


class CookieSessions(SecureCookieSessionInterface):
    """Quart's sessions, signed with SHA-512; the API has none.

    Cookies signed with SHA-1, Quart's default, stay valid until they expire, because their CSRF
    secret may be needed by a form that is open in a browser.
    """

    def __init__(self, app: Broadside) -> None:
        """Create the signer once, because deriving its key takes longer than signing."""
        signing = {"key_derivation": self.key_derivation, "digest_method": hashlib.sha512}
        self._signer = URLSafeTimedSerializer(
            [*app.config["SECRET_KEY_FALLBACKS"], app.secret_key],
            salt=self.salt,
            serializer=self.serializer,
            signer=SkewTolerantSigner,
            signer_kwargs=signing,
            fallback_signers=[signing | {"digest_method": hashlib.sha1}],
        )

    def get_signing_serializer(self, app: Quart) -> URLSafeTimedSerializer | None:
        """The signer of the cookie."""
        return self._signer

    async def open_session(
        self, app: Quart, request: BaseRequestWebsocket
    ) -> SecureCookieSession | None:
        """The session; `None` for API requests, which get Quart's read-only null session."""
        is_resource = request.path.startswith("/api/v")
        return None if is_resource else await super().open_session(app, request)


def init_app(app: Broadside) -> None:
    app.session_interface = CookieSessions(app)
