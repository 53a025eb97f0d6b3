"""One open stream: the events waiting to be sent to a browser."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Mapping

# Proxies close connections without traffic, nginx after 40 s with our settings.
HEARTBEAT_SECONDS = 25.0
# Shortens heartbeats at random, so that streams opened together don't send them together.
EARLIEST = 0.6


class Stream:
    """A stream of updates for a browser.

    Each event contains a current state, so for a slow browser only the last one about each subject
    is kept.

    Args:
        session_id: the session that opened it, which must not have ended.
        user_id: the session's user.
        posts: the posts on the pages of this browser.
        last_id: the id of the last event that the browser received, if it is reconnecting.
        retry: the milliseconds after which the browser reconnects when the stream ends.
    """

    def __init__(
        self, session_id: int, user_id: int, posts: frozenset[int], last_id: int | None,
        retry: int,
    ) -> None:  # fmt: skip
        self.session_id, self.user_id, self.posts = session_id, user_id, posts
        self.last_id = last_id
        # Whether comments by some people must not be counted.
        self.hides_people = False
        self._waiting: dict[object, str] = {None: f"retry: {retry}\n\n"}
        self._sent: dict[object, object] = {}
        self._changed = asyncio.Event()
        self._is_ended = False

    def send(
        self, event: str, about: object, data: Mapping[str, object], state: object,
        event_id: int = 0,
    ) -> bool:  # fmt: skip
        """Send an event, unless nothing has changed; returns whether anything has.

        Args:
            event: its name.
            about: its subject; a waiting event about the same subject is replaced.
            data: its content.
            state: compared with the last event about the same subject to see if it has changed.
            event_id: its id, which the browser sends when it reconnects.
        """
        if self._sent.get((event, about)) == state:
            return False
        self._sent[event, about] = state
        number = f"id: {event_id}\n" if event_id else ""
        self._waiting[event, about] = f"{number}event: {event}\ndata: {json.dumps(data)}\n\n"
        self._changed.set()
        return True

    def end(self) -> None:
        """End the stream; the browser reconnects."""
        self._is_ended = True
        self._changed.set()

    async def events(self) -> AsyncGenerator[str, None]:
        """Yield the events as sent, and comments as heartbeats while there are none."""
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
