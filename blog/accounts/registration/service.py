"""Getting an account and confirming its address: a function is one action and one transaction."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.accounts.events import AccountConfirmed, AccountRegistered
from blog.accounts.links import CONFIRM, refuse_other_account
from blog.accounts.passwords.new_passwords import refuse_known_words
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


class UnprovedOwnerError(BlogError):
    """The owner of the account has to log in for this."""


async def register(
    session: AsyncSession, form: UserCreate, passwords: Passwords, links: LinkSigner,
    administrators: list[str], *, reserved: frozenset[str], submission: UUID | None,
) -> User:  # fmt: skip
    """Make an account, and put the mail that confirms it into the outbox.

    The same form sent twice makes one, which is the answer to both.

    Args:
        administrators: addresses; who registers with one of them becomes an administrator,
            which counts from the confirmation on.
        reserved: the usernames that nobody gets (`accounts/registration/usernames.py`).
        submission: the key of the form that was sent (`blog.core.web.submissions`).

    Raises:
        InvalidFieldsError: as `add_account`, or the username is reserved.
    """
    refuse_reserved(form.username, reserved)
    role = await role_for(session, form.email, administrators)
    try:
        user = await add_account(session, form, passwords, role, submission=submission)
    except InvalidFieldsError:
        earlier = await _made_before(session, form, passwords, submission)
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
    """Add an account, not yet confirmed; the caller commits.

    Raises:
        InvalidFieldsError: the e-mail or the username is taken, in whatever case, or the username
            looks like somebody's, or one of them is the password; or the same form has made an
            account before.
    """
    refuse_known_words(form.password, passwords, username=form.username, email=form.email)
    await session.commit()  # Nobody waits for a hash with a connection in hand.
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


async def _made_before(
    session: AsyncSession, form: UserCreate, passwords: Passwords, submission: UUID | None
) -> User | None:
    """The account that the same form has made, for whoever knows its password."""
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


async def resend_confirmation(session: AsyncSession, user: User, links: LinkSigner) -> bool:
    """Send the mail that confirms an address again.

    Returns:
        Whether it was sent: not more than a few are, in a while.
    """
    sent = await send_confirmation(session, user, links)
    await session.commit()
    return sent


async def send_confirmation(session: AsyncSession, user: User, links: LinkSigner) -> bool:
    """Add the mail with the link that confirms the user's address; the caller commits."""
    token = links.sign(CONFIRM, {"user": user.id, "email": user.email})
    link = external_url("registration.confirm", token=token)
    mail = await outbox.put(session, to=user.email, message="confirm", user=user, link=link)
    return mail is not None


async def account_of_confirmation(
    session: AsyncSession, viewer: Viewer, token: str, links: LinkSigner, *,
    registered: int | None = None,
) -> User:  # fmt: skip
    """The account whose address `token` was mailed to; nothing is changed.

    Args:
        viewer: who opens the link, logged in or not.
        registered: the id of the account that was made with this browser, if one was.

    Raises:
        ExpiredTokenError: the link is older than an hour.
        OtherAccountError: somebody else than the viewer was to open it.
        InvalidTokenError: the link is not one of ours, or the address has changed since.
        UnprovedOwnerError: the account would get more than the default role, and it is not
            known to be its owner who opens the link. Somebody else may have registered with
            the address of an administrator: they must not get the rights because the
            administrator's mail scanner has opened the link and pressed its button.
    """
    content = links.read(CONFIRM, token)
    refuse_other_account(viewer.id, content["user"])
    user = await session.scalar(
        select(User)
        .where(User.id == content["user"], User.email == content["email"])
        .options(joinedload(User.role, innerjoin=True))
    )
    if user is None:
        raise InvalidTokenError
    is_owner = viewer.account is not None or registered == user.id
    if not (user.is_confirmed or user.role.is_default or is_owner):
        raise UnprovedOwnerError
    return user


async def confirm(
    session: AsyncSession, viewer: Viewer, token: str, links: LinkSigner, *,
    registered: int | None = None,
) -> None:  # fmt: skip
    """Confirm the address that `token` was mailed to. Doing it twice does no harm.

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
