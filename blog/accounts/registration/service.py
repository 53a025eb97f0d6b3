"""Registration and confirmation. Each function is one transaction, unless the caller commits."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.accounts.events import AccountConfirmed, AccountRegistered
from blog.accounts.links import CONFIRM, refuse_other_account
from blog.accounts.passwords.new_passwords import refuse_context_words
from blog.accounts.registration.uniqueness import taken
from blog.accounts.registration.usernames import fold, refuse_reserved
from blog.accounts.schemas import UserCreate
from blog.core.auth.security_log import Event, note
from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.crypto.passwords import Passwords
from blog.core.crypto.tokens import InvalidTokenError, LinkSigner
from blog.core.errors import BlogError, InvalidFieldsError
from blog.core.events.handlers import record
from blog.core.web.urls import external_url
from blog.mail import outbox
from blog.models import Role, User
from blog.models.role import ADMINISTRATOR


class OwnershipNotProvedError(BlogError):
    """The visitor has to log in to prove that the account is theirs."""


async def register(
    session: AsyncSession, form: UserCreate, passwords: Passwords, links: LinkSigner,
    administrators: list[str], *, reserved: frozenset[str], submission: UUID | None,
) -> User:  # fmt: skip
    """Create an account, and add the confirmation mail to the outbox.

    It is idempotent: the same form sent twice creates one account and returns it twice.

    Args:
        administrators: addresses whose accounts become administrators once confirmed.
        reserved: reserved usernames (`accounts/registration/usernames.py`).
        submission: the idempotency key of the form (`blog.core.web.submissions`).

    Raises:
        InvalidFieldsError: as in `add_account`, or the username is reserved.
    """
    refuse_reserved(form.username, reserved)
    role = await role_for(session, form.email, administrators)
    try:
        user = await add_account(session, form, passwords, role, submission=submission)
    except InvalidFieldsError:
        earlier = await _earlier_account(session, form, passwords, submission)
        if earlier is None:
            raise
        return earlier
    await send_confirmation(session, user, links)
    await record(session, AccountRegistered(user.id))
    await session.commit()
    note(Event.REGISTERED, user.id)
    return user


async def add_account(
    session: AsyncSession, form: UserCreate, passwords: Passwords, role: Role, *,
    submission: UUID | None = None,
) -> User:  # fmt: skip
    """Add an unconfirmed account; the caller commits.

    Raises:
        InvalidFieldsError: the e-mail address or username is taken, ignoring case, or the username
            looks like an existing one, or the password is one of them, or the form was submitted
            before.
    """
    refuse_context_words(form.password, passwords, username=form.username, email=form.email)
    await session.commit()  # Hold no connection during hashing.
    user = User(
        email=form.email,
        username=form.username,
        username_fold=fold(form.username),
        password_hash=await passwords.hash(form.password.get_secret_value()),
        role=role,
        submission=submission,
    )
    try:
        async with session.begin_nested():
            session.add(user)
    except IntegrityError as error:
        raise taken(error) from None
    return user


async def _earlier_account(
    session: AsyncSession, form: UserCreate, passwords: Passwords, submission: UUID | None
) -> User | None:
    """The account that the same form has created before, if the password matches."""
    if submission is None:
        return None
    user = await session.scalar(select(User).where(User.submission == submission))
    await session.commit()
    stored = user.password_hash if user else None
    matches = await passwords.verify(stored, form.password.get_secret_value())
    return user if matches else None


async def role_for(session: AsyncSession, email: str, administrators: list[str]) -> Role:
    """The role of a new account with this address."""
    wanted = Role.name == ADMINISTRATOR if email in administrators else Role.is_default
    return (await session.scalars(select(Role).where(wanted))).one()


async def resend_confirmation(session: AsyncSession, viewer: Viewer, links: LinkSigner) -> bool:
    """Send the confirmation mail again.

    Returns:
        Whether it was sent: its rate is limited.
    """
    sent = await send_confirmation(session, viewer.person, links)
    await session.commit()
    return sent


async def send_confirmation(session: AsyncSession, user: User, links: LinkSigner) -> bool:
    """Add the confirmation mail to the outbox; the caller commits."""
    token = links.sign(CONFIRM, {"user": user.id, "email": user.email})
    link = external_url("registration.confirm", token=token)
    mail = await outbox.put(session, to=user.email, message="confirm", user=user, link=link)
    return mail is not None


async def account_of_confirmation(
    session: AsyncSession, viewer: Viewer, token: str, links: LinkSigner, *,
    registered: int | None = None,
) -> User:  # fmt: skip
    """The account of a confirmation link; nothing is changed.

    Args:
        viewer: the viewer, logged in or not.
        registered: the id of the account that was registered in this browser, if any.

    Raises:
        ExpiredTokenError: the link is older than an hour.
        OtherAccountError: it is for another account than the viewer's.
        InvalidTokenError: its signature is invalid, or the address has changed since.
        OwnershipNotProvedError: the account would get more than the default role, and the viewer
            may not be its owner. An attacker may have registered with the address of an
            administrator, and must not get the role because the administrator's mail scanner opens
            the link and submits its form.
    """
    content = links.read(CONFIRM, token)
    refuse_other_account(viewer, content["user"])
    user = await session.scalar(
        select(User)
        .where(User.id == content["user"], User.email == content["email"])
        .options(joinedload(User.role, innerjoin=True))
    )
    if user is None:
        raise InvalidTokenError
    is_owner = viewer.account is not None or registered == user.id
    if not (user.is_confirmed or user.role.is_default or is_owner):
        raise OwnershipNotProvedError
    return user


async def confirm(
    session: AsyncSession, viewer: Viewer, token: str, links: LinkSigner, *,
    registered: int | None = None,
) -> None:  # fmt: skip
    """Confirm the address of a confirmation link; idempotent.

    Arguments and errors are those of `account_of_confirmation`.
    """
    user = await account_of_confirmation(session, viewer, token, links, registered=registered)
    confirmed = await session.scalar(
        update(User)
        .where(User.id == user.id, User.email == user.email, User.confirmed_at.is_(None))
        .values(confirmed_at=now())
        .returning(User.id)
        .execution_options(synchronize_session=False)
    )
    if confirmed is not None:
        await record(session, AccountConfirmed(confirmed))
    await session.commit()
    note(Event.CONFIRMED, user.id)
