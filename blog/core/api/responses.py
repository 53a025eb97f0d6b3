"""Answers of the API: JSON, with a validator (RFC 9110, 8.8.3 and 13 "Conditional Requests").

The entity tag of a resource is a digest of its representation. It is a strong one: `If-Match`
demands that, and where the answer is compressed the tag says so (see `blog.core.web.compression`).
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from pydantic import BaseModel
from quart import Response, request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from werkzeug.exceptions import PreconditionFailed

from blog.core.web.app import current_app
from blog.core.web.compression import GZIPPED
from blog.models import Comment, Media, Post, User

TAG_LENGTH = 32
CHANGED = "This has changed since you read it. Read it again, and then decide."
IS_THERE = "This is there already, as what If-None-Match names."


def etag_of(resource: BaseModel, body: str) -> str:
    """The entity tag of a representation, without its quotation marks.

    Args:
        resource: what is shown. Its class may name members that count for nothing, as `VOLATILE`.
        body: the representation.
    """
    if volatile := getattr(resource, "VOLATILE", None):
        body = resource.model_dump_json(exclude=volatile)
    return _digest(body)


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:TAG_LENGTH]


def json_response(resource: BaseModel | str, status: int = 200, **headers: str) -> Response:
    """A resource as it is now, or 304 if the client has just that.

    Args:
        resource: what is shown, or the JSON of that.
        status: 200, or 201 for what was just made.
        headers: further ones, with `_` for `-`.
    """
    return _response(_tagged(resource), status, headers)


def cached_json_response(make: Callable[..., BaseModel | str], *values: Any) -> Response:
    """What `json_response(make(*values))` is, made once for the same values.

    Args:
        make: makes the resource, or the JSON of it, of the values and of nothing else.
        values: as `blog.core.web.fragments` wants them.
    """
    return _response(current_app.fragments.cached(_make_tagged, make, *values), 200, {})


def streamed_json_response(tag: str, pieces: AsyncIterator[str]) -> Response:
    """A representation that is too long to be made as a whole, or 304 if the client has just that.

    Args:
        tag: its entity tag, which tells it from every other representation of the resource.
        pieces: the representation, in parts that are made while it is sent.
    """
    if _named(request.if_none_match.contains_weak, tag):
        return _response(tag, 200, {})
    response = Response(pieces if request.method == "GET" else _no_pieces(), 200)
    response.content_type = "application/json"
    response.set_etag(tag)
    return response


async def _no_pieces() -> AsyncIterator[str]:
    """The body of an answer to HEAD."""
    return
    yield


def _make_tagged(make: Callable[..., BaseModel | str], *values: Any) -> str:
    return _tagged(make(*values))


def _tagged(resource: BaseModel | str) -> str:
    """The entity tag of a resource and, behind that, its representation."""
    if isinstance(resource, str):
        return _digest(resource) + resource
    body = resource.model_dump_json()
    return etag_of(resource, body) + body


def _response(tagged: str, status: int, headers: Mapping[str, str]) -> Response:
    tag, body = tagged[:TAG_LENGTH], tagged[TAG_LENGTH:]
    is_read = status == 200 and request.method in {"GET", "HEAD"}
    known = _named(request.if_none_match.contains_weak, tag) if is_read else None
    if known:
        body, status = "", 304
    response = Response(body, status, content_type="application/json")
    if status == 304:  # It would be the length of what is not sent (RFC 9110, 8.6).
        del response.headers["Content-Length"]
    response.set_etag(known or tag)
    for name, value in headers.items():
        response.headers[name.replace("_", "-")] = value
    return response


async def require_match(
    session: AsyncSession,
    table: type[Post] | type[Comment] | type[User] | type[Media],
    row_id: int,
    representation: Callable[[], Awaitable[BaseModel]],
) -> None:
    """Make sure that the request is about the resource as it is, if it says as what it is.

    A client that says by `If-Match` what it has read changes only that. `If-None-Match: *`, which
    asks to make what is not there yet (RFC 9110, 13.1.2), is refused where it is there.

    The row is locked until the end of the transaction, so that it stays what was compared.

    Args:
        session: the transaction in which the change will be made.
        table: where the row is.
        row_id: which one it is.
        representation: reads the resource as the client would get it.

    Raises:
        PreconditionFailed: it is another one by now, or the one that it must not be (412).
    """
    if "If-Match" not in request.headers and "If-None-Match" not in request.headers:
        return
    rows = select(table.id).where(table.id == row_id)
    await session.execute(rows.with_for_update(key_share=True))
    resource = await representation()
    tag = etag_of(resource, resource.model_dump_json())
    if "If-Match" in request.headers and not _named(request.if_match.contains, tag):
        raise PreconditionFailed(CHANGED)
    if _named(request.if_none_match.contains_weak, tag):
        raise PreconditionFailed(IS_THERE)


def _named(contains: Callable[[str], bool], tag: str) -> str | None:
    """The tag that a header names a representation by, as it is or as it is sent compressed."""
    return next((form for form in (tag, tag + GZIPPED) if contains(form)), None)


class NoContent(BaseModel):
    """It is done; there is nothing to show."""


def no_content() -> Response:
    """The answer to what is done and leaves nothing to show (204)."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response
