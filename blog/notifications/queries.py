"""Queries of notifications.

A line is read together with its newest items, their actors, and its subject, so a page costs one
statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Select,
    String,
    any_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page, PageRequest, Rows
from blog.core.i18n import lazy_gettext
from blog.models import (
    Comment,
    Export,
    Notification,
    NotificationItem,
    NotificationKind,
    Post,
    PostImport,
    User,
)
from blog.models.account_deletion import not_deleted
from blog.models.block import hidden_from
from blog.models.notification import HAS_ITEMS, IS_THERE, UNREAD, UNREAD_OF_USER, WAITS_FOR_DIGEST

# Items of a line that are shown, and that are counted.
NEWEST_ITEMS, MOST_COUNTED = 10, 10_000
MOST_ACTORS = 3
IS_GONE = lazy_gettext("This notification doesn't exist. What it was about may have been deleted.")

_LINE, _ITEM, _USER = Notification.__table__.c, NotificationItem.__table__.c, User.__table__.c
_USER_ID = bindparam("whose", type_=BigInteger)


class Actor(NamedTuple):
    """A person whose action is in a line."""

    id: int
    username: str
    avatar_key: str
    name: str


class PostReference(NamedTuple):
    """The post that a line or item is about.

    Attributes:
        is_hidden: whether a moderator has hidden it.
    """

    id: int
    slug: str | None
    title: str | None
    is_hidden: bool


class Item(NamedTuple):
    """One of the events in a line.

    Attributes:
        actor: the person who did it; `None` if nobody or a moderator did.
        comment_id: the comment that was written or moderated.
        is_removed: whether it is disabled because the post's author has removed it.
        state: the state of the export or import that has ended.
    """

    actor: Actor | None
    post: PostReference | None
    comment_id: int | None
    is_disabled: bool
    export_id: int | None
    import_id: int | None
    state: str | None
    is_removed: bool = False


@dataclass(frozen=True)
class Line:
    """A line in a person's list of notifications.

    Attributes:
        subject: the recipient's own post that it is about, if any.
        comment_id: the recipient's own comment that it is about, if any.
        count: the number of its items, up to `MOST_COUNTED`.
        items: the newest items, newest first.
    """

    id: int
    kind: NotificationKind
    subject: PostReference | None
    comment_id: int | None
    created_at: datetime
    read_at: datetime | None
    count: int
    items: tuple[Item, ...]

    @property
    def newest(self) -> Item:
        """The newest item."""
        return self.items[0]

    @property
    def everybody(self) -> tuple[Actor, ...]:
        """The actors of the newest items, each once, last one first."""
        return tuple(dict.fromkeys(item.actor for item in self.items if item.actor))

    @property
    def actors(self) -> tuple[Actor, ...]:
        """The last actors, up to `MOST_ACTORS`."""
        return self.everybody[:MOST_ACTORS]

    @property
    def has_others(self) -> bool:
        """Whether there may be more actors."""
        return len(self.everybody) > MOST_ACTORS or self.count > len(self.items)


_COUNT = (
    select(func.count())
    .select_from(
        select(literal_column("1"))
        .where(_ITEM.notification_id == literal_column("shown.id"), IS_THERE)
        .limit(literal_column(str(MOST_COUNTED)))
        .subquery()
    )
    .scalar_subquery()
)
_AVATAR_KEY = func.coalesce(_USER.avatar, _USER.avatar_hash)


def _newest_items() -> ColumnElement[Any]:
    """The newest items of a line as JSON, in order."""
    post, comment = Post.__table__, Comment.__table__
    export, imported = Export.__table__, PostImport.__table__
    newest = (
        select(NotificationItem.__table__)
        .where(_ITEM.notification_id == literal_column("shown.id"), IS_THERE)
        .order_by(_ITEM.id.desc())
        .limit(literal_column(str(NEWEST_ITEMS)))
        .subquery("newest")
    )
    # A post disappears with its author's account, even before its row does.
    title = case((not_deleted(post.c.author_id), post.c.title))
    fields = (
        _USER.id, _USER.username, _AVATAR_KEY, _USER.name,
        post.c.id, post.c.slug, title, post.c.hidden_at.is_not(None),
        newest.c.comment_id, comment.c.disabled_at.is_not(None),
        newest.c.export_id, newest.c.import_id,
        func.coalesce(export.c.state, imported.c.state),
        comment.c.disabled_by_id == post.c.author_id,
    )  # fmt: skip
    row = func.json_build_array(*fields)
    ordered = func.json_agg(row.op("ORDER BY")(newest.c.id.desc()))
    return (
        select(ordered)
        .select_from(newest)
        .outerjoin(User.__table__, _USER.id == newest.c.actor_id)
        .outerjoin(post, post.c.id == newest.c.post_id)
        .outerjoin(comment, comment.c.id == newest.c.comment_id)
        .outerjoin(export, export.c.id == newest.c.export_id)
        .outerjoin(imported, imported.c.id == newest.c.import_id)
        .scalar_subquery()
    )


def _with_items(part: Rows) -> Rows:
    shown = part.subquery("shown")
    post = Post.__table__
    return (
        select(
            shown.c.id, shown.c.kind, shown.c.comment_id, shown.c.created_at, shown.c.read_at,
            post.c.id, post.c.slug, post.c.title, post.c.hidden_at.is_not(None),
            _COUNT, _newest_items(),
        )
        .select_from(shown.outerjoin(post, post.c.id == shown.c.post_id))
        .order_by(shown.c.created_at.desc(), shown.c.id.desc())
    )  # fmt: skip


_LINES: Select[Any] = select(
    _LINE.id, _LINE.kind, _LINE.post_id, _LINE.comment_id, _LINE.created_at, _LINE.read_at
).where(_LINE.user_id == _USER_ID, HAS_ITEMS)


def _listing(*conditions: Any) -> Listing[Line]:
    return Listing(
        Order(_LINE.created_at, _LINE.id),
        _LINES.where(*conditions),
        lambda line: (line.created_at, line.id),
        complete=_with_items,
    )


_IS_OF_KIND = _LINE.kind == bindparam("kind", type_=String)
# By whether they are filtered by kind, and whether they are read.
_LISTINGS: dict[tuple[bool, bool | None], Listing[Line]] = {
    (of_kind, is_read): _listing(_IS_OF_KIND if of_kind else true(), condition)
    for of_kind in (False, True)
    for is_read, condition in ((None, true()), (False, UNREAD), (True, _LINE.read_at.is_not(None)))
}
_ONE = _with_items(_LINES.where(_LINE.id == bindparam("id", type_=BigInteger)))
_WAITING = _with_items(
    _LINES.where(
        UNREAD,
        _LINE.kind == any_(bindparam("kinds", type_=ARRAY(String))),
        exists().where(
            _ITEM.notification_id == _LINE.id, _ITEM.user_id == _USER_ID, WAITS_FOR_DIGEST,
            IS_THERE,
            or_(_ITEM.actor_id.is_(None), ~hidden_from(_USER_ID, _ITEM.actor_id)),
        ),
    )
    .order_by(_LINE.created_at.desc(), _LINE.id.desc())
    .limit(bindparam("number", type_=BigInteger))
)  # fmt: skip
_UNREAD = select(UNREAD_OF_USER).select_from(User.__table__).where(_USER.id == _USER_ID)


async def notifications_page(
    session: AsyncSession,
    wanted: PageRequest | CursorRequest,
    user_id: int,
    kind: NotificationKind | None = None,
    is_read: bool | None = None,
) -> Page[Line]:
    """A user's notifications, newest first.

    Args:
        session: executes the statement.
        wanted: the requested page.
        user_id: the recipient.
        kind: only those of this kind.
        is_read: only read or unread ones.

    Raises:
        InvalidCursorError: the cursor doesn't belong to this list.
        TooDeepError: the page is too deep to have a number.
    """
    listing = _LISTINGS[kind is not None, is_read]
    if deep := listing.too_deep(wanted):
        return listing.page_past_the_end(deep, None)
    of_kind = {} if kind is None else {"kind": kind}
    statement, parameters = listing.query(wanted, whose=user_id, **of_kind)
    rows = (await session.execute(statement, parameters)).all()
    return listing.page([_line_of_row(row) for row in rows], wanted)


async def one_notification(
    session: AsyncSession, user_id: int, notification_id: int
) -> Line | None:
    """One of a user's notifications; `None` if they have none with this id."""
    row = (await session.execute(_ONE, {"whose": user_id, "id": notification_id})).first()
    return None if row is None else _line_of_row(row)


async def waiting_lines(
    session: AsyncSession, user_id: int, kinds: Sequence[str], number: int
) -> Sequence[Line]:
    """The newest unread lines of some kinds with items that wait for a user's digest."""
    values = {"whose": user_id, "kinds": kinds, "number": number}
    rows = await session.execute(_WAITING, values)
    return [_line_of_row(row) for row in rows]


async def unread_count(session: AsyncSession, user_id: int) -> int:
    """The number of a user's unread lines, up to `MOST_UNREAD`."""
    return await session.scalar(_UNREAD, {"whose": user_id}) or 0


def _line_of_row(row: Sequence[Any]) -> Line:
    line_id, kind, comment_id, created_at, read_at, *post, count, items = row
    return Line(
        line_id, NotificationKind(kind), _post_of_values(post), comment_id, created_at, read_at,
        count,
        tuple(
            Item(Actor(*item[:4]) if item[0] else None, _post_of_values(item[4:8]), *item[8:])
            for item in items or ()
        ),
    )  # fmt: skip


def _post_of_values(values: Sequence[Any]) -> PostReference | None:
    return PostReference(*values) if values[0] is not None else None
