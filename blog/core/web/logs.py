"""How a log line looks: for people in development, for machines in production."""

import json
import logging
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime

import click

# The id of the request that is being answered; every line that is logged meanwhile has it.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

# What every record has; anything else on it was given as `extra=` and is worth showing.
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_COLOURS = {logging.WARNING: "yellow", logging.ERROR: "red", logging.CRITICAL: "red"}
_SHORT_ID = 8

_encode = json.JSONEncoder(default=str).encode


class TextFormatter(logging.Formatter):
    """`17:04:31 WARNING 1f0c2a7b the message`, with the beginning of the request's id.

    Args:
        coloured: whether warnings and errors stand out, on a terminal.
        layouts: by the logger's name, how its lines show their `extra=` in columns, instead of
            the message.
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
    """One JSON object a line, with the members of `extra=` beside the standard ones."""

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
