"""An export of this software (`blog.transfer.format`)."""

import json
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from blog.core.i18n import format_number, lazy_gettext
from blog.transfer.format import (
    ACCOUNT,
    COMMENT_LIKES,
    COMMENTS,
    COPIES_FOLDER,
    EXPORT,
    FOLLOWERS,
    FORMAT,
    MEDIA,
    POSTS_FOLDER,
    PROFILE,
    REVISIONS_FOLDER,
    SUBSCRIPTIONS,
)
from blog.transfer.front_matter import FrontMatterError, read_document
from blog.transfer.importing.archive import Archive, open_file, printable, read_content
from blog.transfer.importing.dates import NO_CREATED, NO_DATE, NO_EDITED, NO_PINNED
from blog.transfer.importing.images import Images
from blog.transfer.importing.post import (
    Entry,
    ImportedPost,
    ImportedProfile,
    SourceError,
    Status,
    UnreadableError,
)
from blog.transfer.importing.sources import own_choices, own_reactions
from blog.transfer.importing.sources.json_rows import LARGEST_LIST
from blog.transfer.importing.sources.own_comments import OwnComments
from blog.transfer.importing.sources.own_images import OwnImages
from blog.transfer.importing.sources.own_reactions import DAMAGED, OwnReactions
from blog.transfer.importing.sources.own_texts import LARGEST_TEXT, OwnTexts
from blog.transfer.importing.sources.source import Remarks, text_list, text_or_none

NOT_READABLE = lazy_gettext(
    "The files %(one)s and %(other)s in it can't be read.", one=EXPORT, other=MEDIA
)
NEWER = lazy_gettext("It was created by a newer version of this software.")
NO_TEXT = lazy_gettext("It has no text.")
HIDDEN = lazy_gettext("A moderator had hidden it, so it becomes a draft.")
COPY_OF_HIDDEN = lazy_gettext("Its unpublished changes are skipped, because it becomes a draft.")
NO_POST = lazy_gettext("Its post isn't in the file.")
NO_IMAGE = lazy_gettext("This image isn't in the file.")
NO_PICTURE = lazy_gettext("Your profile picture isn't in the file.")
STAY = {
    FOLLOWERS: lazy_gettext(
        "Your followers (%(number)s) are skipped, because only they can decide to follow you here."
    ),
    SUBSCRIPTIONS: lazy_gettext(
        "The authors whose posts you get by email (%(number)s) are skipped. You can subscribe to "
        "them again."
    ),
}
ACCOUNT_STAYS = lazy_gettext(
    "Your username, email address, role, sessions and tokens are skipped, and so is what the site "
    "has recorded about you, such as notifications and reports."
)
_ID = re.compile(rb"^id: ([0-9]{1,18})[ \t]*\r?$", re.MULTILINE)
_STATUSES: dict[str, Status] = {
    "published": "published", "scheduled": "scheduled", "draft": "draft",
}  # fmt: skip


