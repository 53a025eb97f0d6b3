"""Processing of uploads, and removal of files that nobody has any more.

A job may be run again at any point: it writes the same each time, and the rows say what is left to
do. The keys of objects contain the generation of their row, so that a late job never deletes
objects of a later upload of the same file.
"""

import logging
from collections.abc import Iterable
from typing import Any

from sqlalchemy import exists, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.jobs.kinds import JobKind, TryLaterError
from blog.core.jobs.queue import enqueue
from blog.core.jobs.running import RunningJob
from blog.core.purging.keys import SITE
from blog.core.purging.marks import mark
from blog.core.storage.interface import NoSuchObjectError
from blog.core.text.process_pool import (
    CrashedError,
    FunctionFailedError,
    OutOfTimeError,
    OverloadedError,
)
from blog.core.web.app import current_app
from blog.media.formats import UnsuitableFileError
from blog.media.processes import image_processes
from blog.media.schemas import Variant
from blog.media.scratch import read, scratch_folder, write
from blog.media.sizes import original_key, variant_key
from blog.models import Media, MediaFile, MediaState, SiteSetting, User

log = logging.getLogger(__name__)

# Smaller images count as this many bytes, so that a quota also limits their number.
SMALLEST_BYTES = 16 * 1024
# How often to try a file whose process was killed, such as for lack of memory on the machine.
TRIES = 3


def file_payload(file: MediaFile) -> dict[str, Any]:
    """The payload of a job about a file, whose row may be gone when the job runs."""
    return {
        "name": file.name,
        "generation": file.generation,
        "widths": [width for width, *_ in file.variants],
    }


async def process(job: RunningJob) -> None:
    """Make the variants of an upload, store them, and delete the upload.

    The original is not kept: it has metadata that its owner may not be aware of, such as where a
    photo was taken, and takes several times the space of all variants.
    """
    name, generation = job.payload["name"], job.payload["generation"]
    async with job.database.reading_session() as session:
        file = await session.scalar(
            select(MediaFile).where(MediaFile.name.in_(_pending_file(job.payload)))
        )
    made = None
    if file is not None:
        try:
            made = await _store_variants(file)
        except (UnsuitableFileError, OutOfTimeError, CrashedError, NoSuchObjectError) as error:
            log.warning("the image %s cannot be processed: %s", name, error or type(error).__name__)
        except FunctionFailedError as error:
            log.error("the image %s cannot be processed: %s", name, error)
        except OverloadedError as error:
            if job.claimed.attempts < TRIES:
                raise TryLaterError(str(error)) from None
            log.error("the image %s cannot be processed: %s", name, error)
    async with job.finishing() as session:
        is_used = await _record_result(session, job.payload, made)
    keys = [original_key(name, generation)]
    if not is_used:
        keys += _variant_keys(job.payload)
    await current_app.storage.delete(*keys)


def _pending_file(payload: dict[str, Any]) -> Any:
    return select(MediaFile.name).where(
        MediaFile.name == payload["name"],
        MediaFile.generation == payload["generation"],
        MediaFile.state == MediaState.PROCESSING,
    )


async def _store_variants(file: MediaFile) -> list[Variant]:
    storage, name, generation = current_app.storage, file.name, file.generation
    async with scratch_folder() as folder:
        upload = folder / "upload"
        await write(upload, storage.read(original_key(name, generation)))
        made = await image_processes().make_variants(
            str(upload), str(folder), file.variants, file.frames
        )
        for variant in made:
            key = variant_key(name, generation, variant.width)
            await storage.put(key, read(folder / f"{variant.width}.webp"))
    return made


async def _record_result(
    session: AsyncSession, payload: dict[str, Any], made: list[Variant] | None
) -> bool:
    """Record the result of processing a file, and return whether its variants are used."""
    if made is None:
        failed = update(MediaFile).where(MediaFile.name.in_(_pending_file(payload)))
        await session.execute(failed.values(state=MediaState.FAILED))
        no_avatar = update(User).where(User.avatar == payload["name"]).values(avatar=None)
        await session.execute(no_avatar)
        await mark(session, SITE)
        return False
    size = sum(variant.bytes for variant in made)
    ready = (
        update(MediaFile)
        .where(MediaFile.name.in_(_pending_file(payload)))
        .values(state=MediaState.READY, bytes=size, variant_bytes=[each.bytes for each in made])
        .returning(MediaFile.name)
    )
    if await session.scalar(ready) is None:
        return False
    counted = max(size, SMALLEST_BYTES)
    await session.execute(update(Media).where(Media.name == payload["name"]).values(bytes=counted))
    return True


async def remove(job: RunningJob) -> None:
    """Remove a file that nobody has in their collection, and that is not the logo of the site."""
    async with job.database.session() as session:
        rows = select(MediaFile).where(
            MediaFile.name == job.payload["name"], MediaFile.generation == job.payload["generation"]
        )
        file = await session.scalar(rows.with_for_update())
        if file is not None:
            # A separate statement, which sees rows that were added before the lock.
            is_owned = exists().where(Media.name == file.name)
            is_logo = exists().where(
                SiteSetting.name == "logo", SiteSetting.value["name"].astext == file.name
            )
            if await session.scalar(select(or_(is_owned, is_logo))):
                return
            await session.delete(file)
            await session.commit()
    original = original_key(job.payload["name"], job.payload["generation"])
    await current_app.storage.delete(original, *_variant_keys(job.payload))


def _variant_keys(payload: dict[str, Any]) -> Iterable[str]:
    name, generation = payload["name"], payload["generation"]
    return [variant_key(name, generation, width) for width in payload["widths"]]


PROCESS_MEDIA = JobKind("process_media", process)
REMOVE_MEDIA_FILE = JobKind("remove_media_file", remove)


async def enqueue_removal(session: AsyncSession, file: MediaFile) -> None:
    """Enqueue the removal of a file, if nobody has it by then; the caller commits."""
    key = f"{file.name}-{file.generation}"
    await enqueue(session, REMOVE_MEDIA_FILE, key=key, **file_payload(file))
