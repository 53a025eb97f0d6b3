"""Search a user's own bookmarks, with the index of posts."""

from typing import Any, NamedTuple

from sqlalchemy import DateTime, Text, bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.pagination import CursorRequest, Page, PageRequest
from blog.models import Bookmark, PostSearch
from blog.reactions.queries import IN_FOLDER, BookmarkEntry, list_of_bookmarks, page_of_bookmarks
from blog.search.queries import FAR_FUTURE, LONG_AGO, limit_time, resolve_question

_BOOKMARK, _SEARCH = Bookmark.__table__.c, PostSearch.__table__.c
_QUERY = select(
    func.search_query(*(bindparam(name, type_=Text) for name in ("words", "without", "keys")))
).scalar_subquery()
# Only posts that everyone may read: a search must reveal nothing about others.
_MATCHES = exists().where(
    _SEARCH.post_id == _BOOKMARK.post_id,
    _SEARCH.document.op("@@")(_QUERY),
    _SEARCH.listed_at >= bindparam("from", type_=DateTime(timezone=True)),
    _SEARCH.listed_at < bindparam("to", type_=DateTime(timezone=True)),
)
_ALL, _OF_FOLDER = list_of_bookmarks(_MATCHES), list_of_bookmarks(_MATCHES, IN_FOLDER)


class BookmarkSearch(NamedTuple):
    """A search in a user's bookmarks, in one folder or in all."""

    text: str
    user_id: int
    folder_id: int | None
    page: PageRequest | CursorRequest


async def find_bookmarks(session: AsyncSession, wanted: BookmarkSearch) -> Page[BookmarkEntry]:
    """A user's bookmarks whose posts match, newest bookmark first. Needs a new session.

    Raises:
        InvalidCursorError, TooDeepError: as in `bookmarks_page`.
        DBAPIError: the search took too long.
    """
    await limit_time(session)
    question = await resolve_question(session, wanted.text)
    if question.is_empty:
        return Page((), 1, False)
    values: dict[str, Any] = {
        "of": wanted.user_id,
        "folder": wanted.folder_id,
        "words": question.words,
        "without": question.without,
        "keys": question.keys,
        "from": question.after or LONG_AGO,
        "to": question.before or FAR_FUTURE,
    }
    listing = _ALL if wanted.folder_id is None else _OF_FOLDER
    return await page_of_bookmarks(session, listing, wanted.page, **values)
