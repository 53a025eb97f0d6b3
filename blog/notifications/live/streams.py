"""One open stream: what waits to be sent to a browser."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Mapping

# Proxies close connections without traffic, nginx after 40 s with our settings.
HEARTBEAT_SECONDS = 25.0
# Streams that begin together after a restart don't all show it at the same moment.
EARLIEST = 0.6


class Stream:
    """A browser that is told what changes.

    Each event tells how something is now, so only the last one about it waits for a slow browser.

    Args:
        session_id: the session that opened it, and must not have ended.
        user_id: its user.
        posts: the posts on pages of this browser.
        last_id: the id of the last event that the browser has got, if it has been here before.
        retry: after how many milliseconds it is to come back when the stream ends.
    """

    def __init__(
        self, session_id: int, user_id: int, posts: frozenset[int], last_id: int | None,
        retry: int,
    ) -> None:  # fmt: skip
        self.session_id, self.user_id, self.posts = session_id, user_id, posts
        self.last_id = last_id
        # Whether comments by some people are not to be told of.
        self.hides_people = False
        self._waiting: dict[object, str] = {None: f"retry: {retry}\n\n"}
        self._sent: dict[object, object] = {}
        self._changed = asyncio.Event()
        self._is_ended = False

    def tell(
        self, event: str, about: object, data: Mapping[str, object], state: object,
        event_id: int = 0,
    ) -> bool:  # fmt: skip
        """Send an event, unless nothing has changed; returns whether it has.

        Args:
            event: its name.
            about: it replaces an event about the same that still waits.
            data: what it says.
            state: what has changed unless it equals that of the last event about the same.
            event_id: its id, from which the browser goes on when it comes back.
        """
        if self._sent.get((event, about)) == state:
            return False
        self._sent[event, about] = state
        number = f"id: {event_id}\n" if event_id else ""
        self._waiting[event, about] = f"{number}event: {event}\ndata: {json.dumps(data)}\n\n"
        self._changed.set()
        return True

    def end(self) -> None:
        """End the stream; the browser comes back."""
        self._is_ended = True
        self._changed.set()

    async def events(self) -> AsyncGenerator[str, None]:
        """The events, as they are sent, with a comment as a sign of life while there are none."""
        while not self._is_ended:
            if self._waiting:
                text = "".join(self._waiting.values())
                self._waiting.clear()
                self._changed.clear()
                yield text
                continue
            try:
                seconds = HEARTBEAT_SECONDS * random.uniform(EARLIEST, 1)  # noqa: S311
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
            except TimeoutError:
                yield ":\n\n"
