"""Notifications in the JSON API."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, Field, ValidationError
from quart import Response, request
from quart_schema import document_querystring, document_response

from blog.core.api.bodies import validate_json
from blog.core.api.collections import CursorQuery, requested_cursor
from blog.core.api.links import EXAMPLE_ROOT, Links, Url, links, this_url
from blog.core.api.operations import Resource, requires_scope
from blog.core.api.responses import json_response
from blog.core.auth.identity import required_viewer
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.text.fields import TRUE, Moment
from blog.core.text.validation import Schema, messages, with_example
from blog.core.web.app import current_app, db, read
from blog.models import NotificationKind, Scope
from blog.models.notification import MOST_UNREAD
from blog.notifications import queries, service
from blog.notifications.queries import IS_GONE, MOST_ACTORS, MOST_COUNTED, Line
from blog.notifications.wording import address, sentence
from blog.reactions.policies import shows_like_counts

blueprint = Resource("notifications", __name__, "What you are notified of.")

LINES_PER_PAGE = 30
EXAMPLE = {
    "url": f"{EXAMPLE_ROOT}/notifications/8",
    "id": 8,
    "kind": "like",
    "text": "nina and 12 others liked “Trams of Lisbon”",
    "actors": ["nina", "david", "mary"],
    "count": 13,
    "html_url": "https://blog.example/post/17/trams-of-lisbon#reactions",
    "created_at": "2026-11-24T09:42:10.125000Z",
    "read_at": None,
}


class NotificationResource(BaseModel):
    """A notification. Later events of the same kind join it until it is read."""

    model_config = with_example(EXAMPLE)
    PATH_PARAMETER: ClassVar = "notification_id"

    url: Url
    id: int
    kind: NotificationKind
    text: Annotated[str, Field(description="What it says, in English.")]
    actors: Annotated[
        list[str],
        Field(description=f"The usernames of the last {MOST_ACTORS} people who did it."),
    ]
    count: Annotated[
        int,
        Field(ge=1, le=MOST_COUNTED, description="How many likes, comments … it stands for."),
    ]
    html_url: Annotated[Url, Field(description="The page that it is about.")]
    created_at: Annotated[datetime, Field(description="When the last of them happened.")]
    read_at: Annotated[datetime | None, Field(description="When you read it. Null until then.")]


class NotificationList(BaseModel):
    """Your notifications, the newest first."""

    model_config = with_example({"notifications": [EXAMPLE], "unread": 1, "next": None})

    notifications: list[NotificationResource]
    unread: Annotated[
        int,
        Field(ge=0, le=MOST_UNREAD, description=f"How many are unread, up to {MOST_UNREAD}."),
    ]
    next: Annotated[Url | None, Field(description="The URL of the next page.")]


# Query parameters have no references to other schemas, which an enumeration would be.
_Kind: Any = Literal[tuple(kind.value for kind in NotificationKind)]


class NotificationQuery(CursorQuery):
    """The query parameters of the list."""

    kind: Annotated[_Kind | None, Field(description="Only notifications of this kind.")] = None
    unread: Annotated[bool | None, Field(description="Only unread or only read ones.")] = None


class NotificationUpdate(Schema):
    """Marks a notification as read."""

    model_config = with_example({"read": True})

    read: Annotated[
        Literal[True], TRUE, Field(description="A notification can't become unread again.")
    ]


class NotificationsUpdate(NotificationUpdate):
    """Marks all notifications as read."""

    until: Annotated[
        Moment | None,
        Field(description="Only those whose `created_at` is not later: the ones you have seen."),
    ] = None


def resource(line: Line, to: Links, username: str) -> NotificationResource:
    """The representation of a notification of the user with this name."""
    return NotificationResource(
        url=to.notification(line.id),
        id=line.id,
        kind=line.kind,
        text=sentence(line, counts_likes=shows_like_counts()),
        actors=[actor.username for actor in line.actors],
        count=line.count,
        html_url=current_app.settings.base_url.rstrip("/") + address(line, username),
        created_at=line.created_at,
        read_at=line.read_at,
    )


@blueprint.get("/notifications/")
@requires_scope(Scope.READ)
@document_response(NotificationList)
@document_querystring(NotificationQuery)
async def list_notifications() -> Response:
    """List your notifications, the newest first."""
    return await _list()


async def _list() -> Response:
    try:
        query = NotificationQuery.model_validate(request.args.to_dict())
    except ValidationError as error:
        raise InvalidFieldsError(messages(error, for_programs=True)) from None
    viewer, to = required_viewer(), links()
    wanted = requested_cursor(LINES_PER_PAGE)
    is_read = None if query.unread is None else not query.unread
    kind = NotificationKind(query.kind) if query.kind else None
    page = await read(queries.notifications_page, wanted, viewer.id, kind, is_read)
    kept = {name: request.args.get(name) for name in ("kind", "unread", "per_page")}
    return json_response(
        NotificationList(
            notifications=[resource(line, to, viewer.username) for line in page.rows],
            unread=await read(queries.unread_count, viewer.id),
            next=page.next_cursor and this_url(**kept, cursor=page.next_cursor),
        )
    )


@blueprint.patch("/notifications/")
@requires_scope(Scope.WRITE)
@document_response(NotificationList)
@validate_json(NotificationsUpdate)
async def update_notifications(data: NotificationsUpdate) -> Response:
    """Mark all your notifications as read.

    The response is the list, as for `list_notifications`.
    """
    await service.mark_all_read(db(), required_viewer(), data.until)
    return await _list()


@blueprint.get("/notifications/<id:notification_id>")
@requires_scope(Scope.READ)
@document_response(NotificationResource)
async def get_notification(notification_id: int) -> Response:
    """Get one of your notifications."""
    return json_response(await _resource(notification_id))


@blueprint.patch("/notifications/<id:notification_id>")
@requires_scope(Scope.WRITE)
@document_response(NotificationResource)
@validate_json(NotificationUpdate)
async def update_notification(data: NotificationUpdate, notification_id: int) -> Response:
    """Mark one of your notifications as read."""
    await service.mark_read(db(), required_viewer(), notification_id)
    return json_response(await _resource(notification_id))


async def _resource(notification_id: int) -> NotificationResource:
    viewer = required_viewer()
    line = await read(queries.one_notification, viewer.id, notification_id)
    if line is None:
        raise NotFoundError(IS_GONE)
    return resource(line, links(), viewer.username)
