"""One-time codes of authenticator apps (TOTP, RFC 6238), with the defaults that all of them know:
HMAC-SHA-1, six digits, 30 seconds.
"""

import base64
import hmac
import secrets
from urllib.parse import quote, urlencode

SECRET_BYTES = 20  # RFC 4226, 4 (R6) recommends 160 bits.
DIGITS, STEP_SECONDS = 6, 30
# The clock of a phone may be a little ahead or behind: one step either way (RFC 6238, 5.2).
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


def step_of(secret: bytes, code: str, moment: float) -> int | None:
    """The time step that a code belongs to.

    Args:
        secret: the secret.
        code: what was typed, without spaces.
        moment: the present time, in seconds since 1970.

    Returns:
        The present step or one of its neighbours; `None` for a wrong code, or an older one.
    """
    present = int(moment) // STEP_SECONDS
    typed = code.encode()
    for step in (present + drift for drift in DRIFT):
        if hmac.compare_digest(code_of(secret, step).encode(), typed):
            return step
    return None


def as_text(secret: bytes) -> str:
    """A secret in Base32, as people type it into an app."""
    return base64.b32encode(secret).decode()


def app_address(secret: bytes, *, site_name: str, username: str) -> str:
    """The URL in the QR code ("Key Uri Format" of Google Authenticator).

    Args:
        secret: the secret.
        site_name, username: how the app calls the entry.
    """
    label = f"{quote(site_name.replace(':', ' '))}:{quote(username)}"
    values = {"secret": as_text(secret), "issuer": site_name}
    return f"otpauth://totp/{label}?{urlencode(values, quote_via=quote)}"
