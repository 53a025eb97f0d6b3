"""The caller's texts that are held for review, in the JSON API."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, Field
from quart import Response
from quart_schema import document_response

from blog.core.api.collections import (
    Collection,
    list_example,
    list_response,
    paginated,
    requested_cursor,
)
from blog.core.api.links import EXAMPLE_ROOT, Links, Url, links
from blog.core.api.operations import Resource, requires_scope
from blog.core.api.responses import NoContent, json_response, no_content
from blog.core.auth.identity import required_account, required_viewer
from blog.core.errors import NotFoundError
from blog.core.text.validation import with_example
from blog.core.web.app import current_app, db, read
from blog.models import HeldItem, HeldKind, Scope
from blog.review import queries, service

blueprint = Resource("held", __name__, "Your comments and edits that wait for a moderator.")

EXAMPLE = {
    "url": f"{EXAMPLE_ROOT}/me/held/3",
    "id": 3,
    "kind": "comment",
    "status": "held",
    "post_url": f"{EXAMPLE_ROOT}/posts/17",
    "comment_url": None,
    "parent_url": None,
    "body": "So *am* I.",
    "timestamp": "2026-11-24T09:42:10.125000Z",
}
_Kind: Any = Literal["edit", "comment", "comment edit"]


class HeldResource(BaseModel):
    """A comment or an edit that nobody else can see until a moderator approves it."""

    model_config = with_example(EXAMPLE)
    PATH_PARAMETER: ClassVar = "item_id"

    url: Url
    id: int
    kind: Annotated[_Kind, Field(description="An edit of a post, a comment, or an edit of one.")]
    status: Literal["held"]
    post_url: Url
    comment_url: Annotated[Url | None, Field(description="The comment that is edited.")]
    parent_url: Annotated[Url | None, Field(description="The comment that this one replies to.")]
    body: Annotated[
        str | None, Field(description="The Markdown. Null for an edit that doesn't change it.")
    ]
    timestamp: Annotated[datetime, Field(description="When it was sent.")]


class HeldList(Collection):
    """Your texts that wait for a moderator, the newest first."""

    model_config = with_example(list_example("held", EXAMPLE))

    held: list[HeldResource]


def resource(item: HeldItem, to: Links) -> HeldResource:
    """Build the resource of a held item."""
    is_reply = item.kind == HeldKind.COMMENT and item.payload.get("reply_to")
    return HeldResource(
        url=to.held(item.id),
        id=item.id,
        kind=item.kind,
        status="held",
        post_url=to.post(item.post_id),
        comment_url=to.comment(item.comment_id) if item.comment_id else None,
        parent_url=to.comment(item.payload["reply_to"]) if is_reply else None,
        body=item.payload.get("body"),
        timestamp=item.created_at,
    )


async def held_resource(item_id: int) -> HeldResource:
    """Load the resource of one of the caller's held items.

    Raises:
        NotFoundError: there is none with this id, or it is no longer held.
    """
    item = await queries.own_item(db(), item_id, required_account().id)
    if item is None:
        raise NotFoundError(service.IS_GONE)
    return resource(item, links())


@blueprint.get("/me/held/")
@requires_scope(Scope.READ)
@paginated(HeldList, numbered=False)
async def list_held() -> Response:
    """List your comments and edits that wait for a moderator, the newest first.

    Posts that wait are among your drafts.
    """
    wanted = requested_cursor(current_app.settings.comments_per_page)
    found = await read(queries.own_pending_items, wanted, required_account().id)
    return await list_response(HeldList, found, resource)


@blueprint.get("/me/held/<id:item_id>")
@requires_scope(Scope.READ)
@document_response(HeldResource)
async def get_held(item_id: int) -> Response:
    """Get a comment or an edit that waits for a moderator."""
    return json_response(await held_resource(item_id))


@blueprint.delete("/me/held/<id:item_id>")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
async def withdraw_held(item_id: int) -> Response:
    """Take back a comment or an edit that waits for a moderator."""
    await service.withdraw(db(), required_viewer(), item_id)
    return no_content()
