"""Secrets that are handed out: links in mails, the tokens of sessions and of the API."""

import hashlib
import secrets
from typing import Any

from itsdangerous import BadData, SignatureExpired, URLSafeTimedSerializer

LINK_SECONDS = 3600


class InvalidTokenError(Exception):
    """The token was not made by this site, or not for this purpose, or does not hold any more."""


class ExpiredTokenError(InvalidTokenError):
    """The token was good once."""


class OtherAccountError(InvalidTokenError):
    """The token is good, but for another account than the one that is logged in."""


class LinkSigner:
    """Makes and reads the tokens in the links of mails: signed, not stored.

    Args:
        key: the site's signing key. A token that was signed for one purpose does not hold
            for another.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def sign(self, purpose: str, content: dict[str, Any]) -> str:
        """A token of `content` for a URL. Whoever has it can read the content."""
        return str(self._serializer(purpose).dumps(content))

    def read(self, purpose: str, token: str, max_age: int = LINK_SECONDS) -> dict[str, Any]:
        """The content that `token` was made of, at most `max_age` seconds ago.

        Raises:
            ExpiredTokenError: it is older.
            InvalidTokenError: it is not one of ours.
        """
        try:
            content: dict[str, Any] = self._serializer(purpose).loads(token, max_age=max_age)
        except SignatureExpired as error:
            raise ExpiredTokenError from error
        except BadData as error:
            raise InvalidTokenError from error
        return content

    def _serializer(self, purpose: str) -> URLSafeTimedSerializer:
        # The 48 bytes of a SHA-384 fill 64 characters of base64 to the last bit. With another
        # length a changed last character could stand for the same signature.
        return URLSafeTimedSerializer(
            self._key, salt=f"link: {purpose}", signer_kwargs={"digest_method": hashlib.sha384}
        )


def fingerprint(*texts: str) -> str:
    """A digest of `texts`, for a token that is to hold only as long as none of them changes."""
    digest = hashlib.sha256()
    for text in texts:
        # Each is hashed by itself first: ("ab", "c") and ("a", "bc") differ.
        digest.update(hashlib.sha256(text.encode()).digest())
    return digest.hexdigest()[:32]


def opaque_token() -> str:
    """A random secret of 256 bits, in characters that a cookie and a URL can hold."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> bytes:
    """What is stored of an opaque token. A plain SHA-256 will do: there is nothing to guess."""
    return hashlib.sha256(token.encode()).digest()
