"""Log formats: text in development, JSON in production."""

import logging
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import click
from pythonjsonlogger.json import JsonFormatter

from blog.core.telemetry import spans

# The id of the current request, part of every log line.
request_id: ContextVar[str | None] = ContextVar("request_id", default=None)

_COLOURS = {logging.WARNING: "yellow", logging.ERROR: "red", logging.CRITICAL: "red"}
_SHORT_ID = 8


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


class JSONFormatter(JsonFormatter):
    """One JSON object per line, with the members of `extra=` beside the standard ones."""

    def __init__(self) -> None:
        names = {"name": "logger", "exc_info": "traceback"}
        super().__init__(["name", "message"], rename_fields=names)

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Fill the object."""
        moment = datetime.fromtimestamp(record.created, UTC)
        log_data["time"] = moment.isoformat(timespec="milliseconds")
        log_data["level"] = record.levelname.lower()
        super().add_fields(log_data, record, message_dict)
        if (identifier := request_id.get()) is not None:
            log_data["request_id"] = identifier
        if (parent := spans.trace_parent()) is not None:
            _, log_data["trace_id"], log_data["span_id"], _ = parent.split("-")
