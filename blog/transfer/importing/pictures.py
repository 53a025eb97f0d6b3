"""Images of a source, added to the author's collection as if they were uploaded."""

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path

from sqlalchemy import select

from blog.core.errors import BusyError, InvalidFieldsError
from blog.core.text.process_pool import OverloadedError
from blog.core.web.app import current_app
from blog.media.keeping import keep, new_file
from blog.media.processes import image_processes
from blog.media.schemas import MediaForm
from blog.media.scratch import WrittenFile, scratch_folder
from blog.models import Media
from blog.transfer.importing.post import ImportedImage, UnreadableError
from blog.transfer.importing.processes import Reading

LONGEST_TEXT = 1000
PAUSE_SECONDS = 2.0


async def store(reading: Reading, owner_id: int, images: Sequence[ImportedImage]) -> dict[str, str]:
    """Add images to somebody's collection, except for those that they have.

    Returns:
        Why the others cannot be taken, by name.
    """
    wanted = {image.name: image for image in images}
    refused = {}
    for name in wanted.keys() - await present_names(owner_id, wanted):
        try:
            await store_one(reading, owner_id, wanted[name])
        except (InvalidFieldsError, UnreadableError) as error:
            refused[name] = str(error)
    return refused


async def present_names(owner_id: int, names: Collection[str]) -> set[str]:
    """Which of these images somebody has."""
    if not names:
        return set()
    own = select(Media.name).where(Media.owner_id == owner_id, Media.name.in_(names))
    async with current_app.database.reading_session() as session:
        return set(await session.scalars(own))


async def store_one(
    reading: Reading, owner_id: int, image: ImportedImage, *, as_avatar: bool = False
) -> str:
    """Add an image to somebody's collection, and return its name there.

    Raises:
        InvalidFieldsError, UnreadableError: it cannot be taken.
    """
    async with scratch_folder() as folder:
        path = folder / "image"
        await _patiently(reading, image, path)
        with path.open("rb") as file:
            digest = await asyncio.to_thread(hashlib.file_digest, file, "sha256")
        received = WrittenFile(path, path.stat().st_size, digest.digest())
        while True:
            try:
                inspected = await image_processes().inspect(str(path), owner_id)
                break
            except BusyError:
                await asyncio.sleep(PAUSE_SECONDS)
        texts = MediaForm(alt=image.alt[:LONGEST_TEXT], caption=image.caption[:LONGEST_TEXT])
        new = new_file(received, inspected, as_avatar=as_avatar)
        await keep(current_app.database.session(), owner_id, new, texts, received)
        return new.name


async def _patiently(reading: Reading, image: ImportedImage, path: Path) -> None:
    while True:
        try:
            return await reading.copy_image(image.file, path)
        except OverloadedError:
            await asyncio.sleep(PAUSE_SECONDS)
