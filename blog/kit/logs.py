"""How a log line looks: for people in development, for machines in production."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

# What every record has; anything else on it was given as `extra=` and is worth showing.
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure_logging(*, machine_readable: bool, stream: TextIO = sys.stderr) -> None:
    """Send the process's log to `stream`, a line an event.

    Args:
        machine_readable: each line is a JSON object instead of text.
        stream: where to.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JSONFormatter() if machine_readable else TextFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def _extras(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


class TextFormatter(logging.Formatter):
    """`17:04:31 INFO    blog.mail: the message`"""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s", "%H:%M:%S")


class JSONFormatter(logging.Formatter):
    """One JSON object a line, with the members of `extra=` beside the standard ones."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_extras(record),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
