"""`Idempotency-Key`: a request that is sent again does its work once, and gets its first answer.

Reference: draft-ietf-httpapi-idempotency-key-header. The key is claimed before the work begins,
and the answer is stored behind it. A process may die between the two, and two requests may come
at the same moment: both then do the work, which the services do once for the same `submission`.
"""

import functools
import hashlib
import hmac
import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, ParamSpec

from quart import Response, request
from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from werkzeug.exceptions import BadRequest, UnprocessableEntity

from blog.accounts.authentication import requesting_client
from blog.accounts.identity import current_user
from blog.models import IdempotentAnswer
from blog.web.app import current_app, db

HEADER = "Idempotency-Key"
WELL_FORMED = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
KEPT = timedelta(days=1)
OLD_ROWS_AT_A_TIME = 20
STORED_HEADERS = ("Content-Type", "Location", "ETag")
OTHER_BODY = "This Idempotency-Key was sent before, with another body."

Arguments = ParamSpec("Arguments")
View = Callable[Arguments, Awaitable[Response]]


def idempotent(view: View[Arguments]) -> View[Arguments]:
    """Let a view that makes something be called again with the same `Idempotency-Key`.

    Only what it has made is kept: after a refusal, the key may be used for another try.

    The view then raises:
        BadRequest: the key is not a word of printable ASCII.
        UnprocessableEntity: it was used for something else.
    """

    @functools.wraps(view)
    async def once(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Response:
        if HEADER not in request.headers:
            return await view(*args, **kwargs)
        key = _key_digest(submission())
        stored = await _claim(db(), key, await _content_digest())
        if stored is not None and stored.status is not None:
            response = Response(stored.body, stored.status, stored.headers)
            response.headers["Idempotency-Replayed"] = "true"
            return response
        try:
            response = await view(*args, **kwargs)
        except BaseException:
            await _withdraw(db(), key)
            raise
        await _store(db(), key, response)
        return response

    return once


def submission() -> str:
    """The request's `Idempotency-Key`, as the number of a form (`blog.kit.submissions`)."""
    key = request.headers.get(HEADER)
    if key is None:
        return ""
    if not WELL_FORMED.fullmatch(key):
        raise BadRequest(
            f"{HEADER} must be 1 to 255 printable characters of ASCII, without spaces."
        )
    return key


def _key_digest(key: str) -> bytes:
    """Nobody comes upon somebody else's answer, whatever key he makes up."""
    sender = current_user.user_id or str(requesting_client().address)
    text = json.dumps([sender, request.method, request.path, key])
    return hashlib.sha256(text.encode()).digest()


async def _content_digest() -> bytes:
    """What tells one body from another; keyed, because a body may hold a password."""
    body = await request.get_data(cache=True, as_text=False, parse_form_data=False)
    return hmac.digest(current_app.settings.signing_key().encode(), body, "sha256")


async def _claim(session: AsyncSession, key: bytes, content: bytes) -> IdempotentAnswer | None:
    """Be the first to use a key, or find what the first one left.

    Raises:
        UnprocessableEntity: the first one sent something else.
    """
    claimed = await session.scalar(
        insert(IdempotentAnswer)
        .values(key_digest=key, request_digest=content)
        .on_conflict_do_nothing()
        .returning(IdempotentAnswer.key_digest)
    )
    if claimed is not None:
        await _delete_old(session)
        await session.commit()
        return None
    stored = await session.get(IdempotentAnswer, key, populate_existing=True)
    if stored is not None and stored.request_digest != content:
        raise UnprocessableEntity(OTHER_BODY)
    return stored


async def _store(session: AsyncSession, key: bytes, response: Response) -> None:
    kept = {name: response.headers[name] for name in STORED_HEADERS if name in response.headers}
    values: dict[str, Any] = {
        "status": response.status_code,
        "headers": kept,
        "body": await response.get_data(as_text=True),
    }
    await session.execute(
        update(IdempotentAnswer)
        .where(IdempotentAnswer.key_digest == key, IdempotentAnswer.status.is_(None))
        .values(values)
        .execution_options(synchronize_session=False)
    )
    await session.commit()


async def _withdraw(session: AsyncSession, key: bytes) -> None:
    await session.rollback()
    await session.execute(
        delete(IdempotentAnswer)
        .where(IdempotentAnswer.key_digest == key, IdempotentAnswer.status.is_(None))
        .execution_options(synchronize_session=False)
    )
    await session.commit()


async def _delete_old(session: AsyncSession) -> None:
    """Delete a few that are past their day: more than one request adds."""
    old = (
        select(IdempotentAnswer.key_digest)
        .where(IdempotentAnswer.created_at <= func.now() - KEPT)
        .order_by(IdempotentAnswer.created_at)
        .limit(OLD_ROWS_AT_A_TIME)
        .with_for_update(skip_locked=True)
    )
    await session.execute(
        delete(IdempotentAnswer)
        .where(IdempotentAnswer.key_digest.in_(old.scalar_subquery()))
        .execution_options(synchronize_session=False)
    )
