"""The archive that an export of this site makes (`blog.transfer.format`)."""

import json
import re
from collections.abc import Iterator
from typing import Any

from blog.transfer.format import (
    COMMENTS,
    COPIES_FOLDER,
    EXPORT,
    FORMAT,
    MEDIA,
    POSTS_FOLDER,
)
from blog.transfer.front_matter import FrontMatterError, read_document
from blog.transfer.importing.archive import MIB, Archive, content, shown
from blog.transfer.importing.images import Images
from blog.transfer.importing.post import (
    Entry,
    ImportedImage,
    ImportedPost,
    SourceError,
    Status,
    UnreadableError,
)
from blog.transfer.importing.sources.source import Remarks, listed, text_or_none

# More than a post with all of its fields.
LARGEST_POST = MIB
LARGEST_LIST = 64 * MIB

NOT_READABLE = f"The files {EXPORT} and {MEDIA} in it can't be read."
NEWER = "It was created by a newer version of this software."
NO_TEXT = "It has no text."
COMMENTS_STAY = "Comments are skipped, because they belong to other people's posts."
COPIES = "Unpublished changes are skipped."
HIDDEN = "A moderator had hidden it, so it becomes a draft."
_ADDRESS = re.compile("/media/[a-z2-7]{32}")
_STATUS: dict[str, Status] = {
    "published": "published", "scheduled": "scheduled", "draft": "draft",
}  # fmt: skip


class OwnExport:
    """An export of a site like this one."""

    kind = "Broadside"

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        facts, media = self._json(EXPORT), self._json(MEDIA)
        if not isinstance(facts, dict) or not isinstance(media, list):
            raise SourceError(NOT_READABLE)
        if facts.get("format") != FORMAT:
            raise SourceError(NEWER)
        self._site = str(facts.get("site"))[:200].rstrip("/")
        self._media = {
            str(image.get("address")): image for image in media if isinstance(image, dict)
        }
        self._images = Images(archive)

    def _json(self, name: str) -> Any:
        try:
            return json.loads(content(self.archive, name, LARGEST_LIST))
        except (ValueError, RecursionError, UnreadableError):
            raise SourceError(NOT_READABLE) from None

    def records(self) -> Iterator[str]:
        for name in self.archive.sizes:
            if name.startswith(f"{POSTS_FOLDER}/") and name.endswith(".md"):
                yield name
        # An empty list has three characters.
        if self.archive.sizes.get(COMMENTS, 0) > 5:
            yield COMMENTS
        if any(name.startswith(f"{COPIES_FOLDER}/") for name in self.archive.sizes):
            yield COPIES_FOLDER

    def name(self, record: str) -> str:
        return shown(record)

    def entry(self, record: str) -> Entry:
        name = self.name(record)
        if record in {COMMENTS, COPIES_FOLDER}:
            return Entry(name, remarks=(COMMENTS_STAY if record == COMMENTS else COPIES,))
        try:
            fields, body = read_document(content(self.archive, record, LARGEST_POST))
        except FrontMatterError as error:
            raise UnreadableError(str(error)) from None
        if not body.strip() and fields.get("status") != "draft":
            return Entry(name, remarks=(NO_TEXT,))
        remarks = Remarks()
        return Entry(name, self._post(record, fields, body, remarks), tuple(remarks))

    def _post(self, file: str, fields: dict[str, Any], body: str, remarks: Remarks) -> ImportedPost:
        body, images = self._renamed(body)
        status = _STATUS.get(str(fields.get("status")), "draft")
        if fields.get("hidden_at"):
            status = "draft"
            remarks.add(HIDDEN)
        number = text_or_none(fields.get("id"))
        address = f"{self._site}/post/{number}" if number else None
        return ImportedPost(
            key=address or f"{self._site} {file}",
            body=body,
            title=text_or_none(fields.get("title")),
            slug=text_or_none(fields.get("slug")),
            tags=tuple(listed(fields.get("tags"))),
            status=status,
            published_at=remarks.date("date", fields.get("published_at")),
            time_zone=text_or_none(fields.get("time_zone")),
            created_at=remarks.date("date of its first draft", fields.get("created_at")),
            edited_at=remarks.date("date of its last change", fields.get("edited_at")),
            language=text_or_none(fields.get("language")),
            excerpt=text_or_none(fields.get("excerpt")),
            canonical_url=text_or_none(fields.get("canonical_url")),
            comments_open=fields.get("comments_open") is not False,
            cover=self._image(str(fields.get("cover"))),
            pinned=bool(fields.get("pinned_at")),
            images=images,
            exported_from=address,
        )

    def _renamed(self, body: str) -> tuple[str, tuple[ImportedImage, ...]]:
        """The text with the addresses that its images get here."""
        images: dict[str, ImportedImage] = {}

        def rename(found: re.Match[str]) -> str:
            image = self._image(address := found[0])
            if image is None:
                return address
            images[address] = image
            return f"/media/{image.name}"

        return _ADDRESS.sub(rename, body), tuple(images.values())

    def _image(self, address: str) -> ImportedImage | None:
        """The image that has an address in the texts."""
        listed = self._media.get(address, {})
        alt, caption = (str(listed.get(name) or "") for name in ("alt", "caption"))
        return self._images.image(str(listed.get("file")), address, alt, caption)
