"""The process that reads a source.

An item that ends the process, or takes too long, is left out, and the reading goes on behind it.
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

AT_ONCE = 50
CPU_SECONDS, WALL_SECONDS = 30.0, 300.0
# A directory of 50,000 files takes 60 MB.
MEMORY_BYTES = 512 * 1024 * 1024

CANNOT_BE_READ = lazy_gettext("Reading it takes too long or too much memory.")
_ENTRIES = TypeAdapter(list[Entry])
_FAULTS = (OutOfTimeError, CrashedError, FunctionFailedError)


class Found(NamedTuple):
    """Some items of a source.

    Attributes:
        position: how many items have been read, with these.
        is_end: whether these are the last.
    """

    entries: Sequence[Entry]
    position: int
    is_end: bool


class Reading:
    """A source, read in a process of its own that ends with the context.

    Args:
        path: the file or the folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = str(path.absolute())
        self._pool = ProcessPool(
            [reading.__name__],
            size=1,
            cpu_seconds=CPU_SECONDS,
            wall_seconds=WALL_SECONDS,
            longest_queue=AT_ONCE,
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
        """The kind of the source, and its files that are not read.

        Raises:
            SourceError: nothing of it can be imported.
            OverloadedError: the machine is too busy.
        """
        try:
            begun = await self._pool.run(reading.begin, self._path, raises=[SourceError])
        except _FAULTS as error:
            raise self._failure(error) from None
        return begun["kind"], [Entry(name, remarks=(why,)) for name, why in begun["refused"]]

    async def after(self, position: int) -> Found:
        """Some of the items behind a position.

        Raises: as `begin`.
        """
        number = AT_ONCE
        while True:
            try:
                found = await self._read(position, number)
            except _FAULTS as error:
                if number > 1:
                    number = 1
                    continue
                log.warning("item %d of an import cannot be read: %r", position + 1, error)
                return await self._passed_over(position)
            entries = _ENTRIES.validate_python(found["entries"])
            return Found(entries, position + len(entries), found["is_end"])

    async def copy_image(self, file: str, target: Path) -> None:
        """Copy an image of the source into a file.

        Raises:
            UnreadableError: it is damaged.
            OverloadedError: the machine is too busy.
        """
        try:
            await self._pool.run(
                reading.copy_file, self._path, file, str(target), raises=[UnreadableError]
            )
        except _FAULTS:
            raise UnreadableError(CANNOT_BE_READ) from None

    async def _read(self, position: int, number: int) -> dict[str, Any]:
        return await self._pool.run(
            reading.read, self._path, position, number, LONGEST_POST, raises=[SourceError]
        )

    async def _passed_over(self, position: int) -> Found:
        try:
            name = await self._pool.run(
                reading.name_of_item, self._path, position, raises=[SourceError]
            )
        except _FAULTS as error:
            raise self._failure(error) from None
        return Found([Entry(name, remarks=(str(CANNOT_BE_READ),))], position + 1, is_end=False)

    @staticmethod
    def _failure(error: Exception) -> SourceError:
        log.warning("an import cannot be read: %r", error)
        return SourceError(CANNOT_BE_READ)
