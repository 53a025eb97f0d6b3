"""Queries of the history of a post. The caller checks who may read the post."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, case, func, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page, PageRequest
from blog.models import Post, PostRevision, User
from blog.models.account_deletion import not_deleted
from blog.models.tag import names_of_tags
from blog.posts.revisions.history import State, Text

LAST_SECOND = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
_POST, _USER, _REVISION = (table.__table__.c for table in (Post, User, PostRevision))


class Revision(NamedTuple):
    """The data of a revision without its text.

    Attributes:
        id: the id of its row; `None` for the text of a post that was never edited.
        created_at: when readers first saw it.
        editor: who wrote it; `None` if unknown, or if their account was deleted.
        changed: the fields in which it differs from the one before.
    """

    id: int | None
    number: int
    created_at: datetime
    changed: Sequence[str]
    words_added: int
    words_removed: int
    hidden_at: datetime | None
    is_hidden_by_moderator: bool
    is_current: bool
    editor_id: int | None
    editor: str | None

    @property
    def is_hidden(self) -> bool:
        return self.hidden_at is not None


class RevisionText(NamedTuple):
    """A revision with its text."""

    revision: Revision
    text: Text


class DatedRevision(NamedTuple):
    """The number of a revision, and when readers first saw it."""

    number: int
    created_at: datetime


_IS_CURRENT: ColumnElement[bool] = _REVISION.body.is_(None)
_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _REVISION.id, _REVISION.number, _REVISION.created_at, _REVISION.changed,
    _REVISION.words_added, _REVISION.words_removed, _REVISION.hidden_at,
    _REVISION.is_hidden_by_moderator, _IS_CURRENT.label("is_current"), _USER.id, _USER.username,
)  # fmt: skip
_ABOUT_POST = (
    select(*_COLUMNS)
    .select_from(
        PostRevision.__table__.outerjoin(
            User.__table__, and_(_USER.id == _REVISION.editor_id, not_deleted(_USER.id))
        )
    )
    .where(_REVISION.post_id == bindparam("of", type_=BigInteger))
)
_NEWEST: Listing[Revision] = Listing(
    # As a bigint, which a cursor may contain.
    Order(type_coerce(_REVISION.number, BigInteger)),
    _ABOUT_POST,
    lambda revision: (revision.number,),
)
_OF_POST: dict[str, Any] = {**_POST, "tags": names_of_tags(_POST.id)}
_SHOWN = select(_REVISION.number, _REVISION.created_at).where(
    _REVISION.post_id == bindparam("of", type_=BigInteger), _REVISION.hidden_at.is_(None)
)
_SHOWN_BETWEEN = _SHOWN.where(
    _REVISION.number.between(
        bindparam("first", type_=BigInteger), bindparam("last", type_=BigInteger)
    )
).order_by(_REVISION.number)
_AT = (
    _SHOWN.with_only_columns(_REVISION.number)
    .where(_REVISION.created_at < bindparam("before", type_=_REVISION.created_at.type))
    .order_by(_REVISION.created_at.desc(), _REVISION.number.desc())
    .limit(1)
)
_FIRST = _SHOWN.with_only_columns(_REVISION.number).order_by(_REVISION.number).limit(1)
_NUMBER_AT = select(func.coalesce(_AT.scalar_subquery(), _FIRST.scalar_subquery()))
_TEXTS = (
    _ABOUT_POST.join(Post.__table__, _POST.id == _REVISION.post_id)
    .add_columns(
        *(case((_IS_CURRENT, _OF_POST[name]), else_=_REVISION[name]) for name in Text._fields)
    )
    .where(
        _REVISION.number.between(
            bindparam("number", type_=BigInteger) - 1, bindparam("number", type_=BigInteger)
        )
    )
    .order_by(_REVISION.number.desc())
)


async def revisions_page(
    session: AsyncSession, wanted: PageRequest | CursorRequest, post: Post
) -> Page[Revision]:
    """The history of a post, newest first.

    Raises:
        InvalidCursorError: the cursor doesn't belong to this list.
        TooDeepError: the page is too deep to have a number.
    """
    if deep := _NEWEST.too_deep(wanted):
        return _NEWEST.page_past_the_end(deep, post.revision)
    statement, parameters = _NEWEST.query(wanted, of=post.id)
    rows = [Revision._make(row) for row in await session.execute(statement, parameters)]
    is_first = wanted in {PageRequest(1, wanted.size), CursorRequest(wanted.size)}
    if not rows and is_first and post.revision:
        rows = [only_revision(post)]
    return _NEWEST.page(rows, wanted, post.revision)


async def revision_texts(session: AsyncSession, post: Post, number: int) -> list[RevisionText]:
    """A revision and the one before it, if there is one, with their texts.

    Empty if there is no such revision.
    """
    if number > post.revision:
        return []
    rows = await session.execute(_TEXTS, {"of": post.id, "number": number})
    end = len(_COLUMNS)
    found = [RevisionText(Revision._make(row[:end]), Text._make(row[end:])) for row in rows]
    if not found and number == 1:
        return [RevisionText(only_revision(post), Text.of(post))]
    return found


async def revision_number_at(session: AsyncSession, post: Post, time: datetime) -> int | None:
    """The number of the text that readers saw at this second, or else of the first one.

    Hidden texts are left out; `None` if there are no others.
    """
    # Times in headers have no fractions of seconds.
    before = min(time, LAST_SECOND) + timedelta(seconds=1)
    number = await session.scalar(_NUMBER_AT, {"of": post.id, "before": before})
    return number or (1 if post.revision == 1 else None)


async def dated_revisions(
    session: AsyncSession, post: Post, wanted: PageRequest
) -> Sequence[DatedRevision]:
    """The revisions of a post on a page, oldest first, without hidden ones."""
    bounds = {"first": wanted.offset + 1, "last": wanted.offset + wanted.size}
    rows = await session.execute(_SHOWN_BETWEEN, {"of": post.id, **bounds})
    found = [DatedRevision._make(row) for row in rows]
    if not found and post.revision == 1 and wanted.number == 1:
        return [DatedRevision(1, State.of(post).since)]
    return found


def only_revision(post: Post) -> Revision:
    """The only revision of a post that was never edited; its author must be loaded."""
    state = State.of(post)
    author = post.author if state.editor_id else None
    editor = (author.id, author.username) if author else (None, None)
    return Revision(None, 1, state.since, (), 0, 0, None, False, True, *editor)
