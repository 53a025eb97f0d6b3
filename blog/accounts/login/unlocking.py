"""Letting the owner of an account log in on a new device while others try to guess the password.

The limit of wrong passwords over all networks (`blog.accounts.login_attempts`) would refuse the
right one as well. A link by mail makes the browser a known device, which has a limit of its own.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts import queries
from blog.accounts.login.warnings import unlock_link
from blog.core.auth.security_log import Event, note
from blog.core.crypto.tokens import LinkSigner
from blog.mail import outbox


async def mail_unlock_link(session: AsyncSession, email: str, links: LinkSigner) -> None:
    """Mail a link, if there is an account with this address."""
    user = await queries.user_by_email(session, email)
    if user is not None:
        link = unlock_link(user, links)
        mail = await outbox.put(session, to=user, message="unlock_device", user=user, link=link)
        await session.commit()
        if mail is not None:
            note(Event.UNLOCK_LINK_SENT, user.id)
