"""`Idempotency-Key`: a repeated request takes effect once and gets the first response again.

Reference: draft-ietf-httpapi-idempotency-key-header. The key is claimed first, and the response is
stored afterwards. If the process dies in between, or two requests arrive at once, the view runs
twice, but the services take effect once per `submission`.
"""

import functools
import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated, Any, Literal, ParamSpec, cast

from pydantic import BaseModel, Field
from quart import Response, request
from quart_schema import document_headers
from sqlalchemy import Table, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from werkzeug.exceptions import BadRequest, UnprocessableEntity

from blog.core.api.operations import CreatedHeaders
from blog.core.auth.clients import requesting_client
from blog.core.auth.identity import current_viewer
from blog.core.db.deleting import BATCH, delete_rows
from blog.core.i18n import lazy_gettext
from blog.core.jobs.cleaning import HOUR, cleaning_job
from blog.core.web.app import current_app, db
from blog.models import IdempotentAnswer

HEADER = "Idempotency-Key"
WELL_FORMED = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
KEPT = timedelta(days=1)
STORED_HEADERS = ("Content-Type", "Location", "ETag")
SHOWN_ONCE = lazy_gettext(
    "A token was already created with this Idempotency-Key. Its secret is only shown once."
)
OTHER_BODY = lazy_gettext("This Idempotency-Key was already used with a different body.")

# The table itself, because no ORM objects are needed.
_TABLE = cast(Table, IdempotentAnswer.__table__)
_CLAIM = insert(_TABLE).on_conflict_do_nothing().returning(_TABLE.c.key_digest)
_insert = insert(_TABLE)
# The request that claimed the key may have failed and released it, while another one succeeded.
_STORE = _insert.on_conflict_do_update(
    index_elements=[_TABLE.c.key_digest],
    set_={name: _insert.excluded[name] for name in ("status", "headers", "body")},
    where=_TABLE.c.status.is_(None) & (_TABLE.c.request_digest == _insert.excluded.request_digest),
)
_RELEASE = delete(_TABLE).where(_TABLE.c.key_digest == bindparam("key"), _TABLE.c.status.is_(None))

Arguments = ParamSpec("Arguments")
View = Callable[Arguments, Awaitable[Response]]


class IdempotencyKey(BaseModel):
    """The header of a repeatable request."""

    idempotency_key: Annotated[
        str | None,
        Field(
            description="A unique key of your choice. For a day, repeating a request with the same "
            "key returns the first response, and nothing is done twice.",
            pattern=f"^{WELL_FORMED.pattern}$",
        ),
    ] = None


class IdempotentHeaders(CreatedHeaders):
    """The headers of a repeatable response."""

    idempotency_replayed: Annotated[
        Literal["true"],
        Field(description="Set if this repeats the first response."),
    ]


def idempotent(view: View[Arguments]) -> View[Arguments]:
    """Make a view that creates something repeatable with the same `Idempotency-Key`.

    Only successful responses are stored: after an error, the key may be used again.

    The view then raises:
        BadRequest: the key is not a string of printable ASCII characters.
        UnprocessableEntity: it was used for another request.
    """

    @functools.wraps(view)
    async def once(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Response:
        if HEADER not in request.headers:
            return await view(*args, **kwargs)
        key, content = _key_digest(submission()), await _content_digest()
        is_first = await _claim(db(), key, content)
        if not is_first and (response := await _stored_response(db(), key, content)) is not None:
            return response
        try:
            response = await view(*args, **kwargs)
        except BaseException:
            # The claim of another request stays, because that request may still be running.
            if is_first:
                await _release(db(), key)
            raise
        await _store(db(), key, content, response)
        return response

    documented: View[Arguments] = document_headers(IdempotencyKey)(once)
    return documented


async def delete_old(session: AsyncSession) -> int:
    """Delete a batch of expired responses; the caller commits.

    Returns:
        The number of deleted rows, at most `deleting.BATCH`.
    """
    old = (
        select(_TABLE.c.key_digest)
        .where(_TABLE.c.created_at <= func.now() - KEPT)
        .order_by(_TABLE.c.created_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    which = _TABLE.c.key_digest.in_(old.scalar_subquery())
    return await delete_rows(session, delete(_TABLE).where(which))


def submission() -> str:
    """The request's `Idempotency-Key` as the token of a form (`blog.core.web.submissions`)."""
    key = request.headers.get(HEADER)
    if key is None:
        return ""
    if not WELL_FORMED.fullmatch(key):
        raise BadRequest(f"{HEADER} must be 1 to 255 printable ASCII characters, without spaces.")
    return key


def _key_digest(key: str) -> bytes:
    """Digest the key with its sender, so that no client can get another's response by guessing
    keys."""
    sender = current_viewer().id or str(requesting_client().address)
    text = json.dumps([sender, request.method, request.path, key])
    return hashlib.sha256(text.encode()).digest()


async def _content_digest() -> bytes:
    """A digest of the body; keyed, because a body may contain a password."""
    body = await request.get_data(cache=True, as_text=False, parse_form_data=False)
    return hmac.digest(current_app.settings.signing_key().encode(), body, "sha256")


async def _claim(session: AsyncSession, key: bytes, content: bytes) -> bool:
    """Claim a key; returns whether this request is the first to use it."""
    parameters = {"key_digest": key, "request_digest": content}
    claimed = await session.scalar(_CLAIM, parameters)
    await session.commit()
    return claimed is not None


async def _stored_response(session: AsyncSession, key: bytes, content: bytes) -> Response | None:
    """The first response; `None` until there is one.

    Raises:
        UnprocessableEntity: the first request had another body.
    """
    stored = await session.get(IdempotentAnswer, key, populate_existing=True)
    await session.commit()
    if stored is None:
        return None
    if stored.request_digest != content:
        raise UnprocessableEntity(str(OTHER_BODY))
    if stored.status is None:
        return None
    response = Response(stored.body, stored.status, stored.headers)
    response.headers["Idempotency-Replayed"] = "true"
    return response


async def _store(session: AsyncSession, key: bytes, content: bytes, response: Response) -> None:
    headers = {name: response.headers[name] for name in STORED_HEADERS if name in response.headers}
    values: dict[str, Any] = {
        "key_digest": key,
        "request_digest": content,
        "status": response.status_code,
        "headers": headers,
        "body": await response.get_data(as_text=True),
    }
    await session.execute(_STORE, values)
    await session.commit()


async def _release(session: AsyncSession, key: bytes) -> None:
    await session.rollback()
    await session.execute(_RELEASE, {"key": key})
    await session.commit()


DELETE_OLD_ANSWERS = cleaning_job("delete_old_answers", delete_old, every=HOUR)
