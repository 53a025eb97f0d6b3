"""Load the session or API token of a request, with its user and role."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import lru_cache, partial
from typing import Any, TypeVar

from sqlalchemy import LargeBinary, Select, any_, bindparam, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from blog.core.clock import now
from blog.core.crypto.tokens import token_digest
from blog.core.db.arrays import array_parameter
from blog.core.web.app import current_app, db
from blog.core.web.requests import only_reads
from blog.models import ApiToken, Base, LoginSession, Role, User
from blog.models.block import hides_people, hides_words
from blog.models.notification import UNREAD_OF_USER
from blog.models.waiting import waiting_counts

# The attributes of a user that are read besides their columns.
EXTRA_ATTRIBUTES = (
    "unread_notifications", "hides_people", "hides_words", "open_reports", "held_items",
)  # fmt: skip
Entity = TypeVar("Entity", bound=Base)
Credential = TypeVar("Credential", LoginSession, ApiToken)


def _select_with_user(kind: type[Credential]) -> Select[*tuple[Any, ...]]:
    """Select the row of a session or token, with its user and role.

    From the tables, not the mapped classes: each authenticated request starts with this, and the
    ORM would take longer for these rows than for the rest of a page.
    """
    credentials, users, roles = kind.__table__, User.__table__, Role.__table__
    # API clients see no masthead, which shows these numbers.
    if kind is LoginSession:
        unread, waiting = UNREAD_OF_USER, waiting_counts(roles.c.permissions)
    else:
        unread, waiting = literal(0), (literal(0), literal(0))
    return (
        select(
            *credentials.c,
            *users.c,
            *roles.c,
            unread,
            hides_people(users.c.id),
            hides_words(users.c.id),
            *waiting,
        )
        .join_from(credentials, users, users.c.id == credentials.c.user_id)
        .join(roles, roles.c.id == users.c.role_id)
        .where(
            credentials.c.token_hash == any_(array_parameter("token_hashes", LargeBinary)),
            credentials.c.expires_at > bindparam("now"),
            users.c.disabled_at.is_(None),
        )
    )


_SELECTS = {LoginSession: _select_with_user(LoginSession), ApiToken: _select_with_user(ApiToken)}


async def load_credentials(
    session: AsyncSession, token_hashes: Sequence[bytes], *, kind: type[Credential]
) -> Sequence[Credential | None]:
    """Load the sessions or API tokens with these digests (`token_digest`), with their users and
    roles.

    Those that have ended, were revoked or have expired are not found, nor those of disabled
    accounts.

    The objects are detached and shared between requests: do not modify them. `session.merge(…,
    load=False)` returns a copy that may be modified.

    Returns:
        One result per digest.
    """
    parameters = {"token_hashes": list(set(token_hashes)), "now": now()}
    rows = await session.execute(_SELECTS[kind], parameters)
    found = {row.token_hash: _build_credential(kind, tuple(row)) for row in rows}
    return [found.get(token_hash) for token_hash in token_hashes]


# Concurrent requests share a statement (`blog.core.web.batches`).
LOADERS: dict[type[Any], Callable[..., Awaitable[Sequence[Any]]]] = {
    LoginSession: partial(load_credentials, kind=LoginSession),
    ApiToken: partial(load_credentials, kind=ApiToken),
}


_HIDES = select(hides_people(bindparam("user")), hides_words(bindparam("user")))


async def load_hiding_flags(session: AsyncSession, user: User) -> None:
    """Set `hides_people` and `hides_words` of a user who was not loaded with a session or token."""
    row = (await session.execute(_HIDES, {"user": user.id})).one()
    user.hides_people, user.hides_words = row


@lru_cache(maxsize=1_000)
def _build_credential(kind: type[Credential], values: tuple[Any, ...]) -> Credential:
    """Build the ORM objects of a row; the same row gives the same objects."""
    column_values = iter(values)
    row = _build_detached(kind, column_values)
    user = _build_detached(User, column_values)
    set_committed_value(user, "role", _build_detached(Role, column_values))
    for name in EXTRA_ATTRIBUTES:
        setattr(user, name, next(column_values))
    set_committed_value(row, "user", user)
    return row


def _build_detached(entity: type[Entity], column_values: Iterator[Any]) -> Entity:
    values = {column.key: next(column_values) for column in entity.__table__.c}
    instance = entity(**values)
    make_transient_to_detached(instance)
    return instance


async def find_credential(kind: type[Credential], token: str) -> Credential | None:
    """Find the session or API token of the current request, with its user and role.

    The connection is returned at once, because the request may wait for its quota or a password
    hash next. A request that writes gets copies in its own session, which checks out a connection
    at its first statement.
    """
    found: Credential | None
    found = await current_app.lookups.run(LOADERS[kind], token_digest(token))
    if found is None or only_reads():
        return found
    copy = await db().merge(found, load=False)
    for name in EXTRA_ATTRIBUTES:
        setattr(copy.user, name, getattr(found.user, name))
    return copy
