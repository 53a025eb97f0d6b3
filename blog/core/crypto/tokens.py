"""Tokens: signed ones for links in emails, opaque ones for sessions and the API."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from itsdangerous import BadData, SignatureExpired, TimestampSigner, URLSafeTimedSerializer

from blog.core.clock import now

LINK_SECONDS = 3600
# How far ahead the clock of another machine may be for its tokens to be accepted. Such clocks are
# reported (`blog/core/jobs/heartbeats.py`).
CLOCK_DIFFERENCE = timedelta(minutes=10)


class InvalidTokenError(Exception):
    """The token was not signed by this site, or for another purpose, or is no longer valid."""


class ExpiredTokenError(InvalidTokenError):
    """The token has expired."""


class OtherAccountError(InvalidTokenError):
    """The token is valid, but not for the account that is logged in."""


class SkewTolerantSigner(TimestampSigner):
    """Accepts signatures by a machine whose clock is ahead of this one's.

    Otherwise visitors would lose their sessions whenever a load balancer switches machines.
    """

    def unsign(
        self,
        signed_value: str | bytes,
        max_age: int | None = None,
        return_timestamp: bool = False,
    ) -> Any:
        """Like `TimestampSigner.unsign`."""
        try:
            return super().unsign(signed_value, max_age, return_timestamp)  # type: ignore[call-overload]
        except SignatureExpired as error:
            signed_at = error.date_signed
            if signed_at is None or not now() < signed_at <= now() + CLOCK_DIFFERENCE:
                raise
        return super().unsign(signed_value, None, return_timestamp)  # type: ignore[call-overload]


class LinkSigner:
    """Signs and verifies the tokens in links in emails. They are not stored.

    Args:
        keys: the site's keys; the last one signs. Each purpose has its own derived keys.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = keys

    def sign(self, purpose: str, content: dict[str, Any]) -> str:
        """Create a URL-safe token with `content`, signed but not encrypted."""
        return str(self._serializer(purpose).dumps(content))

    def read(self, purpose: str, token: str, max_age: int | None = LINK_SECONDS) -> dict[str, Any]:
        """Verify `token`, and return its content.

        Args:
            purpose: the purpose that it was signed for.
            token: the token.
            max_age: how long it is valid, in seconds; `None` is for ever.

        Raises:
            ExpiredTokenError: it is older.
            InvalidTokenError: its signature is invalid.
        """
        try:
            content: dict[str, Any] = self._serializer(purpose).loads(token, max_age=max_age)
        except SignatureExpired as error:
            raise ExpiredTokenError from error
        except BadData as error:
            raise InvalidTokenError from error
        return content

    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        # The 48 bytes of a SHA-384 fill 64 base64 characters exactly. With padding bits, a changed
        # last character could decode to the same signature.
        return URLSafeTimedSerializer(
            self._keys,
            salt=f"link: {purpose}",
            signer=SkewTolerantSigner,
            signer_kwargs={"digest_method": hashlib.sha384},
        )


def fingerprint(*texts: str) -> str:
    """A digest of `texts`, for a token that becomes invalid when one of them changes."""
    digest = hashlib.sha256()
    for text in texts:
        # Hash each one first, so that ("ab", "c") and ("a", "bc") differ.
        digest.update(hashlib.sha256(text.encode()).digest())
    return digest.hexdigest()[:32]


def opaque_token() -> str:
    """Create a random token of 256 bits, safe in cookies and URLs."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> bytes:
    """The digest of an opaque token, for storage; plain SHA-256 suffices for random tokens."""
    return hashlib.sha256(token.encode()).digest()
