"""Adding, changing and deleting images. Each function is one action in one transaction.

Rows are locked in this order: the posts with the image as their cover, the owner, the file, the
image.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.errors import LimitReachedError, NotFoundError
from blog.core.i18n import lazy_gettext
from blog.core.jobs.queue import enqueue
from blog.core.purging.keys import user_key
from blog.core.purging.marks import mark
from blog.media import queries
from blog.media.jobs import PROCESS_MEDIA, SMALLEST_BYTES, file_payload, remove_later
from blog.media.schemas import Inspected, MediaForm, MediaUpdate
from blog.media.sizes import Size, size_text
from blog.models import Media, MediaFile, MediaState, Post, User

IS_GONE = lazy_gettext("This image doesn't exist. It may have been deleted.")
QUOTA_IS_USED_UP = lazy_gettext(
    "You've used up your %(quota)s for images. Please delete some first."
)


class NewFile(NamedTuple):
    """A file that was received and stored.

    Attributes:
        name, generation: as of a `MediaFile`.
        bytes: its size.
        inspected: what it turned out to be.
        sizes: those of its variants, the smallest first.
    """

    name: str
    generation: str
    bytes: int
    inspected: Inspected
    sizes: Sequence[Size]


async def add_media(
    session: AsyncSession, owner_id: int, new: NewFile, form: MediaForm, quota: int
) -> tuple[Media, bool]:
    """Add an image to somebody's collection. What they have already is not added again.

    Args:
        quota: how many bytes their images may have together.

    Returns:
        The image, and whether the new file is used, and not one that was there before.

    Raises:
        LimitReachedError: the quota is used up.
    """
    if form.alt:
        await _keep_alt_of_covers(session, Media.owner_id == owner_id, Media.name == new.name)
    # Uploads of one person wait for each other here, so that they cannot exceed the quota together.
    await session.execute(
        select(User.id).where(User.id == owner_id).with_for_update(key_share=True)
    )
    file = await _add_file(session, new)
    added = insert(Media).values(
        owner_id=owner_id, name=new.name, alt=form.alt, caption=form.caption,
        bytes=max(file.bytes, SMALLEST_BYTES),
    )  # fmt: skip
    given = added.excluded
    changed = {
        name: case((given[name] != "", given[name]), else_=getattr(Media, name))
        for name in ("alt", "caption")
    }
    media_id = await session.scalar(
        added.on_conflict_do_update(index_elements=["owner_id", "name"], set_=changed).returning(
            Media.id
        )
    )
    used = await queries.usage(session, owner_id)
    if used.bytes > quota:
        await session.rollback()
        raise quota_error(quota)
    await mark(session, user_key(owner_id))  # It may have had another alternative text.
    is_new = file.generation == new.generation
    if is_new:
        await enqueue(session, PROCESS_MEDIA, key=new.name, **file_payload(file))
    await session.commit()
    return await _own(session, owner_id, media_id or 0), is_new


async def _add_file(session: AsyncSession, new: NewFile) -> MediaFile:
    """The file of this name, locked. A new one, and one that has failed before, is processed."""
    facts = new.inspected
    values = {
        "generation": new.generation,
        "kind": facts.kind,
        "state": MediaState.PROCESSING,
        "width": facts.width,
        "height": facts.height,
        "frames": facts.frames,
        "colour": facts.colour,
        "variants": [list(size) for size in new.sizes],
        "bytes": new.bytes,
    }
    added = insert(MediaFile).values(name=new.name, **values)
    has_failed = MediaFile.state == MediaState.FAILED
    replaced = {
        name: case((has_failed, added.excluded[name]), else_=getattr(MediaFile, name))
        for name in values
    }
    statement = added.on_conflict_do_update(index_elements=["name"], set_=replaced)
    rows = await session.scalars(
        statement.returning(MediaFile), execution_options={"populate_existing": True}
    )
    return rows.one()


def quota_error(quota: int) -> LimitReachedError:
    """The answer to an upload for which there is no room."""
    return LimitReachedError({"file": QUOTA_IS_USED_UP.with_values(quota=size_text(quota))})


async def change_media(
    session: AsyncSession, owner_id: int, media_id: int, form: MediaUpdate
) -> Media:
    """Change the texts of an image; what is not set in `form` stays.

    Raises:
        NotFoundError: it is not there, or not theirs.
    """
    media = await _own(session, owner_id, media_id)
    if "alt" in form.model_fields_set and form.alt != media.alt:
        await _keep_alt_of_covers(session, Media.id == media_id)
    for name, value in form.model_dump(exclude_unset=True).items():
        setattr(media, name, value)
    await mark(session, user_key(owner_id))
    await session.commit()
    return media


async def delete_media(session: AsyncSession, owner_id: int, media_id: int) -> None:
    """Delete an image. Its file goes as well, if nobody else has uploaded the same. Posts of which
    it is the cover have none then.

    Raises:
        NotFoundError: it is not there, or not theirs.
    """
    media = await _own(session, owner_id, media_id)
    await _lock_posts_with_covers(session, [media_id])
    await session.execute(
        update(User).where(User.id == owner_id, User.avatar == media.name).values(avatar=None)
    )
    await session.delete(media)
    await remove_later(session, media.file)
    await mark(session, user_key(owner_id))
    await session.commit()


async def delete_some_media(session: AsyncSession, owner_id: int, number: int) -> int:
    """Delete up to `number` images of somebody; the caller commits.

    Returns:
        How many there were.
    """
    ids = (await session.scalars(queries.ids_of_some(owner_id, number))).all()
    await _lock_posts_with_covers(session, ids)
    rows = (await session.scalars(queries.locked(ids))).all()
    for media in rows:
        await session.delete(media)
        await remove_later(session, media.file)
    return len(rows)


async def _lock_posts_with_covers(session: AsyncSession, media_ids: Sequence[int]) -> None:
    """Lock the posts of which these images are the covers, which the database takes from them."""
    posts = select(Post.id).where(Post.cover_id.in_(media_ids)).order_by(Post.id)
    await session.execute(posts.with_for_update())


async def _keep_alt_of_covers(session: AsyncSession, *which: ColumnElement[bool]) -> None:
    """Let posts keep the alternative text of their cover, which its owner changes now.

    Posts keep all texts of their images until they are edited, so that what is held for review
    there can't be changed here.

    Args:
        which: the image.
    """
    follow = (Post.cover_id.in_(select(Media.id).where(*which)), Post.cover_alt.is_(None))
    posts = select(Post.id).where(*follow).order_by(Post.id)
    ids = (await session.scalars(posts.with_for_update(key_share=True))).all()
    if ids:
        kept = update(Post).where(Post.id.in_(ids), Post.cover_id == Media.id)
        await session.execute(
            kept.values(cover_alt=Media.alt).execution_options(synchronize_session=False)
        )


async def _own(session: AsyncSession, owner_id: int, media_id: int) -> Media:
    media = await queries.own_media(session, owner_id, media_id)
    if media is None:
        raise NotFoundError(IS_GONE)
    return media
