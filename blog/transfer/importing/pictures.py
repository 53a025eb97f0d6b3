"""Store the images of a source in the author's collection, as if they had been uploaded."""

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path

from sqlalchemy import select

from blog.core.errors import BusyError, InvalidFieldsError
from blog.core.text.cleaning import clean_line
from blog.core.text.process_pool import OverloadedError
from blog.core.text.validation import remove_forbidden
from blog.core.web.app import current_app
from blog.media.keeping import build_new_file, store_received
from blog.media.processes import image_processes
from blog.media.schemas import MediaForm
from blog.media.scratch import WrittenFile, scratch_folder
from blog.models import Media
from blog.transfer.importing.post import LONGEST_IMAGE_TEXT, ImportedImage, UnreadableError
from blog.transfer.importing.processes import SourceReader

PAUSE_SECONDS = 2.0


async def store_images(
    reading: SourceReader, owner_id: int, images: Sequence[ImportedImage]
) -> dict[str, str]:
    """Add images to a person's collection, except those it already contains.

    Returns:
        The reason why an image cannot be stored, by name.
    """
    wanted = {image.name: image for image in images}
    refused = {}
    for name in wanted.keys() - await present_names(owner_id, wanted):
        try:
            await store_image(reading, owner_id, wanted[name])
        except (InvalidFieldsError, UnreadableError) as error:
            refused[name] = str(error)
    return refused


async def present_names(owner_id: int, names: Collection[str]) -> set[str]:
    """The names of these images that a person already has."""
    if not names:
        return set()
    own = select(Media.name).where(Media.owner_id == owner_id, Media.name.in_(names))
    async with current_app.database.reading_session() as session:
        return set(await session.scalars(own))


async def store_image(
    reading: SourceReader, owner_id: int, image: ImportedImage, *, as_avatar: bool = False
) -> str:
    """Add an image to a person's collection, and return its name there.

    Raises:
        InvalidFieldsError, UnreadableError: the image cannot be stored.
    """
    async with scratch_folder() as folder:
        path = folder / "image"
        await _copy_image(reading, image, path)
        with path.open("rb") as file:
            digest = await asyncio.to_thread(hashlib.file_digest, file, "sha256")
        received = WrittenFile(path, path.stat().st_size, digest.digest())
        while True:
            try:
                inspected = await image_processes().inspect(str(path), owner_id)
                break
            except BusyError:
                await asyncio.sleep(PAUSE_SECONDS)
        alt, caption = map(_clean_text, (image.alt, image.caption))
        texts = MediaForm(alt=alt, caption=caption)
        new = build_new_file(received, inspected, as_avatar=as_avatar)
        await store_received(current_app.database.session(), owner_id, new, texts, received)
        return new.name


def _clean_text(text: str) -> str:
    return clean_line(remove_forbidden(text[: 2 * LONGEST_IMAGE_TEXT]))[:LONGEST_IMAGE_TEXT]


async def _copy_image(reading: SourceReader, image: ImportedImage, path: Path) -> None:
    while True:
        try:
            return await reading.copy_image(image.file, path)
        except OverloadedError:
            await asyncio.sleep(PAUSE_SECONDS)
