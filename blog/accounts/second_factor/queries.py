"""Queries for second factors."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.models import Authenticator, Passkey, RecoveryCode, TrustedBrowser

BROWSERS_SHOWN = 100


class SecondFactors(NamedTuple):
    """The second factors of a user.

    Attributes:
        app_added_at, app_used_at: when the authenticator app was set up, and last used.
        codes_left: the number of unused recovery codes.
        passkeys: the number of passkeys.
    """

    app_added_at: datetime | None
    app_used_at: datetime | None
    codes_left: int
    passkeys: int


async def second_factors_of(session: AsyncSession, user_id: int) -> SecondFactors:
    """The second factors of a user."""
    codes = select(func.count()).where(RecoveryCode.user_id == user_id).scalar_subquery()
    passkeys = select(func.count()).where(Passkey.user_id == user_id).scalar_subquery()
    app = select(Authenticator).where(Authenticator.user_id == user_id).subquery()
    statement = (
        select(app.c.created_at, app.c.last_used_at, codes, passkeys)
        .select_from(select(1).subquery())
        .outerjoin(app, app.c.user_id == user_id)
    )
    return SecondFactors(*(await session.execute(statement)).one())


async def trusted_browsers_of(session: AsyncSession, user_id: int) -> Sequence[TrustedBrowser]:
    """The trusted browsers of a user, the newest first, up to a hundred."""
    statement = (
        select(TrustedBrowser)
        .where(TrustedBrowser.user_id == user_id, TrustedBrowser.expires_at > now())
        .order_by(TrustedBrowser.id.desc())
        .limit(BROWSERS_SHOWN)
    )
    return (await session.scalars(statement)).all()
