"""The processes in which images are decoded, each for a single image.

If decoding crashes, or takes too much time or memory, only that process ends.
"""

import asyncio
from collections.abc import Sequence
from typing import cast
from weakref import WeakValueDictionary

from quart import current_app

from blog.core.errors import BusyError, InvalidFieldsError
from blog.core.i18n import lazy_gettext
from blog.core.text.process_pool import (
    CrashedError,
    FunctionFailedError,
    OutOfTimeError,
    OverloadedError,
    ProcessPool,
)
from blog.media import imaging
from blog.media.formats import UnsuitableFileError
from blog.media.schemas import ImageProperties, Variant

# An image of 50 megapixels takes up to 0.9 GB, in WebP.
MEMORY_BYTES = 1024**3
# A check takes up to 3 s of CPU time, and the variants of the largest animation 50 s.
CHECK_SECONDS, WORK_SECONDS = 20.0, 120.0
WALL_SECONDS = 300.0
AT_ONCE = 1
LONGEST_QUEUE = 20
RETRY_SECONDS = 10

TOO_BUSY = lazy_gettext("Too many images are being uploaded right now. Please try again soon.")
TOO_MUCH_WORK = lazy_gettext(
    "This image takes too long to process. Please save it again, or make it smaller."
)


class ImageProcesses:
    """Inspects uploads and makes their variants."""

    def __init__(self) -> None:
        self._checks, self._work = (
            ProcessPool(
                [imaging.__name__],
                size=AT_ONCE,
                cpu_seconds=seconds,
                wall_seconds=WALL_SECONDS,
                longest_queue=LONGEST_QUEUE,
                memory_bytes=MEMORY_BYTES,
                keep=False,
                in_language=True,
            )
            for seconds in (CHECK_SECONDS, WORK_SECONDS)
        )
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def inspect(self, file: str, owner_id: int) -> ImageProperties:
        """Inspect a file that a user has uploaded; one file per user at a time.

        Raises:
            InvalidFieldsError: it isn't an image that can be accepted.
            BusyError: too many images are queued.
        """
        turn = self._turns.setdefault(owner_id, asyncio.Lock())
        async with turn:
            try:
                found = await self._checks.run(imaging.inspect, file, raises=[UnsuitableFileError])
            except UnsuitableFileError as error:
                raise InvalidFieldsError({"file": str(error)}) from None
            except (OutOfTimeError, CrashedError, FunctionFailedError):
                raise InvalidFieldsError({"file": TOO_MUCH_WORK}) from None
            except OverloadedError:
                raise BusyError({"file": TOO_BUSY}, RETRY_SECONDS) from None
        return ImageProperties(**found)

    async def make_variants(
        self, file: str, folder: str, sizes: Sequence[Sequence[int]], frames: int
    ) -> list[Variant]:
        """Write the variants of an inspected file into a folder (`imaging.make_variants`).

        Raises:
            UnsuitableFileError, OutOfTimeError, CrashedError, FunctionFailedError: the file can't
                be processed.
            OverloadedError: the process was killed from outside, or the machine is too busy.
        """
        made = await self._work.run(
            imaging.make_variants,
            file,
            folder,
            [list(size) for size in sizes],
            frames,
            raises=[UnsuitableFileError],
        )
        return [Variant(*each) for each in made]

    async def close(self) -> None:
        """End the processes."""
        await self._checks.close()
        await self._work.close()


def image_processes() -> ImageProcesses:
    """The image processes of the current application."""
    return cast(ImageProcesses, current_app.extensions["image_processes"])
