"""Reading imports and their reports."""

from collections.abc import AsyncGenerator, Sequence
from typing import NamedTuple

from sqlalchemy import BigInteger, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.database import Database
from blog.models import ImportRemark, PostImport

# Remarks on the page; the report has all of them.
MOST_SHOWN = 100
NEWEST = 10
READ_AT_ONCE = 1000

_OWN = select(PostImport).where(PostImport.owner_id == bindparam("owner", type_=BigInteger))
_NEWEST = _OWN.order_by(PostImport.id.desc()).limit(NEWEST)
_ONE = _OWN.where(PostImport.id == bindparam("id", type_=BigInteger))
_REMARKS = (
    select(ImportRemark)
    .where(
        ImportRemark.import_id == bindparam("id", type_=BigInteger),
        ImportRemark.id > bindparam("after", type_=BigInteger),
    )
    .order_by(ImportRemark.id)
    .limit(bindparam("number", type_=BigInteger))
)


class Imports(NamedTuple):
    """A person's imports.

    Attributes:
        current: the last one.
        remarks: its first remarks; one more than are shown, if there are more.
        earlier: some of the ones before it.
    """

    current: PostImport | None
    remarks: Sequence[ImportRemark]
    earlier: Sequence[PostImport]


async def imports_of(session: AsyncSession, owner_id: int) -> Imports:
    """A person's imports, newest first."""
    rows = (await session.scalars(_NEWEST, {"owner": owner_id})).all()
    if not rows:
        return Imports(None, (), ())
    first = {"id": rows[0].id, "after": 0, "number": MOST_SHOWN + 1}
    return Imports(rows[0], (await session.scalars(_REMARKS, first)).all(), rows[1:])


async def own_import(session: AsyncSession, owner_id: int, import_id: int) -> PostImport | None:
    """A person's import, if it is theirs."""
    return await session.scalar(_ONE, {"owner": owner_id, "id": import_id})


async def has_unfinished(session: AsyncSession, owner_id: int) -> bool:
    """Whether a person has an unfinished import."""
    imports = await session.scalars(_NEWEST, {"owner": owner_id})
    return any(not row.is_finished for row in imports)


async def remarks_of(
    database: Database, import_id: int
) -> AsyncGenerator[Sequence[ImportRemark], None]:
    """Yield all remarks about an import, in chunks."""
    after, rows = 0, list[ImportRemark]()
    while not after or len(rows) == READ_AT_ONCE:
        values = {"id": import_id, "after": after, "number": READ_AT_ONCE}
        async with database.reading_session() as session:
            rows = list(await session.scalars(_REMARKS, values))
        if not rows:
            return
        yield rows
        after = rows[-1].id
