"""Log formats: text in development, JSON in production."""

import json
import logging
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime

import click

# The id of the current request, part of every log line.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# The standard attributes of a record; all others were passed as `extra=`.
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_COLOURS = {logging.WARNING: "yellow", logging.ERROR: "red", logging.CRITICAL: "red"}
_SHORT_ID = 8

_encode = json.JSONEncoder(default=str).encode


class TextFormatter(logging.Formatter):
    """Lines such as `17:04:31 WARNING 1f0c2a7b the message`, with the start of the request's id.

    Args:
        coloured: whether to colour warnings and errors, for a terminal.
        layouts: format strings by logger name, which show `extra=` in columns instead of the
            message.
    """

    def __init__(self, *, coloured: bool, layouts: Mapping[str, str]) -> None:
        super().__init__()
        self._coloured = coloured
        self._layouts = layouts

    def format(self, record: logging.LogRecord) -> str:
        if (layout := self._layouts.get(record.name)) is not None:
            text = layout % vars(record)
        else:
            source = "" if record.name.startswith("blog.") else f"{record.name}: "
            text = source + super().format(record)
        level = f"{record.levelname:7}"
        if self._coloured:
            level = click.style(level, fg=_COLOURS.get(record.levelno))
        short_id = (request_id.get() or "")[:_SHORT_ID]
        return f"{self.formatTime(record, '%H:%M:%S')} {level} {short_id:{_SHORT_ID}} {text}"


class JSONFormatter(logging.Formatter):
    """One JSON object per line, with the members of `extra=` beside the standard ones."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (identifier := request_id.get()) is not None:
            line["request_id"] = identifier
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _encode(line)
