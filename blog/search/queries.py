"""Find posts and comments: resolve the names in a search, and run its statements."""

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, DateTime, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest
from blog.models import Tag, User
from blog.models.account_deletion import not_deleted
from blog.search.question import Question, names_in, parse
from blog.search.statements import OWN, Searched, Sorting, statements

# The time after which the database cancels a search, in milliseconds.
TIME_LIMIT = "2000"
LONG_AGO, FAR_FUTURE = (datetime(year, 1, 1, tzinfo=UTC) for year in (1, 9999))


class Matches(NamedTuple):
    """A page of the posts or comments that match.

    Attributes:
        ids: their ids, in order.
        total: the number of matches, up to `MOST_FOUND`.
        next_cursor: the cursor of the next page, if there is one.
        lexemes: the words in all forms, as looked up in the index.
        is_partial: whether older ones were not searched because too many contain the words, for a
            phrase or in comments on certain posts.
        is_indexing: whether older ones are still being indexed.
    """

    ids: tuple[int, ...] = ()
    total: int = 0
    next_cursor: str | None = None
    lexemes: frozenset[str] = frozenset()
    is_partial: bool = False
    is_indexing: bool = False


_ORDER = Order(
    literal_column("score", BigInteger),
    literal_column("listed_at", DateTime(timezone=True)),
    literal_column("row_id", BigInteger),
)
_STATEMENTS = statements()
_LIMITS = select(
    func.set_config("statement_timeout", TIME_LIMIT, True),
    # Until the first posts are analysed, the statistics are those of an empty table.
    func.set_config("enable_seqscan", "off", True),
    # Generic plans, for any dates, go through all posts in chronological order.
    func.set_config("plan_cache_mode", "force_custom_plan", True),
)
_LEXEME = re.compile("'((?:[^']|'')+)'")


async def limit_time(session: AsyncSession) -> None:
    """Let the database cancel the statements of a search after `TIME_LIMIT`, in a new session."""
    # A reading session has no transaction, and so can't have its own settings.
    await session.connection(execution_options={"isolation_level": "READ COMMITTED"})
    await session.execute(_LIMITS)


async def resolve_question(session: AsyncSession, text: str) -> Question:
    """Parse a search, after looking up the ids of the people and tags that it names."""
    usernames, tags = names_in(text)
    authors = await _ids(session, User, func.lower(User.username), usernames)
    return parse(text, authors, await _ids(session, Tag, Tag.folded, tags))


async def _ids(
    session: AsyncSession,
    table: type[User | Tag],
    column: Any,
    names: Collection[str],
) -> dict[str, int]:
    if not names:
        return {}
    if table is Tag:
        # A tag that was merged into another has the id of the other.
        target_id = func.coalesce(Tag.merged_into_id, Tag.id)
        found = select(column, target_id).where(column.in_(names), Tag.blocked_at.is_(None))
    else:
        found = select(column, User.id).where(column.in_(names), not_deleted(User.id))
    return {row[0]: row[1] for row in await session.execute(found)}


async def matches(
    session: AsyncSession, question: Question, sorting: Sorting, wanted: CursorRequest,
    filtered_for: int = 0,
) -> Matches:  # fmt: skip
    """Find posts, or comments if the question asks for them, that everyone may read.

    Args:
        filtered_for: the viewer whose hidden people are left out (`Viewer.filtered_for`).

    Raises:
        InvalidCursorError: the cursor doesn't belong to such a list.
        DBAPIError: the search took too long.
    """
    after = _ORDER.parameters(wanted.cursor)
    if question.is_empty:
        return Matches()
    parameters = _parameters(question) | after | {"limit": wanted.limit}
    parameters |= {"after": question.after or LONG_AGO, "before": question.before or FAR_FUTURE}
    parameters |= {"loose": question.loose, "viewer": filtered_for}
    parameters |= {"post_keys": question.post_keys, "tags": list(question.post_tags)}
    statement = _STATEMENTS[_searched_kind(question), sorting, bool(filtered_for)]
    rows = (await session.execute(statement, parameters)).all()
    total, is_partial, is_indexing, query = rows[0][:4]
    found = [row[4:] for row in rows if row[-1] is not None]
    has_next, found = len(found) > wanted.size, found[: wanted.size]
    return Matches(
        ids=tuple(place[-1] for place in found),
        total=total,
        next_cursor=_ORDER.cursor(*found[-1]) if has_next else None,
        lexemes=frozenset(_LEXEME.findall(query)),
        is_partial=is_partial,
        is_indexing=is_indexing,
    )


def _searched_kind(question: Question) -> Searched:
    if not question.in_comments:
        return Searched.POSTS
    return Searched.COMMENTS_ON_POSTS if question.post_keys else Searched.COMMENTS


async def own_matches(session: AsyncSession, question: Question, viewer_id: int) -> Sequence[int]:
    """The ids of the viewer's own posts that match and that others can't read: drafts, scheduled
    posts, and posts that a moderator has hidden."""
    if question.is_empty or question.in_comments or question.before or question.after:
        return ()
    found = await session.scalars(OWN, _parameters(question) | {"viewer": viewer_id})
    return found.all()


def _parameters(question: Question) -> dict[str, object]:
    return {"words": question.words, "without": question.without, "keys": question.keys}
