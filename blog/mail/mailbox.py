"""The development mailbox: messages as files, for sites without a mail server."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

KEPT = 200
_NAME = re.compile(r"[0-9]{8}T[0-9]{12}-[0-9a-f-]{36}", re.ASCII)


@dataclass(frozen=True)
class StoredMessage:
    """A message in the mailbox, and its name there."""

    name: str
    message: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def recipient(self) -> str:
        return str(self.message["To"])

    @property
    def date(self) -> datetime:
        time: datetime = self.message["Date"].datetime
        return time

    @property
    def text(self) -> str:
        return self._part("plain")

    @property
    def html(self) -> str:
        return self._part("html")

    @property
    def source(self) -> str:
        return self.message.as_bytes().decode(errors="replace")

    def _part(self, subtype: str) -> str:
        part = self.message.get_body((subtype,))
        return str(part.get_content()) if part is not None else ""


class Mailbox:
    """The newest messages, one file each, in a private folder.

    Its methods block; call them in a thread.

    Args:
        folder: the folder, created with the first message.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, message: EmailMessage, created_at: datetime) -> None:
        """Store a message. Storing it again replaces it."""
        # `mode` only applies to the last folder.
        for folder in (self._folder.parent, self._folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        number = str(message["Message-ID"]).strip("<>").partition("@")[0]
        file = self._folder / f"{created_at:%Y%m%dT%H%M%S%f}-{number}.eml"
        # Written to a temporary file, so that a page never shows half a message.
        draft = file.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_bytes(message.as_bytes())
        draft.rename(file)
        for old in self._newest_first()[KEPT:]:
            old.unlink(missing_ok=True)

    def messages(self) -> list[StoredMessage]:
        """The messages, the newest first."""
        return list(self._read(self._newest_first()))

    def message(self, name: str) -> StoredMessage | None:
        """The message with this name, if there is one."""
        if not _NAME.fullmatch(name):
            return None
        return next(self._read([self._folder / f"{name}.eml"]), None)

    def _newest_first(self) -> list[Path]:
        """The files, the newest first; their names start with the time of the message."""
        return sorted(self._folder.glob("*.eml"), reverse=True)

    def _read(self, files: list[Path]) -> Iterator[StoredMessage]:
        for file in files:
            try:
                content = file.read_bytes()
            except FileNotFoundError:
                continue
            yield StoredMessage(file.stem, message_from_bytes(content, policy=policy.default))
