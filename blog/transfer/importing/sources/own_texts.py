"""Earlier texts and unpublished changes of posts, in an export of this site."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

from blog.core.i18n import format_number, lazy_gettext
from blog.transfer.format import COPIES_FOLDER, COPY_FIELDS, REVISIONS_FOLDER
from blog.transfer.front_matter import Document, FrontMatterError, read_document
from blog.transfer.importing.archive import MIB, Archive, read_content
from blog.transfer.importing.dates import NO_DATE_OF_REVISION, NO_REVISED, NO_SAVED
from blog.transfer.importing.post import (
    ImportedCopy,
    ImportedHistory,
    ImportedRevision,
    UnreadableError,
)
from blog.transfer.importing.sources.own_images import OwnImages
from blog.transfer.importing.sources.source import Remarks, text_list, text_or_none

# Larger than any post with all its fields.
LARGEST_TEXT = MIB
# In total for the earlier texts of one post. They are added along with it, so that no reader sees
# half of its history.
LARGEST_HISTORY = 16 * MIB

TOO_MUCH_HISTORY = lazy_gettext(
    "The oldest of its revisions (%(number)s) are skipped, because together they have more than "
    "%(size)s MB.",
    size=LARGEST_HISTORY // MIB,
)
SKIPPED = lazy_gettext("Its revision %(number)s is skipped: %(reason)s")
COPY_SKIPPED = lazy_gettext("Its unpublished changes are skipped: %(reason)s")
NO_COVER = lazy_gettext("The cover image of its unpublished changes isn't in the file.")
_REVISION = re.compile(REVISIONS_FOLDER + r"/([0-9]{1,18})/([1-9][0-9]{0,8})\.md")
_COPY = re.compile(COPIES_FOLDER + r"/([0-9]{1,18})\.md")


class OwnTexts:
    """Texts that belong to posts but have their own files.

    Args:
        archive: the export.
        images: its images.
        username: its owner's username.
    """

    def __init__(self, archive: Archive, images: OwnImages, username: str) -> None:
        self._archive = archive
        self._images = images
        self._username = username
        self._revisions: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._copies: dict[str, str] = {}
        self._others: list[str] = []
        for name in archive.sizes:
            if found := _REVISION.fullmatch(name):
                self._revisions[found[1]].append((int(found[2]), name))
            elif found := _COPY.fullmatch(name):
                self._copies[found[1]] = name
            elif name.startswith((f"{REVISIONS_FOLDER}/", f"{COPIES_FOLDER}/")):
                self._others.append(name)

    def without_post(self, posts: Collection[str]) -> Iterator[str]:
        """Yield the files whose posts are missing.

        Args:
            posts: the ids of the posts in the export.
        """
        yield from self._others
        for post, files in self._revisions.items():
            if post not in posts:
                yield from (name for _, name in files)
        for post, name in self._copies.items():
            if post not in posts:
                yield name

    def history(
        self, number: str | None, fields: dict[str, Any], remarks: Remarks
    ) -> ImportedHistory:
        """The published texts of a post.

        Args:
            number: the id of the post.
            fields: its front matter.
        """
        files = sorted(self._revisions.get(number or "", ()))
        size = skipped = 0
        for place, (_, name) in enumerate(reversed(files), 1):
            size += self._archive.sizes[name]
            if size > LARGEST_HISTORY:
                skipped = len(files) - place + 1
                remarks.add(TOO_MUCH_HISTORY.with_values(number=format_number(skipped)))
                break
        found = (self._revision(number, name, remarks) for number, name in files[skipped:])
        published = fields.get("revision")
        return ImportedHistory(
            revisions=tuple(revision for revision in found if revision),
            number=published if isinstance(published, int) else 0,
            revised_at=remarks.date(NO_REVISED, fields.get("revised_at")),
            is_revised_by_author=self._is_own(fields.get("revised_by")),
        )

    def _revision(self, number: int, file: str, remarks: Remarks) -> ImportedRevision | None:
        try:
            fields, body = self._document(file)
        except UnreadableError as error:
            remarks.add(SKIPPED.with_values(number=number, reason=error))
            return None
        body, images = self._images.rename_images(body)
        problem = NO_DATE_OF_REVISION.with_values(number=number)
        return ImportedRevision(
            body=body,
            number=number,
            title=text_or_none(fields.get("title")),
            tags=tuple(text_list(fields.get("tags"))),
            language=text_or_none(fields.get("language")),
            excerpt=text_or_none(fields.get("excerpt")),
            images=images,
            created_at=remarks.date(problem, fields.get("created_at")),
            is_by_author=self._is_own(fields.get("editor")),
            hidden_at=remarks.date_or_now(problem, fields.get("hidden_at")),
            is_hidden_by_moderator=fields.get("hidden_by_moderator") is True,
        )

    def copy(self, number: str | None, remarks: Remarks) -> ImportedCopy | None:
        """The unpublished changes of the post with this id."""
        if (file := self._copies.get(number or "")) is None:
            return None
        try:
            fields, body = self._document(file)
        except UnreadableError as error:
            remarks.add(COPY_SKIPPED.with_values(reason=error))
            return None
        body, images = self._images.rename_images(body)
        typed = {
            name: value for name, value in fields.items()
            if isinstance(value, str) and name not in {*COPY_FIELDS, "cover"}
        }  # fmt: skip
        cover = None
        if chosen := text_or_none(fields.get("cover")):
            cover = self._images.with_id(chosen)
            if cover is None:
                remarks.add(NO_COVER)
        return ImportedCopy(
            fields=typed | {"body": body},
            saved_at=remarks.date(NO_SAVED, fields.get("saved_at")),
            cover=cover,
            images=images,
        )

    def _document(self, file: str) -> Document:
        try:
            return read_document(read_content(self._archive, file, LARGEST_TEXT))
        except FrontMatterError as error:
            raise UnreadableError(str(error)) from None

    def _is_own(self, name: Any) -> bool:
        return isinstance(name, str) and name.casefold() == self._username.casefold()
