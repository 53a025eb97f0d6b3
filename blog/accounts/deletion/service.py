"""Account deletion by the user.

It requires the password, or another proof, and then a link in a mail, so that neither an unattended
browser nor access to the mailbox is enough.
"""

from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.accounts.administrators import LastAdministratorError, lock_administrators
from blog.accounts.deletion.batches import begin_deletion
from blog.accounts.deletion.jobs import enqueue_removal
from blog.accounts.events import AccountDeleted
from blog.accounts.links import check_credentials, credentials_of, refuse_other_account
from blog.accounts.reauthentication.service import check_form_password
from blog.core.auth.clients import Client
from blog.core.auth.security_log import Event, note
from blog.core.auth.viewer import Viewer
from blog.core.crypto.passwords import Passwords
from blog.core.crypto.tokens import InvalidTokenError, LinkSigner
from blog.core.errors import InvalidFieldsError
from blog.core.events.handlers import record
from blog.core.i18n import gettext as _
from blog.core.web.urls import external_url
from blog.mail import outbox
from blog.models import Permission, Subscription, User
from blog.models.account_deletion import not_deleted

DELETE_ACCOUNT = "delete account"


async def send_deletion_link(
    session: AsyncSession, viewer: Viewer, password: SecretStr, passwords: Passwords, *,
    links: LinkSigner, client: Client,
) -> None:  # fmt: skip
    """Send the mail with the deletion link.

    Raises:
        InvalidFieldsError: the password is wrong or missing, or too many of these mails were sent
            recently.
        TooManyAttemptsError: too many wrong passwords were tried.
        LastAdministratorError: the user is the last administrator.
    """
    await check_form_password(session, viewer, password, passwords, client)
    user = viewer.person
    await _refuse_last_administrator(session, user)
    token = links.sign(DELETE_ACCOUNT, {"user": user.id, "credentials": credentials_of(user)})
    link = external_url("leaving.confirm_deletion", token=token)
    mail = await outbox.put(session, to=user, message="delete_account", user=user, link=link)
    await session.commit()
    if mail is None:
        raise InvalidFieldsError(
            {
                "": (
                    _(
                        "We've already sent you several of these emails. Use the latest one, or "
                        "wait an hour."
                    )
                )
            }
        )


def check_link(viewer: Viewer, token: str, links: LinkSigner) -> None:
    """Check that a link was mailed to the viewer and is still valid.

    Raises:
        ExpiredTokenError: the link is older than an hour.
        OtherAccountError: it is for another account.
        InvalidTokenError: its signature is invalid, or the password or address has changed since.
    """
    content = links.read(DELETE_ACCOUNT, token)
    refuse_other_account(viewer, content["user"])
    check_credentials(viewer.account, content)


async def delete_account(
    session: AsyncSession, viewer: Viewer, token: str, links: LinkSigner
) -> None:
    """Delete the viewer's account with its posts, comments, follows, sessions and mails.

    It is hidden from everyone when this returns; `blog.accounts.deletion.jobs` deletes its rows.
    The audit log keeps the username.

    Raises:
        InvalidTokenError: as in `check_link`, or the account was deleted by a concurrent request.
        LastAdministratorError: the user is the last administrator.
    """
    check_link(viewer, token, links)
    await _lock_with_authors(session, viewer.person)
    user = await session.scalar(
        select(User)
        .where(User.id == viewer.id, not_deleted(User.id))
        .options(joinedload(User.role, innerjoin=True))
        .with_for_update(of=User)
        .execution_options(populate_existing=True)
    )
    if user is None:
        raise InvalidTokenError
    check_link(Viewer.of(user), token, links)
    await _refuse_last_administrator(session, user)
    await remove_account(session, user)
    await session.commit()
    note(Event.DELETED, user.id)


async def remove_account(session: AsyncSession, user: User) -> None:
    """Hide an account, and enqueue the deletion of its rows.

    The caller has locked the account, and commits.
    """
    await begin_deletion(session, user)
    await enqueue_removal(session, user.id)
    await record(session, AccountDeleted(user.id))


async def _lock_with_authors(session: AsyncSession, user: User) -> None:
    """Lock a user, the subscriptions of their address and the authors, who count them, in the same
    order as all writers."""
    subscriptions = select(Subscription.author_id).where(Subscription.email == user.email)
    ordered = subscriptions.order_by(Subscription.id).with_for_update()
    people = {user.id, *await session.scalars(ordered)}
    rows = select(User.id).where(User.id.in_(people))
    await session.execute(rows.order_by(User.id).with_for_update())


async def _refuse_last_administrator(session: AsyncSession, user: User) -> None:
    """Refuse to delete the last administrator. Only administrators take the lock."""
    if user.role.grants(Permission.ADMIN) and await lock_administrators(session) == {user.id}:
        raise LastAdministratorError
