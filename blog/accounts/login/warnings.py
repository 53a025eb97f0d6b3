"""Warning the owner of an account that others may have logged in, or tried to."""

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.links import UNLOCK_DEVICE, credentials_of
from blog.accounts.queries import user_by_login
from blog.core.auth.clients import Client
from blog.core.clock import now
from blog.core.crypto.tokens import LinkSigner
from blog.core.web.app import current_app
from blog.core.web.urls import external_url
from blog.mail import outbox
from blog.models import User


def warn_owner_of_guessing(login: str) -> None:
    """Record in an account, if it exists, that many wrong passwords were tried, and queue a mail to
    its owner.

    This happens in the background, because its duration would reveal whether the account exists.
    One mail per day is sent (`blog.mail.outbox`); if the backlog is full, a later attempt sends it.

    Args:
        login: the e-mail address or username that was entered.
    """
    current_app.backlog.add(_send_warning, login)


async def _send_warning(login: str) -> None:
    async with current_app.database.session() as session:
        user = await user_by_login(session, login)
        if user is not None and user.is_confirmed and not user.is_disabled:
            await session.execute(
                update(User)
                .where(User.id == user.id)
                .values(attacked_at=now())
                .execution_options(synchronize_session=False)
            )
            link = unlock_link(user, current_app.links)
            await outbox.put(session, to=user, message="password_guessing", user=user, link=link)
            await session.commit()


def unlock_link(user: User, links: LinkSigner) -> str:
    """A link that makes the browser in which it is used a known device; valid for an hour."""
    token = links.sign(UNLOCK_DEVICE, {"user": user.id, "credentials": credentials_of(user)})
    return external_url("unlocking.review", token=token)


async def notify_of_new_device(session: AsyncSession, user: User, client: Client) -> None:
    """Tell the owner of an account by mail about a login on a device that they haven't used before;
    the caller commits.

    There is no mail about the first login, which is theirs, nor to an unconfirmed address, which
    may not be theirs.
    """
    is_first = user.last_seen_at == user.created_at
    is_known = client.known_device is not None and client.known_device.is_known_to(user)
    if is_known or is_first or not user.is_confirmed:
        return
    await outbox.put(session, to=user, message="new_device", user=user, client=client, time=now())
