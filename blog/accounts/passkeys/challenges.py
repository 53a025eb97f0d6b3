"""Challenges, which passkeys sign.

A challenge is stored in the signed cookie of the session that it was created for, so that the
response of another browser doesn't match. Used challenges are stored in the database: each works
once.
"""

import hashlib
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from enum import StrEnum

from quart import session as browser_session
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.crypto.tokens import InvalidTokenError
from blog.core.web.app import current_app
from blog.models import UsedChallenge

CHALLENGE, BYTES = "passkey_challenge", 32
LIFE = timedelta(minutes=5)


class Ceremony(StrEnum):
    """The purpose of a challenge. A response is only valid for the purpose of its challenge."""

    LOGIN = "login"
    SECOND_FACTOR = "second-factor"
    IDENTITY = "identity"
    REGISTRATION = "registration"


def new_challenge(ceremony: Ceremony) -> bytes:
    """Create a challenge, and store it in the browser's session in place of an earlier one."""
    challenge = secrets.token_bytes(BYTES)
    content = {"challenge": urlsafe_b64encode(challenge).decode()}
    browser_session[CHALLENGE] = current_app.links.sign(ceremony, content)
    return challenge


def take_challenge(ceremony: Ceremony) -> bytes | None:
    """Take the challenge for this ceremony out of the browser's session; `None` if there is none,
    or it is older than five minutes."""
    signed = browser_session.pop(CHALLENGE, "")
    try:
        content = current_app.links.read(ceremony, signed, int(LIFE.total_seconds()))
    except InvalidTokenError:
        return None
    return urlsafe_b64decode(content["challenge"])


async def mark_challenge_used(session: AsyncSession, challenge: bytes) -> bool:
    """Record that a challenge has been used; the caller commits.

    Returns:
        Whether this is the first use. Of two concurrent ones, one waits for the other here.
    """
    digest = hashlib.sha256(challenge).digest()
    added = await session.scalar(
        insert(UsedChallenge)
        .values(digest=digest, expires_at=now() + LIFE)
        .on_conflict_do_nothing()
        .returning(UsedChallenge.digest)
    )
    return added is not None