class OwnExport:
    """An export of a site like this one."""

    kind = "Broadside"

    def __init__(self, archive: Archive) -> None:
        self.archive = archive
        metadata, media = self._read_json(EXPORT), self._read_json(MEDIA)
        if not isinstance(metadata, dict) or not isinstance(media, list):
            raise SourceError(NOT_READABLE)
        if metadata.get("format") != FORMAT:
            raise SourceError(NEWER)
        self._site = str(metadata.get("site"))[:200].rstrip("/")
        self._images = OwnImages(Images(archive), media)
        self._texts = OwnTexts(archive, self._images, str(self._profile.get("username")))

    def _read_json(self, name: str) -> Any:
        try:
            return json.loads(read_content(self.archive, name, LARGEST_LIST))
        except (ValueError, RecursionError, UnreadableError):
            raise SourceError(NOT_READABLE) from None

    def _read_part(self, name: str, kind: type) -> Any:
        """Read a JSON file; empty if there is no such file.

        Raises:
            UnreadableError: the file cannot be read.
        """
        if name not in self.archive.sizes:
            return kind()
        try:
            value = json.loads(read_content(self.archive, name, LARGEST_LIST))
        except (ValueError, RecursionError):
            raise UnreadableError(DAMAGED) from None
        if not isinstance(value, kind):
            raise UnreadableError(DAMAGED)
        return value

    @cached_property
    def _profile(self) -> dict[str, Any]:
        """The profile; empty if it cannot be read."""
        try:
            return dict(self._read_part(PROFILE, dict))
        except UnreadableError:
            return {}

    @cached_property
    def _posts(self) -> set[str]:
        """The ids of all posts."""
        found = set()
        for name in self._post_files():
            try:
                with open_file(self.archive, name) as file:
                    found_id = _ID.search(file.read(4096))
            except UnreadableError:
                continue
            if found_id:
                found.add(found_id[1].decode())
        return found

    @cached_property
    def _reactions(self) -> OwnReactions:
        return OwnReactions(self.archive, self._posts)

    @cached_property
    def _comments(self) -> OwnComments:
        return OwnComments(self.archive, self._posts, self._reactions)

    def _post_files(self) -> Iterator[str]:
        for name in self.archive.sizes:
            if name.startswith(f"{POSTS_FOLDER}/") and name.endswith(".md"):
                yield name

    def records(self) -> Iterator[str]:
        # Folders come first, because the bookmarks of posts refer to them.
        first, *choices = own_choices.READERS
        yield from (name for name in (first,) if name in self.archive.sizes)
        yield from self._post_files()
        # The picture comes with the profile.
        picture = f"/media/{self._profile.get('avatar')}"
        yield from (address for address in self._images.addresses if address != picture)
        yield from self._texts.without_post(self._posts)
        for name in (COMMENTS, *own_reactions.FILES, *choices, *STAY, PROFILE, ACCOUNT):
            if name in self.archive.sizes:
                yield name

    def name(self, record: str) -> str:
        return printable(record)

    def entry(self, record: str) -> Entry:
        name = self.name(record)
        if record in self._images.addresses:
            image = self._images.find(record)
            return Entry(name, image=image, remarks=() if image else (str(NO_IMAGE),))
        if record.startswith((f"{REVISIONS_FOLDER}/", f"{COPIES_FOLDER}/")):
            return Entry(name, remarks=(str(NO_POST),))
        if record.startswith(f"{POSTS_FOLDER}/"):
            return self._post_entry(record, name)
        if record in {COMMENTS, *own_reactions.FILES}:
            # Anything that can be imported comes with its post.
            return Entry(name, remarks=self._skipped_remarks(record))
        return self._entry_of_person(record, name)

    def _skipped_remarks(self, record: str) -> tuple[str, ...]:
        """Remarks on the comments, likes or bookmarks that are not imported."""
        if record == COMMENTS:
            return self._comments.remarks
        if record == COMMENT_LIKES:
            return self._comments.remarks_on_likes
        return self._reactions.remarks(record)

    def _entry_of_person(self, record: str, name: str) -> Entry:
        if record == ACCOUNT:
            return self._account_entry(name)
        if record == PROFILE:
            return self._profile_entry(name)
        rows = self._read_part(record, list)
        if not all(isinstance(each, dict) for each in rows):
            raise UnreadableError(DAMAGED)
        if read := own_choices.READERS.get(record):
            return Entry(name, choices=read(rows))
        remark = str(STAY[record].with_values(number=format_number(len(rows))))
        return Entry(name, remarks=(remark,) if rows else ())

    def _account_entry(self, name: str) -> Entry:
        hides = self._read_part(ACCOUNT, dict).get("hides_like_counts") is True
        profile = ImportedProfile(fields={"hides_like_counts": "true"}) if hides else None
        return Entry(name, remarks=(str(ACCOUNT_STAYS),), profile=profile)

    def _profile_entry(self, name: str) -> Entry:
        profile = self._read_part(PROFILE, dict)
        fields = {key: text for key, text in profile.items() if isinstance(text, str)}
        if profile.get("noindex") is True:
            fields["noindex"] = "true"
        avatar, remarks = fields.pop("avatar", None), Remarks()
        image = self._images.find(f"/media/{avatar}") if avatar else None
        if avatar and image is None:
            remarks.add(NO_PICTURE)
        imported = ImportedProfile(fields=fields, avatar=image)
        return Entry(name, remarks=tuple(remarks), profile=imported)

    def _post_entry(self, record: str, name: str) -> Entry:
        try:
            fields, body = read_document(read_content(self.archive, record, LARGEST_TEXT))
        except FrontMatterError as error:
            raise UnreadableError(str(error)) from None
        if not body.strip() and fields.get("status") != "draft":
            return Entry(name, remarks=(str(NO_TEXT),))
        remarks = Remarks()
        post = self._post(record, fields, body, remarks)
        return Entry(name, post, remarks=tuple(remarks))

    def _post(self, file: str, fields: dict[str, Any], body: str, remarks: Remarks) -> ImportedPost:
        body, images = self._images.rename_images(body)
        status = _STATUSES.get(str(fields.get("status")), "draft")
        number = text_or_none(fields.get("id"))
        copy = self._texts.copy(number, remarks)
        if fields.get("hidden_at"):
            status = "draft"
            remarks.add(HIDDEN)
            if copy:
                copy = None
                remarks.add(COPY_OF_HIDDEN)
        address = f"{self._site}/post/{number}" if number else None
        return ImportedPost(
            key=address or f"{self._site} {file}",
            body=body,
            title=text_or_none(fields.get("title")),
            slug=text_or_none(fields.get("slug")),
            tags=tuple(text_list(fields.get("tags"))),
            status=status,
            published_at=remarks.date(NO_DATE, fields.get("published_at")),
            time_zone=text_or_none(fields.get("time_zone")),
            created_at=remarks.date(NO_CREATED, fields.get("created_at")),
            edited_at=remarks.date(NO_EDITED, fields.get("edited_at")),
            language=text_or_none(fields.get("language")),
            excerpt=text_or_none(fields.get("excerpt")),
            canonical_url=text_or_none(fields.get("canonical_url")),
            comments_open=fields.get("comments_open") is not False,
            comments_limited=fields.get("comments_limited") is True,
            cover=self._images.find(str(fields.get("cover"))),
            cover_alt=alt if isinstance(alt := fields.get("cover_alt"), str) else None,
            pinned=bool(fields.get("pinned_at")),
            pinned_at=remarks.date(NO_PINNED, fields.get("pinned_at")),
            images=images,
            exported_from=address,
            history=self._texts.history(number, fields, remarks),
            copy=copy,
            comments=self._comments.of_post(number),
            liked_at=self._reactions.likes.get(number or ""),
            bookmark=self._reactions.bookmarks.get(number or ""),
        )
