"""Registration and confirmation. Each function is one transaction, unless the caller commits."""

from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.accounts.applications.proof import confirm_address
from blog.accounts.links import CONFIRM, refuse_other_account
from blog.accounts.passwords.new_passwords import refuse_context_words
from blog.accounts.registration.gate import Gate, GateClosedError, Newcomer, admit, enter
from blog.accounts.registration.uniqueness import EMAIL_TAKEN, NAME_ALIKE, NAME_TAKEN
from blog.accounts.registration.usernames import RESERVED_MESSAGE, fold
from blog.accounts.schemas import UserCreate
from blog.core.auth.security_log import Event, note
from blog.core.auth.viewer import Viewer
from blog.core.crypto.passwords import Passwords
from blog.core.crypto.tokens import InvalidTokenError, LinkSigner
from blog.core.errors import BlogError, InvalidFieldsError
from blog.core.web.urls import external_url
from blog.mail import outbox
from blog.models import Role, User
from blog.models.role import ADMINISTRATOR


class OwnershipNotProvedError(BlogError):
    """The visitor has to log in to prove that the account is theirs."""


async def register(
    session: AsyncSession, form: UserCreate, passwords: Passwords, gate: Gate,
    administrators: list[str], *, reserved: frozenset[str], submission: UUID | None,
    language: str | None = None,
) -> User:  # fmt: skip
    """Create an account, if the gate lets its owner in, and add the confirmation mail to the
    outbox.

    It is idempotent: the same form sent twice creates one account and returns it twice.

    Args:
        administrators: addresses whose accounts become administrators once confirmed.
        reserved: reserved usernames (`accounts/registration/usernames.py`).
        submission: the idempotency key of the form (`blog.core.web.submissions`).
        language: the language of the pages for them; `None` leaves it to their browser.

    Raises:
        GateClosedError: as in `gate.admit`.
        InvalidFieldsError: as in `gate.enter`, or the username is reserved, or the password is the
            username or the address.
    """
    newcomer = Newcomer(
        form.email, form.username, form.invitation, form.application, language=language
    )
    try:
        await admit(session, newcomer, gate)
        await _refuse_errors(session, form, passwords, reserved)
        role = await role_for(session, form.email, administrators)
        await session.commit()  # Hold no connection during hashing.
        password_hash = await passwords.hash(form.password.get_secret_value())
        user = await enter(
            session, newcomer, gate, role, password_hash=password_hash, submission=submission
        )
    except (InvalidFieldsError, GateClosedError):
        earlier = await _earlier_account(session, form, passwords, submission)
        if earlier is None:
            raise
        return earlier
    await send_confirmation(session, user, gate.links)
    await session.commit()
    note(Event.REGISTERED, user.id)
    return user


async def find_name_errors(
    session: AsyncSession, *, email: str | None, username: str | None, reserved: frozenset[str]
) -> dict[str, str]:
    """Find errors in the address and the username of a new account, so that a form can show all its
    errors at once. Names that are taken at the last moment are found by `gate.enter`.

    Args:
        email: the address; `None` if it is invalid.
        username: the username; `None` if it is invalid.
        reserved: reserved usernames.

    Returns:
        The messages by field.
    """
    address, name = (email or "").lower(), username or ""
    rows = await session.execute(
        select(User.email, User.username).where(
            or_(
                User.email == address,
                func.lower(User.username) == name.lower(),
                User.username_fold == fold(name),
            )
        )
    )
    found, errors = rows.all(), {}
    if email and any(row.email == address for row in found):
        errors["email"] = str(EMAIL_TAKEN)
    if username and fold(name) in reserved:
        errors["username"] = str(RESERVED_MESSAGE)
    elif username and any(row.username.lower() == name.lower() for row in found):
        errors["username"] = str(NAME_TAKEN)
    elif username and any(fold(row.username) == fold(name) for row in found):
        errors["username"] = str(NAME_ALIKE)
    return errors


async def _refuse_errors(
    session: AsyncSession, form: UserCreate, passwords: Passwords, reserved: frozenset[str]
) -> None:
    errors = await find_name_errors(
        session, email=form.email, username=form.username, reserved=reserved
    )
    try:
        refuse_context_words(form.password, passwords, username=form.username, email=form.email)
    except InvalidFieldsError as error:
        errors |= error.errors
    if errors:
        raise InvalidFieldsError(errors)


async def _earlier_account(
    session: AsyncSession, form: UserCreate, passwords: Passwords, submission: UUID | None
) -> User | None:
    """The account that the same form has created before, if the password matches and is enough to
    log in."""
    if submission is None:
        return None
    user = await session.scalar(
        select(User).where(User.submission == submission, ~User.has_second_factor)
    )
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
        Whether it was sent: the rate of these mails is limited.
    """
    sent = await send_confirmation(session, viewer.person, links)
    await session.commit()
    return sent


async def send_confirmation(session: AsyncSession, user: User, links: LinkSigner) -> bool:
    """Add the confirmation mail to the outbox; the caller commits."""
    token = links.sign(CONFIRM, {"user": user.id, "email": user.email})
    link = external_url("registration.confirm", token=token)
    mail = await outbox.put(session, to=user, message="confirm", user=user, link=link)
    return mail is not None


async def account_of_confirmation(
    session: AsyncSession, viewer: Viewer, token: str, links: LinkSigner
) -> User:
    """The account of a confirmation link; nothing is changed.

    Args:
        viewer: the viewer, logged in or not.

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
    if not (user.is_confirmed or user.role.is_default or viewer.account is not None):
        raise OwnershipNotProvedError
    return user


async def confirm(session: AsyncSession, viewer: Viewer, token: str, links: LinkSigner) -> User:
    """Confirm the address of a confirmation link; idempotent.

    An account that awaits approval stays unconfirmed; only the proof of the address is recorded.

    Arguments and errors are those of `account_of_confirmation`.

    Returns:
        The account, as it was before.
    """
    user = await account_of_confirmation(session, viewer, token, links)
    await confirm_address(session, user, user.email)
    await session.commit()
    note(Event.CONFIRMED, user.id)
    return user
