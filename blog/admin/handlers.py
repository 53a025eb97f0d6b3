"""Notifications of administrators."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.events import AccountRegistered
from blog.core.web.app import current_app
from blog.mail import outbox
from blog.models import User


async def tell_of_new_people(session: AsyncSession, events: Sequence[AccountRegistered]) -> None:
    """Mail the administrators about a new account."""
    for event in events:
        user = await session.get_one(User, event.user_id)
        for address in current_app.settings.admin_email:
            await outbox.put(session, to=address, message="new_user", user=user)
