"""Read the choices in an export of this site: people, tags, words, folders and email settings."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from blog.transfer import format as names
from blog.transfer.importing.post import ImportedChoices

Rows = Sequence[dict[str, Any]]


def _column(rows: Rows, name: str) -> tuple[str, ...]:
    return tuple(str(row.get(name)) for row in rows)


def _read_follows(rows: Rows) -> ImportedChoices:
    notified = [row for row in rows if row.get("is_notified") is True]
    return ImportedChoices(follows=_column(rows, "username"), alerts=_column(notified, "username"))


def _read_hidden_words(rows: Rows) -> ImportedChoices:
    words = zip(rows, _column(rows, "word"), strict=True)
    return ImportedChoices(
        hidden=tuple(f"#{word}" if row.get("is_tag") is True else word for row, word in words)
    )


# How to read each file.
READERS: Mapping[str, Callable[[Rows], ImportedChoices]] = {
    names.BOOKMARK_FOLDERS: lambda rows: ImportedChoices(folders=_column(rows, "name")),
    names.FOLLOWING: _read_follows,
    names.FOLLOWED_TAGS: lambda rows: ImportedChoices(tags=_column(rows, "name")),
    names.MUTED: lambda rows: ImportedChoices(muted=_column(rows, "username")),
    names.BLOCKED: lambda rows: ImportedChoices(blocked=_column(rows, "username")),
    names.HIDDEN_WORDS: _read_hidden_words,
    names.MAIL_PREFERENCES: lambda rows: ImportedChoices(mail=dict(rows[0]) if rows else None),
}
