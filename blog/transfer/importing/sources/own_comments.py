"""The comments in an export of this site."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

from blog.transfer.format import COMMENTS
from blog.transfer.importing.archive import Archive, reading
from blog.transfer.importing.post import ImportedComment, SourceError, UnreadableError
from blog.transfer.importing.sources.json_rows import JSON_ERRORS, rows_of
from blog.transfer.importing.sources.source import Remarks, text_or_none

LARGEST_LIST = 64 * 1024 * 1024

UNREADABLE = "Your comments can't be read from here on."
OF_OTHERS = (
    "Your comments on other people's posts ({number}) are skipped, because those posts aren't "
    "yours to bring along."
)
_COLUMNS = {
    "id", "post_id", "body", "created_at", "edited_at", "disabled_at", "disabled_reason",
}  # fmt: skip


class OwnComments:
    """What its owner has commented.

    Args:
        archive: the export.
        posts: the ids of their own posts in it.
    """

    def __init__(self, archive: Archive, posts: Collection[str]) -> None:
        self._archive = archive
        self._of_post: dict[str, list[ImportedComment]] = defaultdict(list)
        self._remarks = Remarks()
        others = 0
        try:
            for row in self._rows():
                if (post := str(row.get("post_id"))) in posts:
                    self._of_post[post].append(self._comment(row))
                else:
                    others += 1
        except (*JSON_ERRORS, SourceError, UnreadableError):
            self._remarks.add(UNREADABLE)
        if others:
            self._remarks.add(OF_OTHERS.format(number=others))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is not taken."""
        return tuple(self._remarks)

    def of_post(self, number: str | None) -> tuple[ImportedComment, ...]:
        """The comments below a post of their own, in their order."""
        return tuple(self._of_post.get(number or "", ()))

    def _rows(self) -> Iterator[dict[str, Any]]:
        if self._archive.sizes[COMMENTS] > LARGEST_LIST:
            raise UnreadableError
        with reading(self._archive, COMMENTS) as file:
            for _, row in rows_of(file, {()}, _COLUMNS):
                yield row

    def _comment(self, row: dict[str, Any]) -> ImportedComment:
        what = f"date of comment {row.get('id')}"
        disabled_at = self._remarks.since(what, row.get("disabled_at"))
        return ImportedComment(
            body=str(row.get("body") or ""),
            created_at=self._remarks.date(what, row.get("created_at")),
            edited_at=self._remarks.date(what, row.get("edited_at")),
            disabled_at=disabled_at,
            disabled_reason=text_or_none(row.get("disabled_reason")) or "" if disabled_at else None,
        )
