"""Recovery codes: each replaces the second factor once."""

import base64
import re
import secrets
from collections.abc import Sequence

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.crypto.tokens import token_digest
from blog.core.i18n import gettext as _
from blog.models import RecoveryCode

CODES = 10
RANDOM_BYTES, LETTERS, GROUP = 15, 24, 4
_SEPARATORS = re.compile(r"[\s-]+")


def normalize_code(typed: str) -> str:
    """Normalize a code of either kind: people type spaces, hyphens and lower-case letters."""
    return _SEPARATORS.sub("", typed).upper()


async def replace_codes(session: AsyncSession, user_id: int) -> list[str]:
    """Give a user new codes, which replace the old ones; the caller has locked the user, and
    commits.

    Returns:
        The codes, which are shown once and not stored.
    """
    codes = [base64.b32encode(secrets.token_bytes(RANDOM_BYTES)).decode() for _ in range(CODES)]
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    await session.execute(
        insert(RecoveryCode),
        [{"user_id": user_id, "code_hash": token_digest(code)} for code in codes],
    )
    return codes


def format_code(code: str) -> str:
    """Format a code for people: `ABCD-EFGH-IJKL-MNOP-QRST-UVWX`."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def format_as_file(codes: Sequence[str], *, site_name: str, username: str) -> str:
    """Format codes as the text of a file to download."""
    lines = [
        _(
            "Recovery codes of %(name)s on %(site_name)s. Each works once.",
            name=username,
            site_name=site_name,
        ),
        "",
    ]
    return "\n".join([*lines, *map(format_code, codes), ""])


async def use_recovery_code(session: AsyncSession, user_id: int, code: str) -> bool:
    """Use up a code, so that it can't be used again; the caller commits.

    Args:
        code: the code, normalized.

    Returns:
        Whether the user had it.
    """
    used = await session.scalar(
        delete(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.code_hash == token_digest(code))
        .returning(RecoveryCode.id)
    )
    return used is not None
