"""Accounts of other services: logging in, connecting and registering. Each function is one
transaction."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import SecretStr
from sqlalchemy import ColumnElement, and_, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.accounts.events import AccountConfirmed
from blog.accounts.login.authentication import authenticate
from blog.accounts.login.service import IS_DISABLED, OpenedSession, log_in_with_proof
from blog.accounts.openid.issuers import Identity, issuer_name
from blog.accounts.openid.schemas import ChooseNameForm
from blog.accounts.queries import user_by_email
from blog.accounts.registration.gate import Gate, GateClosedError, Newcomer, admit, enter
from blog.accounts.registration.service import find_name_errors, role_for
from blog.accounts.second_factor.trust import is_trusted
from blog.accounts.sessions.service import renew_token
from blog.core.auth.clients import Client
from blog.core.auth.security_log import Event, note
from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.crypto.passwords import Passwords
from blog.core.crypto.tokens import opaque_token
from blog.core.errors import InvalidFieldsError, LimitReachedError, NotFoundError
from blog.core.events.handlers import record
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.mail import outbox
from blog.models import LoginSession, OpenIDLogin, User

MOST_LOGINS = 20
TOO_MANY = lazy_gettext(
    "You have %(most)s connected accounts, which is the maximum. Disconnect one first.",
    most=MOST_LOGINS,
)
IS_GONE = lazy_gettext("This account isn't connected any more.")
IS_ANOTHERS = lazy_gettext("This account is already connected to another account here.")


async def logins_of(session: AsyncSession, user_id: int) -> Sequence[OpenIDLogin]:
    """The accounts of other services that a user can log in with, the oldest first."""
    statement = select(OpenIDLogin).where(OpenIDLogin.user_id == user_id).order_by(OpenIDLogin.id)
    return (await session.scalars(statement)).all()


async def log_in(
    session: AsyncSession, identity: Identity, client: Client, *, previous: LoginSession | None
) -> OpenedSession | None:
    """Open a session for the user whose account is connected with an identity.

    Args:
        identity: who someone is, according to their issuer.
        previous: the browser's current session, which ends.

    Returns:
        The session; `None` if the identity isn't connected to any account here.

    Raises:
        InvalidFieldsError: the account here is disabled.
        SecondFactorNeededError: it has a second factor, which this browser must ask for.
    """
    user = await session.scalar(
        select(User)
        .join(OpenIDLogin, OpenIDLogin.user_id == User.id)
        .where(_matches(identity))
        .options(joinedload(User.role, innerjoin=True))
        # Locked before the row of the login, in the same order as deletions.
        .with_for_update(read=True, of=User)
    )
    used = update(OpenIDLogin).where(_matches(identity)).values(last_used_at=now())
    if user is None or await session.scalar(used.returning(OpenIDLogin.user_id)) != user.id:
        await session.rollback()
        return None
    # The issuer may have logged them in long ago, and not asked again. A trusted browser isn't
    # asked for the second factor; without it, the issuer proves nothing (`reauthenticate`).
    timestamp = 0 if user.has_second_factor else identity.logged_in_at
    proved_at = datetime.fromtimestamp(timestamp, UTC)
    return await log_in_with_proof(session, user, client, previous=previous, proved_at=proved_at)


async def confirm_identity(session: AsyncSession, viewer: Viewer, identity: Identity) -> str | None:
    """Record in the viewer's session that they have proved who they are.

    Args:
        identity: who someone is, according to their issuer, which has just asked them.

    Returns:
        The new token of the session, for the cookie; `None` if that account isn't connected to the
        viewer's.
    """
    is_theirs = (_matches(identity), OpenIDLogin.user_id == viewer.id)
    used = update(OpenIDLogin).where(*is_theirs).values(last_used_at=now())
    if await session.scalar(used.returning(OpenIDLogin.id)) is None:
        return None
    token = await renew_token(session, viewer.browser_session)
    await session.commit()
    note(Event.IDENTITY_CONFIRMED, viewer.id)
    return token


async def has_account(session: AsyncSession, email: str) -> bool:
    """Whether there is an account with this address."""
    found = await user_by_email(session, email)
    await session.commit()
    return found is not None


async def connect(session: AsyncSession, viewer: Viewer, identity: Identity, name: str) -> None:
    """Connect an account of another service to the viewer's; idempotent.

    Args:
        name: the name of the service.

    Raises:
        InvalidFieldsError: it is connected to another user's.
        LimitReachedError: the viewer has the maximum number of connected accounts.
    """
    await _connect(session, viewer.person, identity, name)
    await session.commit()
    note(Event.OPENID_CONNECTED, viewer.id)


async def connect_by_password(
    session: AsyncSession, identity: Identity, name: str, password: SecretStr,
    passwords: Passwords, *, client: Client, previous: LoginSession | None,
) -> OpenedSession:  # fmt: skip
    """Connect an account of another service to the account here with the same address, whose
    password is asked for this once, and log in.

    Args:
        name: the name of the service.
        previous: the browser's current session, which ends.

    Raises:
        InvalidFieldsError: the password is wrong, or the account is disabled.
        TooManyAttemptsError: too many wrong passwords were tried.
        SecondFactorNeededError: the account has a second factor, which this browser must ask for;
            nothing is connected.
    """
    user = await authenticate(session, passwords, identity.email, password, client)
    if user is None:
        raise InvalidFieldsError({"password": _("That's not the password of your account.")})
    if user.is_disabled:
        raise InvalidFieldsError({"": IS_DISABLED})
    # With a second factor, the password alone proves nothing.
    if not user.has_second_factor or await is_trusted(session, user, client):
        await _connect(session, user, identity, name)
    opened = await log_in_with_proof(session, user, client, previous=previous)
    note(Event.OPENID_CONNECTED, user.id)
    return opened


async def register(
    session: AsyncSession, identity: Identity, form: ChooseNameForm, passwords: Passwords,
    gate: Gate, *, invitation: str, administrators: list[str], reserved: frozenset[str],
    client: Client, language: str | None,
) -> OpenedSession:  # fmt: skip
    """Create an account with the address that the issuer has verified, if the gate lets its owner
    in, and log in.

    Nobody knows the password of the account; the link for a forgotten password sets one. It is
    idempotent: the same form sent twice creates one account, and logs in twice.

    Args:
        invitation: the token of their link; empty if they have none.
        administrators, reserved, language: as in `blog.accounts.registration.service.register`.

    Raises:
        GateClosedError: the site doesn't let this person sign up.
        InvalidFieldsError: the username or the address is taken or reserved.
        SecondFactorNeededError: the form was sent before, and the account has a second factor.
    """
    newcomer = Newcomer(
        identity.email,
        form.username,
        invitation,
        form.application,
        has_proved_address=True,
        language=language,
    )
    try:
        await admit(session, newcomer, gate)
        errors = await find_name_errors(
            session, email=identity.email, username=form.username, reserved=reserved
        )
        if errors:
            raise InvalidFieldsError(errors)
        role = await role_for(session, identity.email, administrators)
        await session.commit()  # Hold no connection during hashing.
        password_hash = await passwords.hash(opaque_token())
        user = await enter(session, newcomer, gate, role, password_hash=password_hash)
        if not await _add_login(session, user.id, identity):
            raise InvalidFieldsError({"": IS_ANOTHERS})
    except (InvalidFieldsError, GateClosedError):
        await session.rollback()
        earlier = await log_in(session, identity, client, previous=None)
        if earlier is None:
            raise
        return earlier
    if user.is_confirmed:
        await record(session, AccountConfirmed(user.id))
    await session.flush()
    opened = await log_in_with_proof(session, user, client, previous=None)
    note(Event.REGISTERED, user.id)
    return opened


async def disconnect(session: AsyncSession, viewer: Viewer, login_id: int) -> None:
    """Disconnect an account of another service from the viewer's.

    Raises:
        NotFoundError: there is none with this id, or it is another user's.
    """
    is_own = (OpenIDLogin.id == login_id, OpenIDLogin.user_id == viewer.id)
    removed = delete(OpenIDLogin).where(*is_own).returning(OpenIDLogin.issuer)
    if (issuer := await session.scalar(removed)) is None:
        raise NotFoundError(IS_GONE)
    user, service = viewer.person, issuer_name(issuer)
    await outbox.put(session, to=user, message="openid_disconnected", user=user, service=service)
    await session.commit()
    note(Event.OPENID_DISCONNECTED, viewer.id)


async def _connect(session: AsyncSession, user: User, identity: Identity, name: str) -> None:
    if await _add_login(session, user.id, identity):
        own = select(func.count()).where(OpenIDLogin.user_id == user.id)
        if (await session.scalar(own) or 0) > MOST_LOGINS:
            await session.rollback()
            raise LimitReachedError({"": TOO_MANY})
        await outbox.put(session, to=user, message="openid_connected", user=user, service=name)
        return
    owner = await session.scalar(select(OpenIDLogin.user_id).where(_matches(identity)))
    if owner != user.id:
        await session.rollback()
        raise InvalidFieldsError({"": IS_ANOTHERS})


async def _add_login(session: AsyncSession, user_id: int, identity: Identity) -> bool:
    """Connect an identity, and return whether it was not connected to any account before."""
    added = await session.scalar(
        insert(OpenIDLogin)
        .values(user_id=user_id, issuer=identity.issuer, subject=identity.subject)
        .on_conflict_do_nothing()
        .returning(OpenIDLogin.id)
    )
    return added is not None


def _matches(identity: Identity) -> ColumnElement[bool]:
    return and_(OpenIDLogin.issuer == identity.issuer, OpenIDLogin.subject == identity.subject)
