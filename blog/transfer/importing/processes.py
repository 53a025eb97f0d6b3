"""The process that reads a source.

An item that crashes the process or takes too long is left out, and reading resumes after it.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from pydantic import TypeAdapter

from blog.core.i18n import lazy_gettext
from blog.core.text.process_pool import (
    CrashedError,
    FunctionFailedError,
    OutOfTimeError,
    ProcessPool,
)
from blog.posts.schemas import LONGEST_POST
from blog.transfer.importing import reading
from blog.transfer.importing.post import Entry, SourceError, UnreadableError

log = logging.getLogger(__name__)

ITEMS_AT_ONCE = 50
CPU_SECONDS, WALL_SECONDS = 30.0, 300.0
# The directory of a ZIP file with 50,000 files takes 60 MB.
MEMORY_BYTES = 512 * 1024 * 1024

CANNOT_BE_READ = lazy_gettext("Reading it takes too long or too much memory.")
_ENTRIES = TypeAdapter(list[Entry])
_PROCESS_ERRORS = (OutOfTimeError, CrashedError, FunctionFailedError)


class ReadItems(NamedTuple):
    """Some items of a source.

    Attributes:
        position: the number of items read so far, including these.
        is_end: whether these are the last.
    """

    entries: Sequence[Entry]
    position: int
    is_end: bool


class SourceReader:
    """Reads a source in a separate process, which ends with the context.

    Args:
        path: the file or folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = str(path.absolute())
        self._pool = ProcessPool(
            [reading.__name__],
            size=1,
            cpu_seconds=CPU_SECONDS,
            wall_seconds=WALL_SECONDS,
            longest_queue=ITEMS_AT_ONCE,
            memory_bytes=MEMORY_BYTES,
            in_language=True,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._pool.close()

    async def begin(self) -> tuple[str, Sequence[Entry]]:
        """Open the source.

        Returns:
            The kind of the source, and entries for the files that won't be read.

        Raises:
            SourceError: nothing in it can be imported.
            OverloadedError: the machine is too busy.
        """
        try:
            opened = await self._pool.run(reading.begin, self._path, raises=[SourceError])
        except _PROCESS_ERRORS as error:
            raise self._failure(error) from None
        return opened["kind"], [
            Entry(name, remarks=(reason,)) for name, reason in opened["refused"]
        ]

    async def read_after(self, position: int) -> ReadItems:
        """Read some of the items after a position.

        Raises: as `begin`.
        """
        number = ITEMS_AT_ONCE
        while True:
            try:
                found = await self._read(position, number)
            except _PROCESS_ERRORS as error:
                if number > 1:
                    number = 1
                    continue
                log.warning("item %d of an import cannot be read: %r", position + 1, error)
                return await self._skip_item(position)
            entries = _ENTRIES.validate_python(found["entries"])
            return ReadItems(entries, position + len(entries), found["is_end"])

    async def copy_image(self, file: str, target: Path) -> None:
        """Copy an image from the source to a file.

        Raises:
            UnreadableError: the image is damaged.
            OverloadedError: the machine is too busy.
        """
        try:
            await self._pool.run(
                reading.copy_file, self._path, file, str(target), raises=[UnreadableError]
            )
        except _PROCESS_ERRORS:
            raise UnreadableError(CANNOT_BE_READ) from None

    async def _read(self, position: int, number: int) -> dict[str, Any]:
        return await self._pool.run(
            reading.read, self._path, position, number, LONGEST_POST, raises=[SourceError]
        )

    async def _skip_item(self, position: int) -> ReadItems:
        try:
            name = await self._pool.run(
                reading.name_of_item, self._path, position, raises=[SourceError]
            )
        except _PROCESS_ERRORS as error:
            raise self._failure(error) from None
        return ReadItems([Entry(name, remarks=(str(CANNOT_BE_READ),))], position + 1, is_end=False)

    @staticmethod
    def _failure(error: Exception) -> SourceError:
        log.warning("an import cannot be read: %r", error)
        return SourceError(CANNOT_BE_READ)
