"""One-time codes of authenticator apps (TOTP, RFC 6238).

They use the defaults that all apps support: HMAC-SHA-1, six digits, 30 seconds.
"""

import base64
import hmac
import secrets
from urllib.parse import quote, urlencode

SECRET_BYTES = 20  # RFC 4226, 4 (R6) recommends 160 bits.
DIGITS, STEP_SECONDS = 6, 30
# A phone's clock may be a little off: one step either way is accepted (RFC 6238, 5.2).
DRIFT = (0, -1, 1)


def new_secret() -> bytes:
    """A random secret, shared by the site and an app."""
    return secrets.token_bytes(SECRET_BYTES)


def code_of(secret: bytes, step: int) -> str:
    """The code of a time step (RFC 4226, 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def find_step(secret: bytes, code: str, time: float) -> int | None:
    """Find the time step that a code belongs to.

    Args:
        secret: the secret.
        code: what was typed, without spaces.
        time: the current time, in seconds since 1970.

    Returns:
        The current step or one of its neighbours; `None` for a wrong or older code.
    """
    current = int(time) // STEP_SECONDS
    typed = code.encode()
    for step in (current + drift for drift in DRIFT):
        if hmac.compare_digest(code_of(secret, step).encode(), typed):
            return step
    return None


def format_secret(secret: bytes) -> str:
    """Format a secret in Base32, for people who type it into an app."""
    return base64.b32encode(secret).decode()


def app_url(secret: bytes, *, site_name: str, username: str) -> str:
    """The URL in the QR code ("Key Uri Format" of Google Authenticator).

    Args:
        secret: the secret.
        site_name, username: the name of the entry in the app.
    """
    label = f"{quote(site_name.replace(':', ' '))}:{quote(username)}"
    values = {"secret": format_secret(secret), "issuer": site_name}
    return f"otpauth://totp/{label}?{urlencode(values, quote_via=quote)}"
