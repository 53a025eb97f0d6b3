"""Loading the session or API token of a request, with its user and role."""

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

# What is read of a user beside their columns.
NOTED = (
    "unread_notifications", "hides_people", "hides_words", "open_reports", "held_items",
)  # fmt: skip
Entity = TypeVar("Entity", bound=Base)
Credential = TypeVar("Credential", LoginSession, ApiToken)


def _with_person(credential: type[Credential]) -> Select[*tuple[Any, ...]]:
    """Select the row of a session or token, with its user and role.

    From the tables, not the mapped classes: each authenticated request starts with it, and the ORM
    would take longer for these rows than the rest of a page does.
    """
    credentials, users, roles = credential.__table__, User.__table__, Role.__table__
    # The API's clients see no masthead.
    if credential is LoginSession:
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


_WITH_PERSON = {LoginSession: _with_person(LoginSession), ApiToken: _with_person(ApiToken)}


async def holders(
    session: AsyncSession, token_hashes: Sequence[bytes], *, credential: type[Credential]
) -> Sequence[Credential | None]:
    """Load the sessions or API tokens with these digests (`token_digest`), with their users and
    roles.

    Ended, revoked and expired ones are not found, nor those of disabled accounts.

    The objects are detached and shared between requests: do not modify them. `session.merge(…,
    load=False)` returns a copy that may be modified.

    Returns:
        One result per digest.
    """
    parameters = {"token_hashes": list(set(token_hashes)), "now": now()}
    rows = await session.execute(_WITH_PERSON[credential], parameters)
    found = {row.token_hash: _loaded(credential, tuple(row)) for row in rows}
    return [found.get(token_hash) for token_hash in token_hashes]


# Concurrent requests share a statement (`blog.core.web.batches`).
HOLDERS: dict[type[Any], Callable[..., Awaitable[Sequence[Any]]]] = {
    LoginSession: partial(holders, credential=LoginSession),
    ApiToken: partial(holders, credential=ApiToken),
}


_HIDES = select(hides_people(bindparam("user")), hides_words(bindparam("user")))


async def note_what_is_hidden(session: AsyncSession, user: User) -> None:
    """Let a user who was not loaded with a session or token know whether they hide anything."""
    row = (await session.execute(_HIDES, {"user": user.id})).one()
    user.hides_people, user.hides_words = row


@lru_cache(maxsize=1_000)
def _loaded(credential: type[Credential], values: tuple[Any, ...]) -> Credential:
    """The ORM objects for a row; the same row gives the same objects."""
    of_columns = iter(values)
    row = _detached(credential, of_columns)
    user = _detached(User, of_columns)
    set_committed_value(user, "role", _detached(Role, of_columns))
    for name in NOTED:
        setattr(user, name, next(of_columns))
    set_committed_value(row, "user", user)
    return row


def _detached(entity: type[Entity], of_columns: Iterator[Any]) -> Entity:
    values = {column.key: next(of_columns) for column in entity.__table__.c}
    made = entity(**values)
    make_transient_to_detached(made)
    return made


async def credential(kind: type[Credential], token: str) -> Credential | None:
    """The session or API token of the current request, with its user and role.

    The connection is returned at once, because the request may wait for its quota or a password
    hash next. A request that writes gets objects of its own session, which checks out a connection
    at its first statement.
    """
    found: Credential | None
    found = await current_app.lookups.run(HOLDERS[kind], token_digest(token))
    if found is None or only_reads():
        return found
    copy = await db().merge(found, load=False)
    for name in NOTED:
        setattr(copy.user, name, getattr(found.user, name))
    return copy
