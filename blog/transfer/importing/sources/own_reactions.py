"""The likes and bookmarks in an export of this site."""

from collections.abc import Collection
from datetime import datetime

from blog.core.i18n import format_number, lazy_gettext
from blog.transfer.format import BOOKMARKS, COMMENT_LIKES, LIKES
from blog.transfer.importing.archive import Archive
from blog.transfer.importing.dates import NO_DATE
from blog.transfer.importing.post import ImportedBookmark, UnreadableError
from blog.transfer.importing.sources.json_rows import read_rows_of_file
from blog.transfer.importing.sources.source import Remarks, text_or_none

FILES = (LIKES, COMMENT_LIKES, BOOKMARKS)
DAMAGED = lazy_gettext("It can't be read.")
# Remarks on reactions to other people's posts, which an export doesn't contain.
OF_OTHERS = {
    LIKES: lazy_gettext("Your likes of other people's posts (%(number)s) are skipped."),
    BOOKMARKS: lazy_gettext("Your bookmarks of other people's posts (%(number)s) are skipped."),
}
_COLUMNS = {"post_id", "comment_id", "created_at", "folder"}


class OwnReactions:
    """The likes and bookmarks in an export.

    Args:
        archive: the export.
        posts: the ids of its owner's posts.

    Attributes:
        likes: when they liked their own posts, by post id.
        bookmarks: their bookmarks of their own posts, by post id.
        comment_likes: when they liked comments, their own or other people's, by comment id.
    """

    def __init__(self, archive: Archive, posts: Collection[str]) -> None:
        self._archive = archive
        self._posts = posts
        self._remarks = {file: Remarks() for file in FILES}
        self.likes = dict[str, datetime]()
        self.bookmarks = dict[str, ImportedBookmark]()
        self.comment_likes = dict[str, datetime]()
        for file in FILES:
            try:
                self._read(file)
            except UnreadableError:
                self._remarks[file].add(DAMAGED)

    def remarks(self, file: str) -> tuple[str, ...]:
        """Remarks about what is left out of a file."""
        return tuple(self._remarks[file])

    def _read(self, file: str) -> None:
        others = 0
        for row in read_rows_of_file(self._archive, file, _COLUMNS):
            time = self._remarks[file].date_or_now(NO_DATE, row.get("created_at"))
            if file == COMMENT_LIKES:
                self.comment_likes[str(row.get("comment_id"))] = time
            elif (post := str(row.get("post_id"))) not in self._posts:
                others += 1
            elif file == LIKES:
                self.likes[post] = time
            else:
                folder = text_or_none(row.get("folder"))
                self.bookmarks[post] = ImportedBookmark(created_at=time, folder=folder)
        if others:
            self._remarks[file].add(OF_OTHERS[file].with_values(number=format_number(others)))
