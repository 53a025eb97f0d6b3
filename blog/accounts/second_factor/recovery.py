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


def compact(typed: str) -> str:
    """A code of either kind as it was meant: people type spaces, hyphens and small letters."""
    return _SEPARATORS.sub("", typed).upper()


async def replace_codes(session: AsyncSession, user_id: int) -> list[str]:
    """Give a user new codes, which end the former ones; the caller has locked the user, and
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


def in_groups(code: str) -> str:
    """A code as it is shown: `ABCD-EFGH-IJKL-MNOP-QRST-UVWX`."""
    return "-".join(code[start : start + GROUP] for start in range(0, len(code), GROUP))


def as_file(codes: Sequence[str], *, site_name: str, username: str) -> str:
    """The text of the file to download."""
    lines = [
        _(
            "Recovery codes of %(name)s on %(site_name)s. Each works once.",
            name=username,
            site_name=site_name,
        ),
        "",
    ]
    return "\n".join([*lines, *map(in_groups, codes), ""])


async def use_code(session: AsyncSession, user_id: int, code: str) -> bool:
    """Use up a code, so that it can't be used again; the caller commits.

    Args:
        code: in its compact form.

    Returns:
        Whether the user had it.
    """
    used = await session.scalar(
        delete(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.code_hash == token_digest(code))
        .returning(RecoveryCode.id)
    )
    return used is not None
