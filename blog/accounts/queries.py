"""Finding accounts and sessions."""

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.kit.clock import now
from blog.kit.tokens import token_digest
from blog.models import LoginSession, User


async def session_of_token(session: AsyncSession, token: str) -> LoginSession | None:
    """The session that `token` opens, with its user and his role, unless it has ended."""
    statement = (
        select(LoginSession)
        .where(LoginSession.token_hash == token_digest(token), LoginSession.expires_at > now())
        .options(
            joinedload(LoginSession.user, innerjoin=True).joinedload(User.role, innerjoin=True)
        )
    )
    return await session.scalar(statement)


async def user_by_login(session: AsyncSession, login: str) -> User | None:
    """The person whose e-mail or username is `login`, whatever the case."""
    return await session.scalar(
        select(User)
        .where(or_(User.email == login.lower(), func.lower(User.username) == login.lower()))
        .options(joinedload(User.role, innerjoin=True))
    )
