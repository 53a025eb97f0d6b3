"""The files of an archive, in order."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Any

from quart import current_app
from sqlalchemy import func, select

from blog.core.clock import now
from blog.core.db.database import Database
from blog.core.i18n import using_language
from blog.core.storage.interface import NoSuchObjectError, Storage
from blog.core.web.languages import language_for
from blog.core.web.urls import external_url
from blog.media.sizes import original_key, variant_key
from blog.models import Media, MediaState, Post, User
from blog.transfer import format as names
from blog.transfer.exporting.documents import post_file, revision_file, working_copy_file
from blog.transfer.exporting.sections import read_chunks, sections
from blog.transfer.exporting.zipping import File

Row = dict[str, Any]

# Sections with a Markdown file for each row.
DOCUMENTS = {"posts": post_file, "working_copies": working_copy_file, "revisions": revision_file}
# Sections with one JSON file, a list.
LISTS = {
    "comments": names.COMMENTS,
    "following": names.FOLLOWING,
    "followers": names.FOLLOWERS,
    "followed_tags": names.FOLLOWED_TAGS,
    "subscriptions": names.SUBSCRIPTIONS,
    "muted": names.MUTED,
    "blocked": names.BLOCKED,
    "hidden_words": names.HIDDEN_WORDS,
    "likes": names.LIKES,
    "comment_likes": names.COMMENT_LIKES,
    "bookmarks": names.BOOKMARKS,
    "notifications": "notifications.json",
    "bookmark_folders": names.BOOKMARK_FOLDERS,
    "mentions": "mentions.json",
    "reports": "reports.json",
    "sessions": "sessions.json",
    "authenticators": "authenticators.json",
    "openid_logins": "openid-logins.json",
    "passkeys": "passkeys.json",
    "recovery_codes": "recovery-codes.json",
    "trusted_browsers": "trusted-browsers.json",
    "api_tokens": "api-tokens.json",
    "mails": "mails.json",
    "refusals": "refusals.json",
    "mail_preferences": names.MAIL_PREFERENCES,
    "audit_entries": "audit-entries.json",
    "moderation_log": "moderation-log.json",
    "applications": "applications.json",
    "invitations": "invitations.json",
    "measures": "measures.json",
    "held_items": "held-items.json",
    "moderator_notes": "moderator-notes.json",
    "bulk_acts": "bulk-acts.json",
    "imports": "imports.json",
    "exports": "exports.json",
}


class Archive:
    """The contents of an export of a user's data.

    Args:
        database: the database to read from.
        storage: the storage that holds the images.
        account: the user, with their role loaded.

    Attributes:
        files_done: the number of posts and images yielded so far.
    """

    def __init__(self, database: Database, storage: Storage, account: User) -> None:
        self.files_done = 0
        self._database = database
        self._storage = storage
        self._account = account
        self._sections = sections(account)
        self._time = now()
        # The file of each image, by its name. Images that could not be processed have none.
        self._images: dict[str, str] = {}

    async def count_files(self) -> int:
        """Count the posts and images."""
        async with self._database.reading_session() as session:
            counts = select(
                select(func.count()).where(Post.author_id == self._account.id).scalar_subquery(),
                select(func.count()).where(Media.owner_id == self._account.id).scalar_subquery(),
            )
            posts, images = (await session.execute(counts)).one()
        return int(posts) + int(images)

    async def files(self) -> AsyncGenerator[File, None]:
        """Yield all files."""
        yield self._file(names.README, self._readme())
        metadata = {
            "format": names.FORMAT,
            "site": current_app.config["BASE_URL"],
            "exported_at": self._time,
        }
        yield self._file(names.EXPORT, _encode_object(metadata))
        yield self._file(names.PROFILE, _encode_object(await self._single_row("profile")))
        yield self._file(names.ACCOUNT, _encode_object(await self._single_row("account")))
        for section, make in DOCUMENTS.items():
            async for rows in read_chunks(self._database, self._sections[section]):
                for file in await asyncio.to_thread(_make_files, make, rows):
                    yield file
                    self.files_done += section == "posts"
        async for rows in read_chunks(self._database, self._sections["media"]):
            for row in rows:
                if (image := await self._image(row)) is not None:
                    yield image
                self.files_done += 1
        yield self._file(names.MEDIA, self._list("media", self._image_row))
        for section, name in LISTS.items():
            extend = _with_urls if section == "comments" else None
            yield self._file(name, self._list(section, extend))

    def _file(self, name: str, content: bytes | AsyncGenerator[bytes, None]) -> File:
        return File(name, content, self._time)

    def _readme(self) -> bytes:
        template = current_app.jinja_env.get_template("transfer/readme.md")
        with using_language(language_for(self._account.interface_language)):
            return template.render(username=self._account.username, time=self._time).encode()

    async def _single_row(self, section: str) -> Row:
        chunks = read_chunks(self._database, self._sections[section])
        [row] = [row async for rows in chunks for row in rows]
        return row

    async def _image(self, row: Row) -> File | None:
        """The best stored version of an image; `None` if there is none."""
        name, extension = row["name"], "webp"
        key = variant_key(name, row["generation"], row["variants"][-1][0])
        if row["state"] == MediaState.PROCESSING:
            extension = "jpg" if row["kind"] == "jpeg" else row["kind"]
            key = original_key(name, row["generation"])
        try:
            stored = await self._storage.stat(key)
        except NoSuchObjectError:
            return None
        self._images[name] = file_name = f"{names.MEDIA_FOLDER}/{name}.{extension}"
        return File(file_name, self._storage.read(key), stored.modified, is_compressed=True)

    def _image_row(self, row: Row) -> Row:
        columns = {name: row[name] for name in (
            "id", "name", "alt", "caption", "width", "height", "created_at",
        )}  # fmt: skip
        file = self._images.get(row["name"])
        return {"file": file, "address": f"/media/{row['name']}"} | columns

    async def _list(
        self, section: str, extend: Callable[[Row], Row] | None
    ) -> AsyncGenerator[bytes, None]:
        """A section as a list of objects, in JSON."""

        def encode(rows: list[Row], separator: str) -> bytes:
            texts = [_encode_row(extend(row) if extend else row) for row in rows]
            return (separator + ",\n".join(texts)).encode()

        yield b"["
        separator = "\n"
        async with aclosing(read_chunks(self._database, self._sections[section])) as chunks:
            async for rows in chunks:
                # Encoding many rows would block the event loop.
                yield await asyncio.to_thread(encode, rows, separator)
                separator = ",\n"
        yield b"\n]\n"


def _make_files(make: Callable[[Row], File], rows: list[Row]) -> list[File]:
    return [make(row) for row in rows]


def _with_urls(row: Row) -> Row:
    """Add the URLs of a comment and its post."""
    addresses = {
        "url": external_url("comments.show", comment_id=row["id"]),
        "post_url": external_url("site.post", post_id=row["post_id"]),
    }
    return {"id": row["id"], **addresses, **row}


def _encode_object(metadata: Row) -> bytes:
    return (json.dumps(metadata, default=_serialise, ensure_ascii=False, indent=2) + "\n").encode()


def _encode_row(row: Row) -> str:
    return json.dumps(row, default=_serialise, ensure_ascii=False)


def _serialise(value: object) -> str:
    """Serialise times (RFC 3339) and network addresses."""
    return value.isoformat() if isinstance(value, datetime) else str(value)
