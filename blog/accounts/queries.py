"""Finding accounts, sessions and API tokens."""

from collections.abc import Sequence

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import contains_eager, joinedload

from blog.kit.clock import now
from blog.kit.tokens import token_digest
from blog.models import ApiToken, LoginSession, User

SESSIONS_SHOWN = 100


# Made once: each request of somebody who is logged in begins with it.
_SESSION_OF_TOKEN = (
    select(LoginSession)
    .join(LoginSession.user)
    .where(
        LoginSession.token_hash == bindparam("token_hash"),
        LoginSession.expires_at > bindparam("now"),
        User.disabled_at.is_(None),
    )
    .options(contains_eager(LoginSession.user).joinedload(User.role, innerjoin=True))
)


async def session_of_token(session: AsyncSession, token: str) -> LoginSession | None:
    """The session that `token` opens, with its user and his role.

    There is none if it has ended, or if an administrator has disabled the account.
    """
    parameters = {"token_hash": token_digest(token), "now": now()}
    return await session.scalar(_SESSION_OF_TOKEN, parameters)


async def sessions_of(session: AsyncSession, user: User) -> Sequence[LoginSession]:
    """The sessions of one person that hold, the one used last first, up to a hundred."""
    statement = (
        select(LoginSession)
        .where(LoginSession.user_id == user.id, LoginSession.expires_at > now())
        .order_by(LoginSession.last_used_at.desc(), LoginSession.id.desc())
        .limit(SESSIONS_SHOWN)
    )
    return (await session.scalars(statement)).all()


async def token_owner(session: AsyncSession, token: str) -> ApiToken | None:
    """The row of an API token, with its user and his role.

    There is none if it was revoked or has expired, or if an administrator has disabled the
    account.
    """
    statement = (
        select(ApiToken)
        .join(ApiToken.user)
        .where(
            ApiToken.token_hash == token_digest(token),
            ApiToken.expires_at > now(),
            User.disabled_at.is_(None),
        )
        .options(contains_eager(ApiToken.user).joinedload(User.role, innerjoin=True))
    )
    return await session.scalar(statement)


async def tokens_of(session: AsyncSession, user: User) -> Sequence[ApiToken]:
    """The API tokens of one person that hold, the newest first."""
    statement = (
        select(ApiToken)
        .where(ApiToken.user_id == user.id, ApiToken.expires_at > now())
        .order_by(ApiToken.id.desc())
    )
    return (await session.scalars(statement)).all()


async def own_token(session: AsyncSession, user: User, token_id: int) -> ApiToken | None:
    """One of a person's API tokens, if it holds."""
    return await session.scalar(
        select(ApiToken).where(
            ApiToken.id == token_id, ApiToken.user_id == user.id, ApiToken.expires_at > now()
        )
    )


async def user_by_login(session: AsyncSession, login: str) -> User | None:
    """The person whose e-mail or username is `login`, whatever the case."""
    return await session.scalar(
        select(User)
        .where(or_(User.email == login.lower(), func.lower(User.username) == login.lower()))
        .options(joinedload(User.role, innerjoin=True))
    )


async def user_by_email(session: AsyncSession, email: str) -> User | None:
    """The person with this address, in lower case."""
    return await session.scalar(select(User).where(User.email == email))
