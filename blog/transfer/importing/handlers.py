"""Handlers of events of other features."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.events import AccountDeleted
from blog.models import PostImport
from blog.transfer.importing.uploads import remove_imports


async def remove_imports_with_account(
    session: AsyncSession, events: Sequence[AccountDeleted]
) -> None:
    """Remove the imports of deleted accounts; one that is running stops."""
    await remove_imports(session, PostImport.owner_id.in_([event.user_id for event in events]))
