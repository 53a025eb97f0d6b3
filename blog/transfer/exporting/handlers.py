"""Handlers of events of other features."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.events import AccountDeleted
from blog.models import Export
from blog.transfer.exporting.jobs import remove_exports


async def remove_with_account(session: AsyncSession, events: Sequence[AccountDeleted]) -> None:
    """Remove the archives of deleted accounts; a running job discards its own."""
    await remove_exports(session, Export.user_id.in_([event.user_id for event in events]))
