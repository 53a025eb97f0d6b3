"""The open streams of this process, and the one task that feeds them all.

It waits for PostgreSQL to notify it of a commit, and asks every `POLL_SECONDS` anyway. Then it
reads for all streams at once what may have changed; no stream has a connection of its own.
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
# Commits within this time are answered by one statement.
GATHER_SECONDS = 0.1
AT_ONCE = 200
# Between so many streams that are told something, pages have a turn of the event loop.
TOLD_IN_A_ROW, PAUSE_SECONDS = 10, 0.005
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class Hub:
    """The streams of a process.

    Args:
        database: is read for them.
        listener: hears of commits.
    """

    def __init__(self, database: Database, listener: Listener) -> None:
        self._database = database
        self._listener = listener
        self._streams: dict[int, set[Stream]] = defaultdict(set)
        self._number = 0
        # Linux allows a process 1,024 open files by default, and pages need some of them.
        self._most_files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self._people: set[int] = set()
        self._posts: set[int] = set()
        self._asks_all = False
        self._told = 0
        self._woken = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._is_closed = False

    def has_room_for(self, user_id: int) -> bool:
        """Whether somebody may open another stream."""
        own, most = len(self._streams.get(user_id, ())), MOST_STREAMS
        if self._most_files != resource.RLIM_INFINITY:
            most = min(most, self._most_files // 2)
        return not self._is_closed and self._number < most and own < MOST_PER_PERSON

    async def follow(self, stream: Stream) -> AsyncGenerator[str, None]:
        """The events of a stream, until it ends."""
        if not self.has_room_for(stream.user_id):
            return
        self._start()
        self._streams[stream.user_id].add(stream)
        self._number += 1
        try:
            self._people.add(stream.user_id)
            self._posts.update(stream.posts)
            self._woken.set()
            async for text in stream.events():
                yield text
        finally:
            self._leave(stream)

    async def close(self) -> None:
        """End all streams."""
        self._end_all()
        for task in self._tasks:
            task.cancel()
        await self._listener.unfollow(CHANNEL)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self) -> None:
        if not self._tasks:
            self._listener.follow(CHANNEL, self._heard)
            self._tasks = [
                asyncio.create_task(self._feed()),
                asyncio.create_task(self._end_with_the_process()),
            ]

    def _leave(self, stream: Stream) -> None:
        own = self._streams[stream.user_id]
        own.discard(stream)
        self._number -= 1
        if not own:
            del self._streams[stream.user_id]

    def _heard(self, payload: str) -> None:
        """Somebody has committed something: new notifications of a person, or a comment."""
        if payload.startswith(POST):
            self._posts.add(int(payload.removeprefix(POST)))
        elif payload:
            self._people.add(int(payload))
        else:
            self._asks_all = True
        self._woken.set()

    async def _end_with_the_process(self) -> None:
        await draining.wait()
        self._end_all()

    def _end_all(self) -> None:
        self._is_closed = True
        for stream in self._all():
            stream.end()

    def _all(self) -> list[Stream]:
        return [stream for own in self._streams.values() for stream in own]

    async def _feed(self) -> None:
        while True:
            try:
                async with asyncio.timeout(POLL_SECONDS):
                    await self._woken.wait()
            except TimeoutError:
                self._asks_all = True
            self._woken.clear()
            await asyncio.sleep(GATHER_SECONDS)
            try:
                await self._tell()
            except (SQLAlchemyError, DatabaseUnavailableError, OSError) as error:
                log.warning("live updates are late: %s", error)
                self._asks_all = True

    async def _tell(self) -> None:
        """Tell the streams of what may have changed."""
        people, self._people = self._people, set()
        posts, self._posts = self._posts, set()
        asks_all, self._asks_all = self._asks_all, False
        everybody = self._all()
        asked = [each for each in everybody if asks_all or each.user_id in people]
        for start in range(0, len(asked), AT_ONCE):
            await self._tell_of_notifications(asked[start : start + AT_ONCE])
        watching = [each for each in everybody if each.posts and (asks_all or each.posts & posts)]
        await self._tell_of_comments(watching)

    async def _tell_of_notifications(self, streams: Sequence[Stream]) -> None:
        sessions = sorted({stream.session_id for stream in streams})
        async with self._database.reading_session() as session:
            found = {state.session_id: state for state in await states(session, sessions)}
        for stream in streams:
            if (state := found.get(stream.session_id)) is None:
                stream.end()
            else:
                stream.hides_people = state.hides_people
                await self._pause_after(_tell_of_unread(stream, state))

    async def _tell_of_comments(self, streams: Sequence[Stream]) -> None:
        posts = sorted(frozenset[int]().union(*(stream.posts for stream in streams)))
        for start in range(0, len(posts), AT_ONCE):
            some = posts[start : start + AT_ONCE]
            pairs = [
                (stream.user_id, post)
                for stream in streams
                if stream.hides_people
                for post in stream.posts.intersection(some)
            ]
            async with self._database.reading_session() as session:
                counts = await comment_counts(session, some)
                hidden = await hidden_comment_counts(session, pairs) if pairs else {}
            for stream in streams:
                for post in stream.posts & counts.keys():
                    number = counts[post] - hidden.get((stream.user_id, post), 0)
                    data = {"post": post, "count": number}
                    await self._pause_after(stream.tell("comments", post, data, number))

    async def _pause_after(self, was_told: bool) -> None:
        """Wait a moment after every `TOLD_IN_A_ROW` streams that were told something."""
        self._told += was_told
        if was_told and self._told % TOLD_IN_A_ROW == 0:
            await asyncio.sleep(PAUSE_SECONDS)


def _tell_of_unread(stream: Stream, state: State) -> bool:
    """Tell how many notifications are unread, and whether any came since the last event that the
    browser has got; returns whether that has changed."""
    newest = (state.newest_at - EPOCH) // MICROSECOND if state.newest_at else 0
    is_new = stream.last_id is not None and newest > stream.last_id
    stream.last_id = max(newest, stream.last_id or 0)
    data = {"unread": state.unread, "is_new": is_new}
    return stream.tell("unread", None, data, (state.unread, newest), event_id=newest)
