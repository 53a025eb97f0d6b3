"""Finding accounts, sessions and API tokens."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any, TypeVar

from sqlalchemy import ARRAY, LargeBinary, Select, any_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from blog.core.clock import now
from blog.models import ApiToken, Base, LoginSession, Role, User
from blog.models.account_deletion import not_deleted

SESSIONS_SHOWN = 100

Entity = TypeVar("Entity", bound=Base)
Credential = TypeVar("Credential", LoginSession, ApiToken)


def _with_person(credential: type[Credential]) -> Select[*tuple[Any, ...]]:
    """The row that a token stands for, with its person and his role.

    Of the tables themselves: each request of somebody who is known begins with it, and the ORM
    would take longer for these rows than everything else does for a page.
    """
    credentials, users, roles = credential.__table__, User.__table__, Role.__table__
    return (
        select(*credentials.c, *users.c, *roles.c)
        .join_from(credentials, users, users.c.id == credentials.c.user_id)
        .join(roles, roles.c.id == users.c.role_id)
        .where(
            credentials.c.token_hash == any_(bindparam("token_hashes", type_=ARRAY(LargeBinary))),
            credentials.c.expires_at > bindparam("now"),
            users.c.disabled_at.is_(None),
        )
    )


_WITH_PERSON = {LoginSession: _with_person(LoginSession), ApiToken: _with_person(ApiToken)}


async def holders(
    session: AsyncSession, token_hashes: Sequence[bytes], *, credential: type[Credential]
) -> Sequence[Credential | None]:
    """The sessions or API tokens with these digests (`token_digest`), with their people and roles.

    There is none if it has ended, was revoked or has expired, or if an administrator has
    disabled the account.

    What is found belongs to no session, and is shared by all that find the same: it is only to
    be read. `session.merge(…, load=False)` makes of it what may be changed.

    Returns:
        What each digest stands for.
    """
    parameters = {"token_hashes": list(set(token_hashes)), "now": now()}
    rows = await session.execute(_WITH_PERSON[credential], parameters)
    found = {row.token_hash: _loaded(credential, tuple(row)) for row in rows}
    return [found.get(token_hash) for token_hash in token_hashes]


# For requests at the same moment, by one statement (`blog.core.db.batches`).
HOLDERS: dict[type[Any], Callable[..., Awaitable[Sequence[Any]]]] = {
    LoginSession: partial(holders, credential=LoginSession),
    ApiToken: partial(holders, credential=ApiToken),
}


@lru_cache(maxsize=1_000)
def _loaded(credential: type[Credential], values: tuple[Any, ...]) -> Credential:
    """The objects that the ORM would make of a row; the same row makes the same objects."""
    of_columns = iter(values)
    row = _detached(credential, of_columns)
    user = _detached(User, of_columns)
    set_committed_value(user, "role", _detached(Role, of_columns))
    set_committed_value(row, "user", user)
    return row


def _detached(entity: type[Entity], of_columns: Iterator[Any]) -> Entity:
    values = {column.key: next(of_columns) for column in entity.__table__.c}
    made = entity(**values)
    make_transient_to_detached(made)
    return made


async def sessions_of(session: AsyncSession, user: User) -> Sequence[LoginSession]:
    """The sessions of one person that hold, the one used last first, up to a hundred."""
    statement = (
        select(LoginSession)
        .where(LoginSession.user_id == user.id, LoginSession.expires_at > now())
        .order_by(LoginSession.last_used_at.desc(), LoginSession.id.desc())
        .limit(SESSIONS_SHOWN)
    )
    return (await session.scalars(statement)).all()


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
        .where(
            or_(User.email == login.lower(), func.lower(User.username) == login.lower()),
            not_deleted(User.id),
        )
        .options(joinedload(User.role, innerjoin=True))
    )


async def user_by_email(session: AsyncSession, email: str) -> User | None:
    """The person with this address, in lower case."""
    return await session.scalar(select(User).where(User.email == email))
