"""The statement that notifies people, and the parameters of such statements.

It notifies any number of people, in the transaction of the event itself. Lines are locked after all
other rows, in the order of their keys. A transaction that adds to the lines of a post has locked
the post, so two transactions never wait for each other.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, TextClause, and_, exists, literal_column, or_, text

from blog.core.events.event import DomainEvent
from blog.models import Follow, NotificationKind, User
from blog.models.account_deletion import not_deleted
from blog.models.block import hidden_from
from blog.notifications.hidden_words import has_hidden_word

# The channel that is notified at the commit, with the id of a person who has new notifications or
# has read some, or with this prefix and the id of a post that has a new comment.
CHANNEL, POST = "notifications", "post "

# Readers of the post learn of a new comment.
_NOTIFY_READERS = (
    f"UNION ALL SELECT pg_notify('{CHANNEL}', '{POST}' || post_id) FROM given GROUP BY post_id"  # noqa: S608
)
_RECIPIENT: ColumnElement[int] = literal_column("given.user_id")
_ACTOR: ColumnElement[int] = literal_column("given.actor_id")
_USER, _FOLLOW = User.__table__.c, Follow.__table__.c
# People aren't notified of those whom they have muted, or who have blocked them; and of those whom
# moderators have limited only if they follow them.
_IS_LIMITED = exists().where(_USER.id == _ACTOR, _USER.limited_at.is_not(None))
_FOLLOWS = exists().where(_FOLLOW.follower_id == _RECIPIENT, _FOLLOW.followed_id == _ACTOR)
_IS_NOTIFIED = and_(
    not_deleted(_RECIPIENT), ~hidden_from(_RECIPIENT, _ACTOR), or_(~_IS_LIMITED, _FOLLOWS)
)
_HAS_HIDDEN_WORD = has_hidden_word(
    kind="kind", user_id="given.user_id", comment_id="given.comment_id", post_id="given.post_id"
)
_CAUSE_COLUMNS = (
    "actor_id", "post_id", "comment_id", "liked_post_id", "liked_comment_id", "followed_id",
    "report_id", "export_id", "import_id",
)  # fmt: skip


def notify_statement(
    rows: str, *, kind: NotificationKind | str, user_id: str, about_post: str = "NULL",
    about_comment: str = "NULL", commented: bool = False, **causes: str,
) -> TextClause:  # fmt: skip
    """Build a statement that notifies people. Nobody is notified of their own actions.

    Args:
        rows: a `FROM` clause with a row for each item, optionally with a `WHERE` clause.
        kind: the kind, or an SQL expression for it.
        user_id: the recipient, an SQL expression like all following arguments.
        about_post, about_comment: the subject of the line that the item joins.
        commented: whether there is a new comment on `post_id`, of which its readers are notified.
        causes: the columns of `NotificationItem`; those that are left out are NULL.
    """
    kind = f"'{kind}'" if isinstance(kind, NotificationKind) else kind
    expressions = {
        "user_id": user_id, "about_post": about_post, "about_comment": about_comment,
    } | {name: causes.get(name, "NULL") for name in _CAUSE_COLUMNS}  # fmt: skip
    columns = ", ".join(f"CAST({each} AS bigint) AS {name}" for name, each in expressions.items())
    return text(f"""
        WITH given AS MATERIALIZED (
            SELECT {kind} AS kind, {columns} FROM {rows}
        ), wanted AS MATERIALIZED (
            SELECT * FROM given
            WHERE user_id IS DISTINCT FROM actor_id AND {_IS_NOTIFIED} AND NOT ({_HAS_HIDDEN_WORD})
        ), line AS (
            INSERT INTO notifications (user_id, kind, post_id, comment_id)
            SELECT DISTINCT user_id, kind, about_post, about_comment FROM wanted ORDER BY 1, 2, 3, 4
            ON CONFLICT (user_id, kind, post_id, comment_id) WHERE read_at IS NULL
            DO UPDATE SET created_at = greatest(notifications.created_at, now())
            RETURNING id, user_id, kind, post_id, comment_id
        ), item AS (
            INSERT INTO notification_items (notification_id, user_id, {", ".join(_CAUSE_COLUMNS)})
            SELECT line.id, wanted.user_id, {", ".join(f"wanted.{name}" for name in _CAUSE_COLUMNS)}
            FROM wanted JOIN line ON line.user_id = wanted.user_id AND line.kind = wanted.kind
                AND line.post_id IS NOT DISTINCT FROM wanted.about_post
                AND line.comment_id IS NOT DISTINCT FROM wanted.about_comment
            ON CONFLICT DO NOTHING
            RETURNING user_id
        )
        SELECT pg_notify('{CHANNEL}', user_id::text) FROM item GROUP BY user_id
        {_NOTIFY_READERS if commented else ""}
    """)  # noqa: S608


def columns(events: Sequence[DomainEvent], **fields: str) -> dict[str, list[Any]]:
    """The parameters of a statement for any number of events: a list for each field.

    Args:
        events: the events.
        fields: the field whose values each parameter gets, by the name of the parameter.
    """
    return {name: [getattr(each, field) for each in events] for name, field in fields.items()}
