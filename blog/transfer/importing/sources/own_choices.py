"""Whom and what the owner of an export of this site wants to see."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from blog.transfer import format as names
from blog.transfer.importing.post import ImportedChoices

Rows = Sequence[dict[str, Any]]


def _each(rows: Rows, name: str) -> tuple[str, ...]:
    return tuple(str(row.get(name)) for row in rows)


def _follows(rows: Rows) -> ImportedChoices:
    notified = [row for row in rows if row.get("is_notified") is True]
    return ImportedChoices(follows=_each(rows, "username"), alerts=_each(notified, "username"))


def _hidden(rows: Rows) -> ImportedChoices:
    words = zip(rows, _each(rows, "word"), strict=True)
    return ImportedChoices(
        hidden=tuple(f"#{word}" if row.get("is_tag") is True else word for row, word in words)
    )


# What each file says, by its content.
READERS: Mapping[str, Callable[[Rows], ImportedChoices]] = {
    names.BOOKMARK_FOLDERS: lambda rows: ImportedChoices(folders=_each(rows, "name")),
    names.FOLLOWING: _follows,
    names.FOLLOWED_TAGS: lambda rows: ImportedChoices(tags=_each(rows, "name")),
    names.MUTED: lambda rows: ImportedChoices(muted=_each(rows, "username")),
    names.BLOCKED: lambda rows: ImportedChoices(blocked=_each(rows, "username")),
    names.HIDDEN_WORDS: _hidden,
    names.MAIL_PREFERENCES: lambda rows: ImportedChoices(mail=dict(rows[0]) if rows else None),
}
