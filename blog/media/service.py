"""Adding, changing and deleting images. Each function is one action in one transaction.

Rows are locked in this order: the posts with the image as their cover, the owner, the file, and the
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
from blog.media.jobs import PROCESS_MEDIA, SMALLEST_BYTES, enqueue_removal, file_payload
from blog.media.schemas import ImageProperties, MediaForm, MediaUpdate
from blog.media.sizes import Size, size_text
from blog.models import Media, MediaFile, MediaState, Post, User

IS_GONE = lazy_gettext("This image doesn't exist. It may have been deleted.")
QUOTA_IS_USED_UP = lazy_gettext(
    "You've used up your %(quota)s for images. Please delete some first."
)


class NewFile(NamedTuple):
    """A file that was received and stored.

    Attributes:
        name, generation: as in a `MediaFile`.
        bytes: the size of the file.
        inspected: the properties of the image.
        sizes: the sizes of its variants, the smallest first.
    """

    name: str
    generation: str
    bytes: int
    inspected: ImageProperties
    sizes: Sequence[Size]


async def add_media(
    session: AsyncSession, owner_id: int, new: NewFile, form: MediaForm, quota: int
) -> tuple[Media, bool]:
    """Add an image to a user's collection. An image that they already have is not added again.

    Args:
        quota: the maximum total size of their images, in bytes.

    Returns:
        The image, and whether it uses the new file, rather than one that existed before.

    Raises:
        LimitReachedError: the quota is used up.
    """
    if form.alt:
        await _keep_alt_of_covers(session, Media.owner_id == owner_id, Media.name == new.name)
    # Uploads of a user wait for each other here, so that together they can't exceed the quota.
    await session.execute(
        select(User.id).where(User.id == owner_id).with_for_update(key_share=True)
    )
    file = await _add_file(session, new)
    added = insert(Media).values(
        owner_id=owner_id, name=new.name, alt=form.alt, caption=form.caption,
        bytes=max(file.bytes, SMALLEST_BYTES),
    )  # fmt: skip
    new_texts = added.excluded
    changed = {
        name: case((new_texts[name] != "", new_texts[name]), else_=getattr(Media, name))
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
    await mark(session, user_key(owner_id))  # The alternative text may have changed.
    is_new = file.generation == new.generation
    if is_new:
        await enqueue(session, PROCESS_MEDIA, key=new.name, **file_payload(file))
    await session.commit()
    return await _load_own(session, owner_id, media_id or 0), is_new


async def _add_file(session: AsyncSession, new: NewFile) -> MediaFile:
    """Add the file, or lock the existing one with this name. New and failed files are processed."""
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
    """The error for an upload that would exceed the quota."""
    return LimitReachedError({"file": QUOTA_IS_USED_UP.with_values(quota=size_text(quota))})


async def change_media(
    session: AsyncSession, owner_id: int, media_id: int, form: MediaUpdate
) -> Media:
    """Change the texts of an image; fields that are not set in `form` stay as they are.

    Raises:
        NotFoundError: there is none with this id, or it is another user's.
    """
    media = await _load_own(session, owner_id, media_id)
    if "alt" in form.model_fields_set and form.alt != media.alt:
        await _keep_alt_of_covers(session, Media.id == media_id)
    for name, value in form.model_dump(exclude_unset=True).items():
        setattr(media, name, value)
    await mark(session, user_key(owner_id))
    await session.commit()
    return media


async def delete_media(session: AsyncSession, owner_id: int, media_id: int) -> None:
    """Delete an image, and its file, if nobody else has uploaded the same one. Posts lose it as
    their cover.

    Raises:
        NotFoundError: there is none with this id, or it is another user's.
    """
    media = await _load_own(session, owner_id, media_id)
    await _lock_posts_with_covers(session, [media_id])
    await session.execute(
        update(User).where(User.id == owner_id, User.avatar == media.name).values(avatar=None)
    )
    await session.delete(media)
    await enqueue_removal(session, media.file)
    await mark(session, user_key(owner_id))
    await session.commit()


async def delete_some_media(session: AsyncSession, owner_id: int, number: int) -> int:
    """Delete up to `number` images of a user; the caller commits.

    Returns:
        How many were deleted.
    """
    ids = (await session.scalars(queries.some_ids(owner_id, number))).all()
    await _lock_posts_with_covers(session, ids)
    rows = (await session.scalars(queries.locked_media(ids))).all()
    for media in rows:
        await session.delete(media)
        await enqueue_removal(session, media.file)
    return len(rows)


async def _lock_posts_with_covers(session: AsyncSession, media_ids: Sequence[int]) -> None:
    """Lock the posts with these images as their covers, from which the database removes them."""
    posts = select(Post.id).where(Post.cover_id.in_(media_ids)).order_by(Post.id)
    await session.execute(posts.with_for_update())


async def _keep_alt_of_covers(session: AsyncSession, *conditions: ColumnElement[bool]) -> None:
    """Let posts keep the alternative text of their cover, which its owner is about to change.

    Posts keep all texts of their images until they are edited, so that texts that are held for
    review in a post can't be changed here.

    Args:
        conditions: the conditions for the image.
    """
    has_alt_of_image = (
        Post.cover_id.in_(select(Media.id).where(*conditions)), Post.cover_alt.is_(None),
    )  # fmt: skip
    posts = select(Post.id).where(*has_alt_of_image).order_by(Post.id)
    ids = (await session.scalars(posts.with_for_update(key_share=True))).all()
    if ids:
        kept = update(Post).where(Post.id.in_(ids), Post.cover_id == Media.id)
        await session.execute(
            kept.values(cover_alt=Media.alt).execution_options(synchronize_session=False)
        )


async def _load_own(session: AsyncSession, owner_id: int, media_id: int) -> Media:
    media = await queries.own_media(session, owner_id, media_id)
    if media is None:
        raise NotFoundError(IS_GONE)
    return media
