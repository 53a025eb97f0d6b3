"""Telling the administrators of unexpected errors, once a minute for each."""

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
# As the outbox limits it across all processes; within one, nothing is even tried sooner.
QUIET_SECONDS = 60.0
LONGEST_TITLE = 160
FULL_DISK = "The disk of the database is full"
LONGEST_TRACEBACK = 20_000


@dataclass(frozen=True)
class Report:
    """An error as the mail about it shows it.

    Args:
        title: its type and where it was raised; one line.
        request: what ended in it.
        request_id: by which it is found in the log; `None` for what happens in the background.
        traceback: how it came to it.
        held_back: how often it happened since the last mail of this process about it.
    """

    title: str
    request: str
    request_id: str | None
    traceback: str
    held_back: int


@dataclass
class _Known:
    """What this process remembers of an error that it has seen."""

    quiet_until: float = 0.0
    held_back: int = 0


@dataclass
class Alerts:
    """The errors of one application, on their way to its administrators.

    Two errors are the same if they have the same type and came through the same line
    of ours. How many of them are remembered is bounded by the length of the program.
    """

    app: Quart
    database: Database
    recipients: list[str]
    _known: dict[str, _Known] = field(default_factory=dict)

    def report(self, error: BaseException, request: str) -> None:
        """Have a mail about `error` put into the outbox, in the background, if it is time for one.

        Args:
            error: what nobody has caught.
            request: what ended in it, such as `GET /`. No query: it may hold a token.
        """
        if not self.recipients:
            return
        title = FULL_DISK if is_out_of_space(error) else _title(error)
        known = self._known.setdefault(title, _Known())
        if time.monotonic() < known.quiet_until:
            known.held_back += 1
            return
        known.quiet_until = time.monotonic() + QUIET_SECONDS
        trace = "".join(traceback.format_exception(error))[-LONGEST_TRACEBACK:]
        report = Report(title, request, request_id.get(), trace, known.held_back)
        # Quart logs what goes wrong there, and waits for it when the application is stopped.
        self.app.add_background_task(self._put, report, known)

    async def _put(self, report: Report, known: _Known) -> None:
        """Write the mails; if another process has just done so, count this one as held back."""
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
            known.held_back -= report.held_back
        else:
            known.held_back += 1


def _title(error: BaseException) -> str:
    """The error's type, and the innermost line of our own that it went through."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(PACKAGE)]
    where = "".join(
        f" in {'/'.join(Path(frame.filename).parts[-2:])}, line {frame.lineno}"
        for frame in (ours or frames)[-1:]
    )
    return f"{type(error).__name__}{where}"[:LONGEST_TITLE]
