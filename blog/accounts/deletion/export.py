"""Export of all data about a user, as a JSON document.

The document may be long and is streamed: rows are read in chunks by keyset pagination, and each
chunk is sent before the next one is read. No connection is held while the client reads. So the
export is not a consistent snapshot, and may lack rows that are written meanwhile.
"""

import asyncio
import json
import zlib
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast
from weakref import WeakValueDictionary

from quart import current_app
from sqlalchemy import Row, Select, or_, select, tuple_

from blog.core.db.database import Database
from blog.core.errors import TooManyRequestsError
from blog.models import (
    ApiToken,
    AuditEntry,
    Comment,
    Email,
    Follow,
    LoginSession,
    Media,
    MediaFile,
    Post,
    PostDraft,
    PostRevision,
    Report,
    Role,
    User,
)
from blog.models.account_deletion import not_deleted

ROWS_AT_ONCE = 500
# A post may be 64 KiB long.
POSTS_AT_ONCE = 50
COMPRESSION_LEVEL = 5
GZIP_FORMAT = 16 + zlib.MAX_WBITS


class Section(NamedTuple):
    """A part of the document.

    Attributes:
        rows: the query for its rows.
        keys: the columns to order by, which together are unique.
        size: the number of rows per chunk.
    """

    rows: Select[*tuple[Any, ...]]
    keys: tuple[Any, ...]
    size: int = ROWS_AT_ONCE


def sections(account: User) -> dict[str, Section]:
    """The parts of the document."""
    me = account.id
    follower, followed = User.username.label("username"), Follow.created_at
    return {
        "account": Section(select(
            User.id, User.username, User.email, Role.name.label("role"), User.created_at,
            User.confirmed_at, User.disabled_at, User.last_seen_at, User.avatar, User.avatar_hash,
        ).join(Role, Role.id == User.role_id).where(User.id == me), (User.id,)),
        "profile": Section(select(
            User.name, User.location, User.about_me, User.language, User.post_count,
            User.follower_count, User.following_count,
        ).where(User.id == me), (User.id,)),
        "posts": Section(select(
            Post.id, Post.title, Post.slug, Post.body, Post.tags, Post.summary, Post.language,
            Post.canonical_url, Post.cover_id, Post.comments_open, Post.pinned_at,
            Post.created_at, Post.status,
            Post.published_at, Post.scheduled_wall, Post.time_zone, Post.preview_key,
            Post.edited_at, Post.revision, Post.hidden_at, Post.comment_count,
        ).where(Post.author_id == me), (Post.id,), POSTS_AT_ONCE),
        "revisions": Section(select(
            PostRevision.post_id, PostRevision.number, PostRevision.created_at, PostRevision.title,
            PostRevision.body, PostRevision.tags, PostRevision.summary, PostRevision.language,
            PostRevision.changed, PostRevision.hidden_at, PostRevision.is_hidden_by_moderator,
        ).join(Post, Post.id == PostRevision.post_id).where(Post.author_id == me),
        (PostRevision.post_id, PostRevision.number), POSTS_AT_ONCE),
        "working_copies": Section(select(
            PostDraft.post_id, PostDraft.fields, PostDraft.base_version, PostDraft.saved_at,
        ).where(PostDraft.editor_id == me), (PostDraft.post_id,), POSTS_AT_ONCE),
        "comments": Section(select(
            Comment.id, Comment.post_id, Comment.body, Comment.created_at, Comment.edited_at,
            Comment.disabled_at, Comment.disabled_reason,
        ).where(Comment.author_id == me), (Comment.id,)),
        "media": Section(select(
            Media.id, Media.name, Media.alt, Media.caption, Media.bytes, Media.created_at,
            MediaFile.kind, MediaFile.width, MediaFile.height,
        ).join(MediaFile, MediaFile.name == Media.name).where(Media.owner_id == me), (Media.id,)),
        "reports": Section(select(
            Report.id, Report.post_id, Report.comment_id, Report.reason, Report.created_at,
            Report.state, Report.closed_at,
        ).where(Report.reporter_id == me), (Report.id,)),
        "following": Section(select(follower, followed)
        .join(Follow, Follow.followed_id == User.id)
        .where(Follow.follower_id == me, not_deleted(User.id)), (Follow.followed_id,)),
        "followers": Section(select(follower, followed)
        .join(Follow, Follow.follower_id == User.id)
        .where(Follow.followed_id == me, not_deleted(User.id)),
        (Follow.created_at, Follow.follower_id)),
        "sessions": Section(select(
            LoginSession.created_at, LoginSession.last_used_at, LoginSession.expires_at,
            LoginSession.device, LoginSession.network_address,
        ).where(LoginSession.user_id == me), (LoginSession.id,)),
        "api_tokens": Section(select(
            ApiToken.name, ApiToken.scopes, ApiToken.created_at, ApiToken.last_used_at,
            ApiToken.expires_at,
        ).where(ApiToken.user_id == me), (ApiToken.id,)),
        "mails": Section(select(
            Email.purpose, Email.recipient, Email.subject, Email.state, Email.created_at,
            Email.sent_at,
        ).where(Email.recipient == account.email), (Email.id,)),
        "audit_entries": Section(select(
            AuditEntry.created_at, AuditEntry.actor_name, AuditEntry.act,
            AuditEntry.subject_name, AuditEntry.details,
        ).where(or_(AuditEntry.actor_id == me, AuditEntry.subject_id == me)), (AuditEntry.id,)),
    }  # fmt: skip


