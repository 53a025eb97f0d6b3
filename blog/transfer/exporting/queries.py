"""Reading exports."""

from typing import NamedTuple

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import Export, ExportState

_OWN = select(Export).where(Export.user_id == bindparam("user", type_=BigInteger))
_NEWEST = _OWN.order_by(Export.id.desc()).limit(2)
_READY = _OWN.where(
    Export.id == bindparam("id", type_=BigInteger), Export.state == ExportState.READY
)


class Exports(NamedTuple):
    """The exports of a user.

    Attributes:
        current: one that is unfinished or has failed.
        ready: the one that can be downloaded.
    """

    current: Export | None
    ready: Export | None

    @property
    def is_running(self) -> bool:
        """Whether an export is unfinished."""
        return self.current is not None and self.current.state != ExportState.FAILED


async def exports_of(session: AsyncSession, user_id: int) -> Exports:
    """The exports of a user."""
    exports = {
        export.state == ExportState.READY: export
        for export in await session.scalars(_NEWEST, {"user": user_id})
    }
    return Exports(exports.get(False), exports.get(True))


async def ready_export(session: AsyncSession, user_id: int, export_id: int) -> Export | None:
    """A user's export, if it can be downloaded."""
    return await session.scalar(_READY, {"user": user_id, "id": export_id})
