"""Leaving the site: a person deletes their account with all that belongs to it.

First the password is asked for, then a link in a mail leads to the page whose button deletes:
neither a browser that was left open nor a mailbox alone is enough.
"""

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.accounts.administrators import LastAdministratorError, lock_administrators
from blog.accounts.deletion.batches import begin_deletion
from blog.accounts.deletion.jobs import remove_later
from blog.accounts.events import AccountDeleted
from blog.accounts.links import check_credentials, credentials_of, refuse_other_account
from blog.accounts.login.attempts import forgive
from blog.accounts.login.authentication import authenticate
from blog.core.auth.clients import Client
from blog.core.auth.security_log import Event, note
from blog.core.crypto.passwords import Passwords
from blog.core.crypto.tokens import InvalidTokenError, LinkSigner
from blog.core.errors import InvalidFieldsError
from blog.core.events.handlers import record
from blog.core.web.urls import external_url
from blog.mail import outbox
from blog.models import Permission, User
from blog.models.account_deletion import not_deleted

DELETE_ACCOUNT = "delete account"


async def ask_to_confirm(
    session: AsyncSession, account: User, password: SecretStr, passwords: Passwords, *,
    links: LinkSigner, client: Client,
) -> None:  # fmt: skip
    """Send the mail with the link that leads to the deletion.

    Raises:
        InvalidFieldsError: it is not the person's password, or enough of these mails have been
            sent for now.
        TooManyAttemptsError: too many wrong passwords were tried.
        LastAdministratorError: nobody else could look after the site.
    """
    user = await authenticate(session, passwords, account.email, password, client)
    if user is None:
        raise InvalidFieldsError({"password": "This is not your password."})
    await forgive(session, user, client.address)
    await _keep_an_administrator(session, user)
    token = links.sign(DELETE_ACCOUNT, {"user": user.id, "credentials": credentials_of(user)})
    link = external_url("leaving.confirm_deletion", token=token)
    mail = await outbox.put(session, to=user.email, message="delete_account", user=user, link=link)
    await session.commit()
    if mail is None:
        raise InvalidFieldsError(
            {"": "We have sent you several of these mails. Use the last one, or wait an hour."}
        )


def check_link(account: User, token: str, links: LinkSigner) -> None:
    """Make sure that a link was mailed to this person, and still holds.

    Raises:
        ExpiredTokenError: the link is older than an hour.
        OtherAccountError: it is for somebody else.
        InvalidTokenError: it is not one of ours, or the password or the address has been
            changed since.
    """
    content = links.read(DELETE_ACCOUNT, token)
    refuse_other_account(account.id, content["user"])
    check_credentials(account, content)


async def delete_account(
    session: AsyncSession, account: User, token: str, links: LinkSigner
) -> None:
    """Delete an account with its posts, comments, follows, sessions and mails.

    It is gone for everybody when this returns; `blog.accounts.deletion.jobs` removes its rows.
    The audit log keeps the name.

    Raises:
        InvalidTokenError: as `check_link`; or the account has been deleted by a request at
            the same moment.
        LastAdministratorError: nobody else could look after the site.
    """
    check_link(account, token, links)
    user = await session.scalar(
        select(User)
        .where(User.id == account.id, not_deleted(User.id))
        .options(joinedload(User.role, innerjoin=True))
        .with_for_update(of=User)
        .execution_options(populate_existing=True)
    )
    if user is None:
        raise InvalidTokenError
    check_link(user, token, links)
    await _keep_an_administrator(session, user)
    await begin_deletion(session, user)
    await remove_later(session, user.id)
    await record(session, AccountDeleted(user.id))
    await session.commit()
    note(Event.DELETED, user.id)


async def _keep_an_administrator(session: AsyncSession, user: User) -> None:
    """Refuse the deletion of the last administrator; nobody else waits for those who are one."""
    if user.role.grants(Permission.ADMIN) and await lock_administrators(session) == {user.id}:
        raise LastAdministratorError
