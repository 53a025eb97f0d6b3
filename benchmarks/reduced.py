"""The application without some of its optimisations, to measure their effect.

`WITHOUT` names them, separated by commas. Each is replaced by a straightforward implementation, and
can be disabled independently.
"""

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import quart.templating
from quart import Quart, render_template
from quart.asgi import ASGIHTTPConnection
from quart_auth import QuartAuth
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth import credentials, identity
from blog.core.crypto.tokens import token_digest
from blog.core.db.request_coalescing import RequestCoalescer
from blog.core.db.warm_sessions import WarmSessions
from blog.core.web import process
from blog.core.web.app import Broadside, current_app
from blog.core.web.connection import StrictConnection
from blog.core.web.fragments import FragmentCache
from blog.core.web.sessions import CookieSessions


def without_request_coalescing() -> None:
    """Each request runs its own query."""

    async def read(_self: Any, sessions: WarmSessions, query: Any, *arguments: Any) -> Any:
        async with sessions.session() as session:
            return await query(session, *arguments)

    RequestCoalescer.read = read  # type: ignore[method-assign]


def without_warm_sessions() -> None:
    """Each read opens its own session."""

    @asynccontextmanager
    async def session(self: WarmSessions) -> AsyncIterator[AsyncSession]:
        async with self._open_session() as opened:
            yield opened

    WarmSessions.session = session  # type: ignore[method-assign,assignment]


def without_fragments() -> None:
    """Cards, anonymous pages and JSON of the API are rendered each time."""

    def cached(
        _self: FragmentCache, macro: Callable[..., str], *arguments: Any, **options: Any
    ) -> str:
        return macro(*arguments, **options)

    async def anonymous_page(_self: FragmentCache, template: str, **values: Any) -> str:
        return await render_template(template, **values)

    FragmentCache.cached = cached  # type: ignore[method-assign]
    FragmentCache.anonymous_page = anonymous_page  # type: ignore[method-assign]


def without_batched_lookups() -> None:
    """Each request loads its own session or token."""

    async def credential(kind: Any, token: str) -> Any:
        async with current_app.database.warm_sessions.session() as session:
            [found] = await credentials.holders(session, [token_digest(token)], credential=kind)
            return found

    credentials._loaded = credentials._loaded.__wrapped__  # type: ignore[assignment]
    credentials.credential = credential
    for module in list(sys.modules.values()):
        if module.__name__.startswith("blog.") and hasattr(module, "credential"):
            module.credential = credential  # type: ignore[attr-defined]


def without_kept_signers() -> None:
    """Cookie signers are created for each request, as in Quart and quart-auth."""

    def get_signing_serializer(self: CookieSessions, app: Quart) -> Any:
        self.__dict__.pop("_signer", None)
        return self._signer

    identity._kept_signer = QuartAuth.serializer_class  # type: ignore[assignment]
    CookieSessions.get_signing_serializer = get_signing_serializer  # type: ignore[method-assign]


def without_own_sending() -> None:
    """Responses are sent by Quart's own code, in two events."""
    StrictConnection._send_response = ASGIHTTPConnection._send_response  # type: ignore[method-assign]


def without_kept_inspection() -> None:
    """Quart inspects each function that it calls, and runs all context processors."""
    Broadside.ensure_async = Quart.ensure_async  # type: ignore[method-assign]
    Broadside.update_template_context = Quart.update_template_context  # type: ignore[method-assign]


def without_plain_templates() -> None:
    """Templates are asynchronous, as in Quart."""
    Broadside.jinja_environment = quart.templating.Environment


def without_frozen_collector() -> None:
    """Objects created at start-up are part of each garbage collection."""
    process.freeze_garbage_collector = lambda: None


MECHANISMS: dict[str, Callable[[], None]] = {
    "request-coalescing": without_request_coalescing,
    "warm-sessions": without_warm_sessions,
    "fragments": without_fragments,
    "batched-lookups": without_batched_lookups,
    "kept-signers": without_kept_signers,
    "own-sending": without_own_sending,
    "kept-inspection": without_kept_inspection,
    "plain-templates": without_plain_templates,
    "frozen-collector": without_frozen_collector,
}

# What cannot work without the other: a macro of an asynchronous template gives something to await.
NEEDED = {"plain-templates": ["fragments"]}

__all__ = ["MECHANISMS", "NEEDED", "app"]

if "WITHOUT" in os.environ:
    for name in filter(None, os.environ["WITHOUT"].split(",")):
        MECHANISMS[name]()
    from asgi import app
