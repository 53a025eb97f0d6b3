"""Reading images."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ARRAY, BigInteger, Select, String, and_, any_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page, PageRequest
from blog.models import Media, MediaFile

_OWNER = bindparam("owner", type_=BigInteger)
_OWN = select(Media).where(Media.owner_id == _OWNER)
_WITH_FILE = joinedload(Media.file, innerjoin=True)
_ORDER = Order(Media.id)
_NEWEST: Listing[Media] = Listing(
    _ORDER, _OWN, lambda media: (media.id,), complete=lambda rows: rows.options(_WITH_FILE)
)
_BY_ID = _OWN.where(Media.id == bindparam("id")).options(_WITH_FILE)
_ID = bindparam("id", type_=BigInteger)
_CHOICES = (
    select(Media)
    .where(
        or_(
            Media.id.in_(
                select(Media.id)
                .where(Media.owner_id == _OWNER)
                .order_by(Media.id.desc())
                .limit(bindparam("number"))
            ),
            and_(Media.id == _ID, Media.owner_id == _OWNER),
        )
    )
    .options(_WITH_FILE)
    .order_by(Media.id.desc())
)
_USAGE = select(func.count(), func.coalesce(func.sum(Media.bytes), 0)).where(
    Media.owner_id == _OWNER
)
_SHOWN = select(
    MediaFile.name, MediaFile.generation, MediaFile.state, MediaFile.colour, MediaFile.variants
)
_FILE = _SHOWN.where(MediaFile.name == bindparam("name"))
_FILES = _SHOWN.where(MediaFile.name == any_(bindparam("names", type_=ARRAY(String))))

_LENGTHS = select(MediaFile.name, MediaFile.variants, MediaFile.variant_bytes).where(
    MediaFile.name == any_(bindparam("names", type_=ARRAY(String))),
    MediaFile.variant_bytes.is_not(None),
)


class Usage(NamedTuple):
    """How many images somebody has, and their size."""

    number: int
    bytes: int


class ShownFile(NamedTuple):
    """What is needed to serve an image."""

    name: str
    generation: str
    state: str
    colour: str
    variants: Sequence[Sequence[int]]


def ids_of_some(owner_id: int, number: int) -> Select[int]:
    """The ids of some images of somebody."""
    return select(Media.id).where(Media.owner_id == owner_id).order_by(Media.id).limit(number)


def locked(ids: Sequence[int]) -> Select[Media]:
    """Images with these ids, locked."""
    statement = select(Media).where(Media.id.in_(ids)).order_by(Media.id)
    return statement.options(_WITH_FILE).with_for_update(of=Media)


async def facts_of(session: AsyncSession, names: Sequence[str]) -> list[ShownFile]:
    """What there is of some files."""
    return [ShownFile._make(row) for row in await session.execute(_FILES, {"names": names})]


async def lengths_of(session: AsyncSession, names: tuple[str, ...]) -> dict[tuple[str, int], int]:
    """The sizes in bytes of the variants of some files, by the name and the width.

    Those of files that were processed before sizes were kept are missing.
    """
    rows = await session.execute(_LENGTHS, {"names": list(names)})
    return {
        (name, width): length
        for name, variants, lengths in rows
        for (width, _), length in zip(variants, lengths or (), strict=True)
    }


async def usage(session: AsyncSession, owner_id: int) -> Usage:
    """What somebody has used of the quota."""
    number, size = (await session.execute(_USAGE, {"owner": owner_id})).one()
    return Usage(number, int(size))


async def newest(
    session: AsyncSession, owner_id: int, wanted: PageRequest | CursorRequest, total: int
) -> Page[Media]:
    """Somebody's images, the newest first."""
    return await _NEWEST.read(session, wanted, total, owner=owner_id)


async def choices(
    session: AsyncSession, owner_id: int, number: int, chosen: int
) -> Sequence[Media]:
    """Somebody's newest images, and the one that they have chosen before.

    Args:
        number: how many of the newest.
        chosen: the id of the chosen one; 0 for none.
    """
    parameters = {"owner": owner_id, "number": number, "id": chosen}
    return (await session.scalars(_CHOICES, parameters)).all()


async def own_media(session: AsyncSession, owner_id: int, media_id: int) -> Media | None:
    """One of somebody's images."""
    return await session.scalar(_BY_ID, {"owner": owner_id, "id": media_id})


async def file_by_name(session: AsyncSession, name: str) -> ShownFile | None:
    """What there is of a file."""
    row = (await session.execute(_FILE, {"name": name})).one_or_none()
    return ShownFile._make(row) if row else None
