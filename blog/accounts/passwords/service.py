"""Changing a password, and resetting it by mail."""

from typing import NamedTuple

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts import queries
from blog.accounts.applications.proof import confirm_address
from blog.accounts.links import RESET_PASSWORD, credentials_of, user_of_link
from blog.accounts.login.authentication import authenticate
from blog.accounts.login_attempts import clear_failures
from blog.accounts.passwords.new_passwords import refuse_context_words
from blog.accounts.passwords.other_logins import OtherLogins, other_logins
from blog.accounts.schemas import ChangePasswordForm, ResetPasswordForm
from blog.accounts.sessions.service import end_all_access, renew_token
from blog.core.auth.clients import Client
from blog.core.auth.security_log import Event, note
from blog.core.auth.viewer import Viewer
from blog.core.crypto.passwords import Passwords
from blog.core.crypto.tokens import InvalidTokenError, LinkSigner
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import gettext as _
from blog.core.web.urls import external_url
from blog.mail import outbox
from blog.models import OpenIDLogin, User


class RenewedCredentials(NamedTuple):
    """The new credentials of the browser in which the password was changed, and the other ways to
    log in to the account."""

    user_id: int
    device_generation: int
    session_token: str
    others: OtherLogins


async def change_password(
    session: AsyncSession, viewer: Viewer, form: ChangePasswordForm, passwords: Passwords,
    client: Client,
) -> RenewedCredentials:  # fmt: skip
    """Change the viewer's password, end all other sessions, and revoke all tokens.

    Returns:
        The new credentials for the browser's cookies.

    Raises:
        InvalidFieldsError: the old password is wrong, or the new one is the username or e-mail
            address.
        TooManyAttemptsError: too many wrong passwords were tried, so that an unattended browser
            can't be used for guessing.
    """
    account, login = viewer.person, viewer.browser_session
    refuse_context_words(form.password, passwords, username=account.username, email=account.email)
    user = await authenticate(session, passwords, account.email, form.old_password, client)
    new_hash = await passwords.hash(form.password.get_secret_value()) if user else ""
    if user is None or not await _replace_hash(session, user, new_hash):
        raise InvalidFieldsError({"old_password": _("That's not your current password.")})
    generation = await end_all_access(session, user, keep=login)
    token = await renew_token(session, login)
    await clear_failures(session, user, client.address, new_password=True)
    others = await _notify_owner(session, user)
    await session.commit()
    note(Event.PASSWORD_CHANGED, user.id)
    return RenewedCredentials(user.id, generation, token, others)


async def mail_reset_link(session: AsyncSession, email: str, links: LinkSigner) -> None:
    """Mail a reset link, if there is an account with this address."""
    user = await queries.user_by_email(session, email)
    if user is not None:
        is_sent = await send_reset_link(session, user, links)
        await session.commit()
        if is_sent:
            note(Event.RESET_LINK_SENT, user.id)


async def send_reset_link(session: AsyncSession, user: User, links: LinkSigner) -> bool:
    """Add the mail with a reset link to the outbox; the caller commits.

    Returns:
        Whether it was added: the rate of these mails is limited.
    """
    link = reset_link(user, links)
    mail = await outbox.put(session, to=user, message="reset_password", user=user, link=link)
    return mail is not None


def reset_link(user: User, links: LinkSigner) -> str:
    """Create a reset link. It is valid once, for an hour, for anyone who has it."""
    token = links.sign(RESET_PASSWORD, {"user": user.id, "credentials": credentials_of(user)})
    return external_url("passwords.choose", token=token)


async def reset_password(
    session: AsyncSession, viewer: Viewer, token: str, form: ResetPasswordForm, *,
    passwords: Passwords, links: LinkSigner, client: Client,
) -> RenewedCredentials:  # fmt: skip
    """Set the password of the user of a link, end all sessions, and revoke all tokens; if they
    choose so, also disconnect accounts of other services.

    The link also proves ownership of the address, which becomes confirmed. No session is opened.

    Raises:
        InvalidTokenError: as in `user_of_link`; or a concurrent request has used the link.
        InvalidFieldsError: the new password is the username or e-mail address.
    """
    user = await user_of_link(session, viewer, RESET_PASSWORD, token, links)
    refuse_context_words(form.password, passwords, username=user.username, email=user.email)
    await session.commit()  # Hold no connection during hashing.
    new_hash = await passwords.hash(form.password.get_secret_value())
    if not await _replace_hash(session, user, new_hash):
        raise InvalidTokenError
    await confirm_address(session, user, user.email)
    generation = await end_all_access(session, user)
    await clear_failures(session, user, client.address, new_password=True)
    if form.disconnect:
        await session.execute(delete(OpenIDLogin).where(OpenIDLogin.user_id == user.id))
    others = await _notify_owner(session, user)
    await session.commit()
    note(Event.PASSWORD_RESET, user.id)
    if form.disconnect:
        note(Event.OPENID_DISCONNECTED, user.id)
    return RenewedCredentials(user.id, generation, session_token="", others=others)


async def _notify_owner(session: AsyncSession, user: User) -> OtherLogins:
    """Tell the owner by mail that the password was changed, and about other ways to log in."""
    others = await other_logins(session, user.id)
    await outbox.put(session, to=user, message="password_changed", user=user, others=others)
    return others


async def _replace_hash(session: AsyncSession, user: User, new_hash: str) -> bool:
    """Store a new hash, if the credentials have not changed since `user` was read."""
    replaced = (
        update(User)
        .where(
            User.id == user.id,
            User.password_hash == user.password_hash,
            User.email == user.email,
        )
        .values(password_hash=new_hash)
        .returning(User.id)
        .execution_options(synchronize_session=False)
    )
    return await session.scalar(replaced) is not None
