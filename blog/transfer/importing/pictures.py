"""Images of a source, added to the author's collection as if they were uploaded."""

import asyncio
import secrets
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import select

from blog.core.errors import BusyError, InvalidFieldsError
from blog.core.text.process_pool import OverloadedError
from blog.core.web.app import current_app
from blog.media.keeping import keep
from blog.media.processes import image_processes
from blog.media.schemas import MediaForm
from blog.media.scratch import WrittenFile, scratch_folder
from blog.media.service import NewFile
from blog.media.sizes import variant_sizes
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
    async with current_app.database.reading_session() as session:
        own = select(Media.name).where(Media.owner_id == owner_id, Media.name.in_(wanted))
        present = set(await session.scalars(own))
    refused = {}
    for name in wanted.keys() - present:
        try:
            await _store(reading, owner_id, wanted[name])
        except (InvalidFieldsError, UnreadableError) as error:
            refused[name] = str(error)
    return refused


async def _store(reading: Reading, owner_id: int, image: ImportedImage) -> None:
    async with scratch_folder() as folder:
        path = folder / "image"
        await _patiently(reading, image, path)
        size = path.stat().st_size
        while True:
            try:
                inspected = await image_processes().inspect(str(path), owner_id)
                break
            except BusyError:
                await asyncio.sleep(PAUSE_SECONDS)
        sizes = variant_sizes(inspected.width, inspected.height, inspected.frames)
        new = NewFile(image.name, secrets.token_hex(8), size, inspected, sizes)
        texts = MediaForm(alt=image.alt[:LONGEST_TEXT], caption=image.caption[:LONGEST_TEXT])
        received = WrittenFile(path, size, b"")
        await keep(current_app.database.session(), owner_id, new, texts, received)


async def _patiently(reading: Reading, image: ImportedImage, path: Path) -> None:
    while True:
        try:
            return await reading.copy_image(image.file, path)
        except OverloadedError:
            await asyncio.sleep(PAUSE_SECONDS)
