"""Queries for passkeys."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import Passkey


async def passkeys_of(session: AsyncSession, user_id: int) -> Sequence[Passkey]:
    """The passkeys of a user, the newest first."""
    statement = select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id.desc())
    return (await session.scalars(statement)).all()


async def passkey_by_credential(session: AsyncSession, credential_id: bytes) -> Passkey | None:
    """The passkey with this id of its authenticator."""
    return await session.scalar(select(Passkey).where(Passkey.credential_id == credential_id))
