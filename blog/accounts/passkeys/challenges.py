"""Challenges, which passkeys sign.

A challenge is kept in the signed cookie of the session that it was made for, so that the answer of
another browser doesn't fit. Which have been answered is in the database: each works once.
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
    """What a passkey is asked for. The answer to a challenge of one counts for no other."""

    LOGIN = "login"
    SECOND_FACTOR = "second-factor"
    IDENTITY = "identity"
    REGISTRATION = "registration"


def new_challenge(ceremony: Ceremony) -> bytes:
    """Make a challenge, and keep it in the browser's session in place of a former one."""
    challenge = secrets.token_bytes(BYTES)
    content = {"challenge": urlsafe_b64encode(challenge).decode()}
    browser_session[CHALLENGE] = current_app.links.sign(ceremony, content)
    return challenge


def kept_challenge(ceremony: Ceremony) -> bytes | None:
    """Take the challenge out of the browser's session; `None` if there is none of the last five
    minutes for this ceremony."""
    signed = browser_session.pop(CHALLENGE, "")
    try:
        content = current_app.links.read(ceremony, signed, int(LIFE.total_seconds()))
    except InvalidTokenError:
        return None
    return urlsafe_b64decode(content["challenge"])


async def use_challenge(session: AsyncSession, challenge: bytes) -> bool:
    """Note that a challenge has been answered; the caller commits.

    Returns:
        Whether this is the first answer. Of two at the same time, one waits for the other here.
    """
    digest = hashlib.sha256(challenge).digest()
    added = await session.scalar(
        insert(UsedChallenge)
        .values(digest=digest, expires_at=now() + LIFE)
        .on_conflict_do_nothing()
        .returning(UsedChallenge.digest)
    )
    return added is not None