class Exports:
    """The running exports of this process, one per user.

    Args:
        database: the database to read from.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._running: WeakValueDictionary[int, Export] = WeakValueDictionary()

    def begin(self, account: User, *, compress: bool) -> "Export":
        """Start the export of a user's data.

        Args:
            account: the user.
            compress: whether to gzip the document.

        Raises:
            TooManyRequestsError: an export of this user is running already.
        """
        running = self._running.get(account.id)
        if running is not None and not running.is_over:
            raise TooManyRequestsError(
                timedelta(minutes=1), "You're already downloading your data."
            )
        self._running[account.id] = export = Export(self._database, account, compress=compress)
        return export


def exports() -> Exports:
    """The exports of the current application."""
    return cast(Exports, current_app.extensions["exports"])


class Export:
    """A running export: an asynchronous iterator over chunks of bytes.

    Attributes:
        is_over: whether the document was sent completely, or the client has disconnected.
    """

    def __init__(self, database: Database, account: User, *, compress: bool) -> None:
        self.is_over = False
        self._pieces = pieces(database, account, compress=compress)

    def __aiter__(self) -> "Export":
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._pieces)

    async def aclose(self) -> None:
        """Stop the export."""
        self.is_over = True
        await self._pieces.aclose()


async def pieces(
    database: Database, account: User, *, compress: bool
) -> AsyncGenerator[bytes, None]:
    """The document in UTF-8, optionally gzipped; each chunk is flushed."""
    compressor = zlib.compressobj(COMPRESSION_LEVEL, wbits=GZIP_FORMAT)

    def encode(texts: Iterable[str]) -> bytes:
        data = "".join(texts).encode()
        if not compress:
            return data
        return compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)

    opening = "{"
    for name, section in sections(account).items():
        yield encode([f"{opening}\n{json.dumps(name)}: ["])
        opening, separator = ",", "\n"
        async with aclosing(_batches(database, section)) as batches:
            async for rows in batches:
                # Encoding many rows would block the event loop.
                yield await asyncio.to_thread(encode, _texts(rows, separator))
                separator = ",\n"
        yield encode(["]"])
    yield encode(["}\n"]) + (compressor.flush() if compress else b"")


async def _batches(
    database: Database, section: Section
) -> AsyncGenerator[list[dict[str, Any]], None]:
    """The rows of a section, in chunks."""
    number = len(section.keys)
    names = [str(column.key) for column in section.rows.selected_columns]
    keys = tuple_(*section.keys)
    statement = section.rows.add_columns(*section.keys).order_by(*section.keys).limit(section.size)
    rows: Sequence[Row[Any]] = []
    while not rows or len(rows) == section.size:
        behind = statement.where(keys > tuple_(*rows[-1][-number:])) if rows else statement
        async with database.reading_session() as session:
            rows = (await session.execute(behind)).all()
        if not rows:
            return
        # Without the keys, which are the last columns.
        yield [dict(zip(names, row[:-number], strict=True)) for row in rows]


def _texts(rows: list[dict[str, Any]], separator: str) -> Iterator[str]:
    for row in rows:
        yield separator + json.dumps(row, default=_plain, ensure_ascii=False)
        separator = ",\n"


def _plain(value: object) -> str:
    """Serialise times (RFC 3339) and network addresses."""
    return value.isoformat() if isinstance(value, datetime) else str(value)
