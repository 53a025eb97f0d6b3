"""Letting the owner of an account log in on a new device while others try to guess the password.

The limit of wrong passwords over all networks (`blog.accounts.login.attempts`) would refuse the
right one as well. A link by mail makes the browser a known device, which has a limit of its own.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts import queries
from blog.accounts.links import UNLOCK_DEVICE, check_credentials, refuse_other_account
from blog.accounts.login.warnings import unlock_link
from blog.core.auth.security_log import Event, note
from blog.core.auth.viewer import Viewer
from blog.core.crypto.tokens import LinkSigner
from blog.mail import outbox
from blog.models import User


async def mail_unlock_link(session: AsyncSession, email: str, links: LinkSigner) -> None:
    """Mail a link, if there is an account with this address."""
    user = await queries.user_by_email(session, email)
    if user is not None:
        link = unlock_link(user, links)
        mail = await outbox.put(
            session, to=user.email, message="unlock_device", user=user, link=link
        )
        await session.commit()
        if mail is not None:
            note(Event.UNLOCK_LINK_SENT, user.id)


async def user_of_unlock_link(
    session: AsyncSession, viewer: Viewer, token: str, links: LinkSigner
) -> User:
    """The user of a link, if it is valid.

    Args:
        viewer: the viewer, logged in or not.

    Raises:
        ExpiredTokenError: the link is older than an hour.
        OtherAccountError: it is for another account than the viewer's.
        InvalidTokenError: its signature is invalid, or the password or address has changed since.
    """
    content = links.read(UNLOCK_DEVICE, token)
    refuse_other_account(viewer, content["user"])
    return check_credentials(await session.get(User, content["user"]), content)
