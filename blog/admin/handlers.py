"""Notifications of administrators."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.events import AccountRegistered
from blog.core.web.app import current_app
from blog.mail import outbox
from blog.models import User


async def mail_administrators(session: AsyncSession, events: Sequence[AccountRegistered]) -> None:
    """Email the administrators about new accounts."""
    for event in events:
        user = await session.get_one(User, event.user_id)
        for address in current_app.settings.admin_email:
            await outbox.put(session, to=address, message="new_user", user=user)
