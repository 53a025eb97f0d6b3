"""The open streams of this process, and the one task that feeds them all.

It waits for PostgreSQL to notify it of a commit, and polls every `POLL_SECONDS` anyway. Then it
reads what may have changed for all streams at once; no stream has its own connection.
"""

import asyncio
import logging
import resource
from collections import defaultdict
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from blog.comments.queries import hidden_comment_counts
from blog.core.db.database import Database
from blog.core.db.database_errors import DatabaseUnavailableError
from blog.core.jobs.listener import Listener
from blog.core.web.draining import draining
from blog.notifications.live.queries import State, comment_counts, states
from blog.notifications.live.streams import Stream
from blog.notifications.writes import CHANNEL, POST

log = logging.getLogger(__name__)

# A browser has one stream for all its tabs.
MOST_STREAMS, MOST_PER_PERSON = 2_000, 10
POLL_SECONDS = 20.0
# Commits within this time are handled by one statement.
GATHER_SECONDS = 0.1
STREAMS_AT_ONCE = 200
# After this many events in a row, pages get a turn of the event loop.
SENT_IN_A_ROW, PAUSE_SECONDS = 10, 0.005
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class Hub:
    """The streams of a process.

    Args:
        database: the database to read from.
        listener: listens for commits.
    """

    def __init__(self, database: Database, listener: Listener) -> None:
        self._database = database
        self._listener = listener
        self._streams: dict[int, set[Stream]] = defaultdict(set)
        self._number = 0
        # By default Linux allows a process 1,024 open files, and pages need some of them.
        self._most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._people: set[int] = set()
        self._posts: set[int] = set()
        self._refreshes_all = False
        self._sent_count = 0
        self._wakeup = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_closed = False

    def has_room_for(self, user_id: int) -> bool:
        """Whether a person may open another stream."""
        own, most = len(self._streams.get(user_id, ())), MOST_STREAMS
        if self._most_files != resource.RLIM_INFINITY:
            most = min(most, self._most_files // 2)
        return not self._is_closed and self._number < most and own < MOST_PER_PERSON

    async def follow(self, stream: Stream) -> AsyncGenerator[str, None]:
        """Yield the events of a stream until it ends."""
        if not self.has_room_for(stream.user_id):
            return
        self._start()
        self._streams[stream.user_id].add(stream)
        self._number += 1
        try:
            self._people.add(stream.user_id)
            self._posts.update(stream.posts)
            self._wakeup.set()
            async for text in stream.events():
                yield text
        finally:
            self._remove(stream)

    async def close(self) -> None:
        """End all streams."""
        self._end_all()
        for task in self._tasks:
            task.cancel()
        await self._listener.unfollow(CHANNEL)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self) -> None:
        if not self._tasks:
            self._listener.follow(CHANNEL, self._on_notify)
            self._tasks = [
                asyncio.create_task(self._feed()),
                asyncio.create_task(self._end_when_draining()),
            ]

    def _remove(self, stream: Stream) -> None:
        own = self._streams[stream.user_id]
        own.discard(stream)
        self._number -= 1
        if not own:
            del self._streams[stream.user_id]

    def _on_notify(self, payload: str) -> None:
        """Handle a commit: new notifications of a person, or a new comment."""
        if payload.startswith(POST):
            self._posts.add(int(payload.removeprefix(POST)))
        elif payload:
            self._people.add(int(payload))
        else:
            self._refreshes_all = True
        self._wakeup.set()

    async def _end_when_draining(self) -> None:
        await draining.wait()
        self._end_all()

    def _end_all(self) -> None:
        self._is_closed = True
        for stream in self._all_streams():
            stream.end()

    def _all_streams(self) -> list[Stream]:
        return [stream for own in self._streams.values() for stream in own]

    async def _feed(self) -> None:
        while True:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wakeup.wait()
            except TimeoutError:
                self._refreshes_all = True
            self._wakeup.clear()
            await asyncio.sleep(GATHER_SECONDS)
            try:
                await self._refresh()
            except (SQLAlchemyError, DatabaseUnavailableError, OSError) as error:
                log.warning("live updates are late: %s", error)
                self._refreshes_all = True

    async def _refresh(self) -> None:
        """Send the streams what may have changed."""
        people, self._people = self._people, set()
        posts, self._posts = self._posts, set()
        refreshes_all, self._refreshes_all = self._refreshes_all, False
        streams = self._all_streams()
        affected = [each for each in streams if refreshes_all or each.user_id in people]
        for start in range(0, len(affected), STREAMS_AT_ONCE):
            await self._send_unread_counts(affected[start : start + STREAMS_AT_ONCE])
        watching = [
            each for each in streams if each.posts and (refreshes_all or each.posts & posts)
        ]
        await self._send_comment_counts(watching)

    async def _send_unread_counts(self, streams: Sequence[Stream]) -> None:
        sessions = sorted({stream.session_id for stream in streams})
        async with self._database.reading_session() as session:
            found = {state.session_id: state for state in await states(session, sessions)}
        for stream in streams:
            if (state := found.get(stream.session_id)) is None:
                stream.end()
            else:
                stream.hides_people = state.hides_people
                await self._pause_after(_send_unread(stream, state))

    async def _send_comment_counts(self, streams: Sequence[Stream]) -> None:
        posts = sorted(frozenset[int]().union(*(stream.posts for stream in streams)))
        for start in range(0, len(posts), STREAMS_AT_ONCE):
            batch = posts[start : start + STREAMS_AT_ONCE]
            pairs = [
                (stream.user_id, post)
                for stream in streams
                if stream.hides_people
                for post in stream.posts.intersection(batch)
            ]
            async with self._database.reading_session() as session:
                counts = await comment_counts(session, batch)
                hidden = await hidden_comment_counts(session, pairs) if pairs else {}
            for stream in streams:
                for post in stream.posts & counts.keys():
                    number = counts[post] - hidden.get((stream.user_id, post), 0)
                    data = {"post": post, "count": number}
                    await self._pause_after(stream.send("comments", post, data, number))

    async def _pause_after(self, was_sent: bool) -> None:
        """Pause after every `SENT_IN_A_ROW` events."""
        self._sent_count += was_sent
        if was_sent and self._sent_count % SENT_IN_A_ROW == 0:
            await asyncio.sleep(PAUSE_SECONDS)


def _send_unread(stream: Stream, state: State) -> bool:
    """Send the number of unread notifications, and whether any arrived since the last event that
    the browser received; returns whether that has changed."""
    newest = (state.newest_at - EPOCH) // MICROSECOND if state.newest_at else 0
    is_new = stream.last_id is not None and newest > stream.last_id
    stream.last_id = max(newest, stream.last_id or 0)
    data = {"unread": state.unread, "is_new": is_new}
    return stream.send("unread", None, data, (state.unread, newest), event_id=newest)
