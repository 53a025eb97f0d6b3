"""The application without some of the mechanisms that make it fast, to see what they give.

`WITHOUT` names them, separated by commas. Each is replaced by what would stand there if nobody had
thought of speed; so a mechanism here is as much as can be left out alone.
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
from blog.core.db.shared_reads import SharedReads
from blog.core.db.warm_sessions import WarmSessions
from blog.core.web import process
from blog.core.web.app import Broadside, current_app
from blog.core.web.fragments import Fragments
from blog.core.web.requests import StrictConnection
from blog.core.web.sessions import CookieSessions


def without_shared_reads() -> None:
    """Each request reads for itself."""

    async def read(_self: Any, sessions: WarmSessions, query: Any, *arguments: Any) -> Any:
        async with sessions.session() as session:
            return await query(session, *arguments)

    SharedReads.read = read  # type: ignore[method-assign]


def without_warm_sessions() -> None:
    """Each reading opens a session of its own."""

    @asynccontextmanager
    async def session(self: WarmSessions) -> AsyncIterator[AsyncSession]:
        async with self._open_session() as opened:
            yield opened

    WarmSessions.session = session  # type: ignore[method-assign,assignment]


def without_fragments() -> None:
    """Cards, whole pages for strangers, and JSON of the API are rendered each time."""

    def kept(_self: Fragments, macro: Callable[..., str], *arguments: Any, **options: Any) -> str:
        return macro(*arguments, **options)

    async def page_for_strangers(_self: Fragments, template: str, **values: Any) -> str:
        return await render_template(template, **values)

    Fragments.kept = kept  # type: ignore[method-assign]
    Fragments.page_for_strangers = page_for_strangers  # type: ignore[method-assign]


def without_batched_lookups() -> None:
    """Each request finds its session or token by a statement of its own, as objects of its own."""

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
    """The signers of cookies are made for each request, as Quart and quart-auth do."""

    def get_signing_serializer(self: CookieSessions, app: Quart) -> Any:
        self.__dict__.pop("_signer", None)
        return self._signer

    identity._kept_signer = QuartAuth.serializer_class  # type: ignore[assignment]
    CookieSessions.get_signing_serializer = get_signing_serializer  # type: ignore[method-assign]


def without_own_sending() -> None:
    """Answers are sent by Quart's own code, in two events."""
    StrictConnection._send_response = ASGIHTTPConnection._send_response  # type: ignore[method-assign]


def without_kept_inspection() -> None:
    """Quart looks at each function that it calls, and asks all context processors."""
    Broadside.ensure_async = Quart.ensure_async  # type: ignore[method-assign]
    Broadside.update_template_context = Quart.update_template_context  # type: ignore[method-assign]


def without_plain_templates() -> None:
    """Templates are rendered as Quart does: each block as an asynchronous generator."""
    Broadside.jinja_environment = quart.templating.Environment


def without_frozen_collector() -> None:
    """The garbage collector looks through everything that was made at the start."""
    process.keep_for_good = lambda: None


MECHANISMS: dict[str, Callable[[], None]] = {
    "shared-reads": without_shared_reads,
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
