"""Queries for images."""

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
    """The number and the total size of a user's images."""

    number: int
    bytes: int


class ShownFile(NamedTuple):
    """The columns that are needed to serve an image."""

    name: str
    generation: str
    state: str
    colour: str
    variants: Sequence[Sequence[int]]


def some_ids(owner_id: int, number: int) -> Select[int]:
    """The ids of some images of a user."""
    return select(Media.id).where(Media.owner_id == owner_id).order_by(Media.id).limit(number)


def locked_media(ids: Sequence[int]) -> Select[Media]:
    """The images with these ids, locked."""
    statement = select(Media).where(Media.id.in_(ids)).order_by(Media.id)
    return statement.options(_WITH_FILE).with_for_update(of=Media)


async def files_by_name(session: AsyncSession, names: Sequence[str]) -> list[ShownFile]:
    """The files with these names."""
    return [ShownFile._make(row) for row in await session.execute(_FILES, {"names": names})]


async def variant_lengths(
    session: AsyncSession, names: tuple[str, ...]
) -> dict[tuple[str, int], int]:
    """The sizes in bytes of the variants of some files, by name and width.

    The sizes of files that were processed before sizes were stored are missing.
    """
    rows = await session.execute(_LENGTHS, {"names": list(names)})
    return {
        (name, width): length
        for name, variants, lengths in rows
        for (width, _), length in zip(variants, lengths or (), strict=True)
    }


async def usage(session: AsyncSession, owner_id: int) -> Usage:
    """How much of the quota a user has used."""
    number, size = (await session.execute(_USAGE, {"owner": owner_id})).one()
    return Usage(number, int(size))


async def newest(
    session: AsyncSession, owner_id: int, wanted: PageRequest | CursorRequest, total: int
) -> Page[Media]:
    """A page of a user's images, the newest first."""
    return await _NEWEST.read(session, wanted, total, owner=owner_id)


async def choices(
    session: AsyncSession, owner_id: int, number: int, chosen: int
) -> Sequence[Media]:
    """The newest images of a user, and the one that is currently chosen.

    Args:
        number: how many of the newest images.
        chosen: the id of the chosen image; 0 for none.
    """
    parameters = {"owner": owner_id, "number": number, "id": chosen}
    return (await session.scalars(_CHOICES, parameters)).all()


async def own_media(session: AsyncSession, owner_id: int, media_id: int) -> Media | None:
    """One of a user's images."""
    return await session.scalar(_BY_ID, {"owner": owner_id, "id": media_id})


async def file_by_name(session: AsyncSession, name: str) -> ShownFile | None:
    """The file with this name."""
    row = (await session.execute(_FILE, {"name": name})).one_or_none()
    return ShownFile._make(row) if row else None
