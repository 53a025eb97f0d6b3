"""Queries for accounts, sessions and API tokens."""

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.core.clock import now
from blog.models import ApiToken, LoginSession, User
from blog.models.account_deletion import not_deleted

SESSIONS_SHOWN = 100


async def sessions_of(session: AsyncSession, user: User) -> Sequence[LoginSession]:
    """The valid sessions of a user, the most recently used first, up to a hundred."""
    statement = (
        select(LoginSession)
        .where(LoginSession.user_id == user.id, LoginSession.expires_at > now())
        .order_by(LoginSession.last_used_at.desc(), LoginSession.id.desc())
        .limit(SESSIONS_SHOWN)
    )
    return (await session.scalars(statement)).all()


async def tokens_of(session: AsyncSession, user: User) -> Sequence[ApiToken]:
    """The valid API tokens of a user, the newest first."""
    statement = (
        select(ApiToken)
        .where(ApiToken.user_id == user.id, ApiToken.expires_at > now())
        .order_by(ApiToken.id.desc())
    )
    return (await session.scalars(statement)).all()


async def own_token(session: AsyncSession, user: User, token_id: int) -> ApiToken | None:
    """One of a user's API tokens, if it is valid."""
    return await session.scalar(
        select(ApiToken).where(
            ApiToken.id == token_id, ApiToken.user_id == user.id, ApiToken.expires_at > now()
        )
    )


async def user_by_login(session: AsyncSession, login: str) -> User | None:
    """The user whose e-mail address or username is `login`, ignoring case."""
    return await session.scalar(
        select(User)
        .where(
            or_(User.email == login.lower(), func.lower(User.username) == login.lower()),
            not_deleted(User.id),
        )
        .options(joinedload(User.role, innerjoin=True))
    )


async def user_by_email(session: AsyncSession, email: str) -> User | None:
    """The user with this email address, which is in lower case."""
    return await session.scalar(select(User).where(User.email == email))
