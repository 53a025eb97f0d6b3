"""JSON responses with entity tags (RFC 9110, 8.8.3 and 13 "Conditional Requests").

The entity tag of a resource is a digest of its representation. It is strong, as `If-Match`
requires; the tag of a compressed response has a suffix (`blog.core.web.compression`).

Its first half is a digest of the fields that an edit may change. `If-Match` compares only this
half, because a like must not make another person's edit fail.
"""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from pydantic import BaseModel
from quart import Response, request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from werkzeug.exceptions import PreconditionFailed

from blog.core.i18n import lazy_gettext
from blog.core.web.app import current_app
from blog.core.web.compression import GZIPPED
from blog.models import Comment, Media, Post, User

TAG_LENGTH = 32
HALF = TAG_LENGTH // 2
CHANGED = lazy_gettext("This has changed since you loaded it. Load it again before you change it.")
IS_THERE = lazy_gettext("This already exists, in a version that If-None-Match rules out.")


def etag_of(resource: BaseModel, body: str) -> str:
    """The entity tag of a representation, without the quotes.

    Args:
        resource: the resource. Its class may list fields to ignore as `VOLATILE`, and those that
            `If-Match` ignores as `NOT_EDITED`.
        body: the representation.
    """
    if volatile := getattr(resource, "VOLATILE", None):
        body = resource.model_dump_json(exclude=volatile)
    if not_edited := getattr(resource, "NOT_EDITED", None):
        edited = resource.model_dump_json(exclude=not_edited)
        return _digest(edited)[:HALF] + _digest(body)[HALF:]
    return _digest(body)


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:TAG_LENGTH]


def json_response(resource: BaseModel | str, status: int = 200, **headers: str) -> Response:
    """Respond with a resource, or 304 if the client has this representation.

    Args:
        resource: the resource, or its JSON.
        status: 200, or 201 after a creation.
        headers: further headers, with `_` for `-`.
    """
    return _response(_tag(resource), status, headers)


def cached_json_response(make: Callable[..., BaseModel | str], *values: Any) -> Response:
    """Like `json_response(make(*values))`, cached by the values.

    Args:
        make: a pure function of the values that returns the resource or its JSON.
        values: immutable values, as for `blog.core.web.fragments`.
    """
    return _response(current_app.fragments.cached(_make_and_tag, make, *values), 200, {})


def streamed_json_response(tag: str, pieces: AsyncIterator[str]) -> Response:
    """Respond with a representation that is too large to build as a whole, or 304 if the client has
    it.

    Args:
        tag: its strong entity tag.
        pieces: the representation in pieces, built while it is sent.
    """
    if _matching_tag(request.if_none_match.contains_weak, tag):
        return _response(tag.encode(), 200, {})
    response = Response(pieces if request.method == "GET" else _empty_body(), 200)
    response.content_type = "application/json"
    response.set_etag(tag)
    return response


async def _empty_body() -> AsyncIterator[str]:
    """The body of a response to HEAD."""
    return
    yield


def _make_and_tag(make: Callable[..., BaseModel | str], *values: Any) -> bytes:
    return _tag(make(*values))


def _tag(resource: BaseModel | str) -> bytes:
    """The entity tag of a resource, followed by its representation."""
    if isinstance(resource, str):
        return (_digest(resource) + resource).encode()
    body = resource.model_dump_json()
    return (etag_of(resource, body) + body).encode()


def _response(tagged: bytes, status: int, headers: Mapping[str, str]) -> Response:
    tag, body = tagged[:TAG_LENGTH].decode(), tagged[TAG_LENGTH:]
    is_read = status == 200 and request.method in {"GET", "HEAD"}
    known = _matching_tag(request.if_none_match.contains_weak, tag) if is_read else None
    if known:
        body, status = b"", 304
    response = Response(body, status, content_type="application/json")
    if status == 304:  # It would be the length of a body that is not sent (RFC 9110, 8.6).
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
    """Check `If-Match` and `If-None-Match` before a change.

    With `If-Match` a client changes only the representation that it has read. `If-None-Match: *`,
    which asks to create a resource (RFC 9110, 13.1.2), is refused if it exists.

    The row is locked until the end of the transaction, so that it cannot change after the check.

    Args:
        session: the transaction of the change.
        table: the mapped class of the row.
        row_id: the id of the row.
        representation: loads the resource as the client would get it.

    Raises:
        PreconditionFailed: the resource has changed, or exists although it must not (412).
    """
    if "If-Match" not in request.headers and "If-None-Match" not in request.headers:
        return
    rows = select(table.id).where(table.id == row_id)
    await session.execute(rows.with_for_update(key_share=True))
    resource = await representation()
    tag = etag_of(resource, resource.model_dump_json())
    if "If-Match" in request.headers and not _is_unchanged(tag):
        raise PreconditionFailed(str(CHANGED))
    if _matching_tag(request.if_none_match.contains_weak, tag):
        raise PreconditionFailed(str(IS_THERE))


def _is_unchanged(tag: str) -> bool:
    """Whether `If-Match` names a version with this first half of the tag."""
    known = request.if_match
    return known.star_tag or any(each[:HALF] == tag[:HALF] for each in known.as_set())


def _matching_tag(contains: Callable[[str], bool], tag: str) -> str | None:
    """The tag in a header, without the suffix of compressed responses."""
    return next((form for form in (tag, tag + GZIPPED) if contains(form)), None)


class NoContent(BaseModel):
    """Success, without a body."""


class Download(BaseModel):
    """A file."""


def no_content() -> Response:
    """An empty response (204)."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response
