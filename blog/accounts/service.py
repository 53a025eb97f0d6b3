"""What can be done to an account. Each function is one action in one transaction."""

from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts import queries
from blog.accounts.schemas import LoginForm, RegisterForm
from blog.errors import InvalidFieldsError
from blog.kit.clock import now
from blog.kit.passwords import Passwords
from blog.kit.tokens import InvalidTokenError, LinkSigner, opaque_token, token_digest
from blog.kit.urls import external_url
from blog.mail import outbox
from blog.models import LoginSession, Role, User

CONFIRM = "confirm"
LONGEST_DEVICE = 200


async def register(
    session: AsyncSession, form: RegisterForm, passwords: Passwords, links: LinkSigner,
    administrators: list[str],
) -> User:  # fmt: skip
    """Make an account and put the mail that confirms it into the outbox.

    Raises:
        InvalidFieldsError: the e-mail or the username is taken, in whatever case. The
            unique indexes decide, so that of two simultaneous requests one gets this.
    """
    role = Role.name == "Administrator" if form.email in administrators else Role.is_default
    user = User(
        email=form.email,
        username=form.username,
        password_hash=await passwords.hash(form.password.get_secret_value()),
        role=(await session.scalars(select(Role).where(role))).one(),
    )
    session.add(user)
    try:
        await session.flush()
    except IntegrityError as error:
        await session.rollback()
        raise _taken(error) from None
    await send_confirmation(session, user, links)
    await session.commit()
    return user


def _taken(error: IntegrityError) -> InvalidFieldsError:
    if "uq_users_email" in str(error.orig):
        return InvalidFieldsError({"email": "There is an account with this address already."})
    if "uq_users_username_lower" in str(error.orig):
        return InvalidFieldsError({"username": "This name is taken. Please choose another one."})
    raise error


async def send_confirmation(session: AsyncSession, user: User, links: LinkSigner) -> None:
    """Add the mail with the link that confirms the user's address; the caller commits."""
    token = links.sign(CONFIRM, {"user": user.id, "email": user.email})
    link = external_url("accounts.confirm", token=token)
    await outbox.put(session, to=user.email, message="confirm", user=user, link=link)


async def confirm(session: AsyncSession, token: str, links: LinkSigner) -> User:
    """Confirm the address that `token` was mailed to. Doing it twice does no harm.

    Raises:
        ExpiredTokenError: the link is older than an hour.
        InvalidTokenError: the link is not one of ours, or the address has changed since.
    """
    content = links.read(CONFIRM, token)
    user: User | None = await session.scalar(
        update(User)
        .where(User.id == content["user"], User.email == content["email"])
        .values(confirmed_at=func.coalesce(User.confirmed_at, now()))
        .returning(User)
    )
    if user is None:
        raise InvalidTokenError
    await session.commit()
    return user


async def log_in(
    session: AsyncSession, form: LoginForm, passwords: Passwords, *,
    device: str, network_address: str | None, life: timedelta,
) -> str:  # fmt: skip
    """Open a session for the person with these credentials.

    Returns:
        The session's token, for the cookie.

    Raises:
        InvalidFieldsError: there is no such person, or it is not his password; which of
            the two is told neither by the words nor by the time.
    """
    user = await queries.user_by_login(session, form.email)
    matches = await passwords.verify(
        user.password_hash if user else None, form.password.get_secret_value()
    )
    if user is None or not matches:
        raise InvalidFieldsError({"": "Unknown address or name, or wrong password."})
    token = opaque_token()
    session.add(
        LoginSession(
            token_hash=token_digest(token),
            user_id=user.id,
            expires_at=now() + life,
            device=device[:LONGEST_DEVICE],
            network_address=network_address,
        )
    )
    await session.commit()
    return token


async def log_out(session: AsyncSession, login: LoginSession) -> None:
    """End a session: its cookie is worthless from now on, wherever it may have been copied."""
    await session.execute(delete(LoginSession).where(LoginSession.id == login.id))
    await session.commit()
