"""Everything that the site holds about a person, as one JSON document.

It may be long, and is never held in memory whole: the rows come from the database some at a
time, by a server-side cursor, and are written to a temporary file, which is then sent. The
connection is held only as long as the database takes, however slowly the client reads; all of
it is one snapshot; and what goes wrong goes wrong before the answer has begun.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from datetime import datetime
from typing import IO, Any

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.kit.database import Database
from blog.models import (
    ApiToken,
    AuditEntry,
    Comment,
    Email,
    Follow,
    LoginSession,
    Post,
    Report,
    Role,
    User,
)
from blog.models.account_deletion import not_deleted

ROWS_AT_ONCE = 100
CHUNK_BYTES = 64 * 1024


def sections(account: User) -> dict[str, Select[Any]]:
    """The parts of the document, and the query whose rows each one lists."""
    me = account.id
    follower, followed = User.username.label("username"), Follow.created_at
    return {
        "account": select(
            User.id, User.username, User.email, Role.name.label("role"), User.created_at,
            User.confirmed_at, User.disabled_at, User.last_seen_at, User.avatar_hash,
        ).join(Role, Role.id == User.role_id).where(User.id == me),
        "profile": select(
            User.name, User.location, User.about_me, User.post_count, User.follower_count,
            User.following_count,
        ).where(User.id == me),
        "posts": select(
            Post.id, Post.body, Post.created_at, Post.edited_at, Post.hidden_at,
            Post.comment_count,
        ).where(Post.author_id == me).order_by(Post.id),
        "comments": select(
            Comment.id, Comment.post_id, Comment.body, Comment.created_at, Comment.edited_at,
            Comment.disabled_at, Comment.disabled_reason,
        ).where(Comment.author_id == me).order_by(Comment.id),
        "reports": select(
            Report.id, Report.post_id, Report.comment_id, Report.reason, Report.created_at,
            Report.state, Report.closed_at,
        ).where(Report.reporter_id == me).order_by(Report.id),
        "following": select(follower, followed)
        .join(Follow, Follow.followed_id == User.id)
        .where(Follow.follower_id == me, not_deleted(User.id)),
        "followers": select(follower, followed)
        .join(Follow, Follow.follower_id == User.id)
        .where(Follow.followed_id == me, not_deleted(User.id)),
        "sessions": select(
            LoginSession.created_at, LoginSession.last_used_at, LoginSession.expires_at,
            LoginSession.device, LoginSession.network_address,
        ).where(LoginSession.user_id == me).order_by(LoginSession.id),
        "api_tokens": select(
            ApiToken.name, ApiToken.scopes, ApiToken.created_at, ApiToken.last_used_at,
            ApiToken.expires_at,
        ).where(ApiToken.user_id == me).order_by(ApiToken.id),
        "mails": select(
            Email.purpose, Email.recipient, Email.subject, Email.state, Email.created_at,
            Email.sent_at,
        ).where(Email.recipient == account.email).order_by(Email.id),
        "audit_entries": select(
            AuditEntry.created_at, AuditEntry.actor_name, AuditEntry.act,
            AuditEntry.subject_name, AuditEntry.details,
        ).where(or_(AuditEntry.actor_id == me, AuditEntry.subject_id == me))
        .order_by(AuditEntry.id),
    }  # fmt: skip


async def export(database: Database, account: User) -> tuple[IO[bytes], int]:
    """Write the document of a person.

    Returns:
        A temporary file, open at its beginning, that is gone when it is closed; and its
        size in bytes.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115
    try:
        async with database.session() as session:
            await session.connection(
                execution_options={
                    "isolation_level": "REPEATABLE READ",
                    "postgresql_readonly": True,
                }
            )
            async for text in document(session, account):
                file.write(text.encode())
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file, size


async def document(session: AsyncSession, account: User) -> AsyncIterator[str]:
    """The document in pieces: an object with a list of objects for each section."""
    opening = "{"
    for name, statement in sections(account).items():
        yield f"{opening}\n{json.dumps(name)}: ["
        rows = await session.stream(statement, execution_options={"yield_per": ROWS_AT_ONCE})
        separator = "\n"
        async for row in rows.mappings():
            yield separator + json.dumps(dict(row), default=_plain, ensure_ascii=False)
            separator = ",\n"
        yield "]"
        opening = ","
    yield "}\n"


def _plain(value: object) -> str:
    """Times as in RFC 3339, and network addresses, as texts."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


async def chunks(file: IO[bytes]) -> AsyncIterator[bytes]:
    """The content of `file`, which is closed at the end, in pieces for a response."""
    with file:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk
