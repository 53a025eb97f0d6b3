"""Mails to the administrators about unexpected errors, at most one per error and minute."""

import hashlib
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from quart import Quart

from blog.core.db.database import Database
from blog.core.db.database_errors import is_out_of_space
from blog.core.web.logs import request_id
from blog.mail import outbox

PACKAGE = Path(__file__).resolve().parents[1]
# The outbox has the same limit across all processes; this saves the attempts.
QUIET_SECONDS = 60.0
LONGEST_TITLE = 160
FULL_DISK = "The disk of the database is full"
LONGEST_TRACEBACK = 20_000


@dataclass(frozen=True)
class Report:
    """The details of an error for its mail.

    Args:
        title: one line with its type and where it was raised.
        request: the request that failed.
        request_id: the request id in the log; `None` for background work.
        traceback: the traceback.
        held_back: the number of occurrences since this process last mailed about it.
    """

    title: str
    request: str
    request_id: str | None
    traceback: str
    held_back: int


@dataclass
class _ErrorState:
    """Until when a process sends no mails about an error, and how many it has held back."""

    quiet_until: float = 0.0
    held_back: int = 0


@dataclass
class Alerts:
    """Reports the errors of an application to its administrators.

    Errors are the same if they have the same type and passed through the same line of our code. The
    number of remembered errors is bounded by the length of the program.
    """

    app: Quart
    database: Database
    recipients: list[str]
    _states: dict[str, _ErrorState] = field(default_factory=dict)

    def report(self, error: BaseException, request: str) -> None:
        """Queue a mail about `error` in the background, unless there was one recently.

        Args:
            error: an unhandled exception.
            request: the request that failed, such as `GET /`, without the query, which may contain
                a token.
        """
        if not self.recipients:
            return
        title = FULL_DISK if is_out_of_space(error) else _build_title(error)
        state = self._states.setdefault(title, _ErrorState())
        if time.monotonic() < state.quiet_until:
            state.held_back += 1
            return
        state.quiet_until = time.monotonic() + QUIET_SECONDS
        trace = "".join(traceback.format_exception(error))[-LONGEST_TRACEBACK:]
        report = Report(title, request, request_id.get(), trace, state.held_back)
        # Quart logs errors in it, and waits for it at shutdown.
        self.app.add_background_task(self._queue_mails, report, state)

    async def _queue_mails(self, report: Report, state: _ErrorState) -> None:
        """Queue the mails, or hold this occurrence back, if another process has just done so."""
        about = hashlib.sha256(report.title.encode()).hexdigest()[:14]
        async with self.database.session() as session:
            mails = [
                await outbox.put(
                    session, to=recipient, message="application_error", about=about, report=report
                )
                for recipient in self.recipients
            ]
            await session.commit()
        if any(mails):
            state.held_back -= report.held_back
        else:
            state.held_back += 1


def _build_title(error: BaseException) -> str:
    """The title of an error: its type, and the innermost line of our code in its traceback."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(PACKAGE)]
    where = "".join(
        f" in {'/'.join(Path(frame.filename).parts[-2:])}, line {frame.lineno}"
        for frame in (ours or frames)[-1:]
    )
    return f"{type(error).__name__}{where}"[:LONGEST_TITLE]
