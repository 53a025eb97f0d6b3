"""What works in the background of a process."""

from typing import Protocol


class Worker(Protocol):
    """Something that works until it is stopped."""

    async def start(self) -> None:
        """Begin to work; returns at once."""

    async def stop(self) -> None:
        """Finish what is under way."""
