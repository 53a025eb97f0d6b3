"""Requesting an export."""

import secrets

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.jobs.queue import enqueue
from blog.models import Export, ExportState
from blog.models.export import UNFINISHED_EXPORT
from blog.transfer.exporting.jobs import MAKE_EXPORT, remove_exports


async def create_export(session: AsyncSession, user_id: int) -> None:
    """Enqueue an export of a user's data, unless one is already unfinished."""
    new = insert(Export).values(
        user_id=user_id, name=secrets.token_hex(16), state=ExportState.WAITING
    )
    added = new.on_conflict_do_nothing(
        index_elements=["user_id"], index_where=UNFINISHED_EXPORT
    ).returning(Export.id, Export.name)
    export = (await session.execute(added)).one_or_none()
    if export is not None:
        await remove_exports(session, Export.user_id == user_id, Export.state == ExportState.FAILED)
        await enqueue(session, MAKE_EXPORT, key=str(user_id), export_id=export.id, name=export.name)
    await session.commit()
