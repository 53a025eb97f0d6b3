"""The application without some of its optimisations, to measure their effect.

`WITHOUT` names them, separated by commas. Each is replaced by a straightforward implementation, and
can be disabled independently.
"""

import gc
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import jinja2
import quart.templating
from quart import Quart

from blog.core.auth import credentials
from blog.core.crypto.tokens import token_digest
from blog.core.db.request_coalescing import RequestCoalescer
from blog.core.web.app import Broadside, current_app
from blog.core.web.environment import Template
from blog.core.web.fragments import FragmentCache
from blog.core.web.sessions import CookieSessions


def without_request_coalescing() -> None:
    """Each request runs its own query."""

    async def read(_self: Any, open_session: Any, query: Any, *arguments: Any) -> Any:
        async with open_session() as session:
            return await query(session, *arguments)

    RequestCoalescer.read = read  # type: ignore[assignment, method-assign]


def without_fragments() -> None:
    """Cards, anonymous pages and JSON of the API are rendered each time."""

    def cached(
        _self: FragmentCache, macro: Callable[..., str], *arguments: Any, **options: Any
    ) -> str:
        return macro(*arguments, **options)

    async def page(_self: FragmentCache, _key: object, make: Callable[[], Awaitable[str]]) -> str:
        return await make()

    FragmentCache.cached = cached  # type: ignore[assignment, method-assign]
    FragmentCache.page = page  # type: ignore[assignment, method-assign]


def without_batched_lookups() -> None:
    """Each request loads its own session or token."""

    async def credential(kind: Any, token: str) -> Any:
        async with current_app.database.reading_session() as session:
            [found] = await credentials.load_credentials(session, [token_digest(token)], kind=kind)
            return found

    credentials._build_credential = credentials._build_credential.__wrapped__  # type: ignore[assignment]
    credentials.find_credential = credential
    for module in list(sys.modules.values()):
        if module.__name__.startswith("blog.") and hasattr(module, "find_credential"):
            module.find_credential = credential  # type: ignore[attr-defined]


def without_plain_templates() -> None:
    """Templates are asynchronous, as in Quart."""
    Broadside.jinja_environment = quart.templating.Environment  # type: ignore[assignment]


def without_framework_shortcuts() -> None:
    """Quart builds each URL, inspects each function on every call, creates a signer for each
    request, and runs its own context processors; Jinja looks through all globals at each import;
    the garbage collector looks at everything."""

    def signer(self: CookieSessions, app: Quart) -> Any:
        self.__init__(app)  # type: ignore[misc]
        return self._signer

    async def update_template_context(self: Broadside, context: dict[str, Any]) -> None:
        await Quart.update_template_context(self, context)
        context.setdefault("viewer", self.current_viewer())

    Broadside.url_for = Quart.url_for  # type: ignore[method-assign]
    Broadside.ensure_async = Quart.ensure_async  # type: ignore[method-assign]
    CookieSessions.get_signing_serializer = signer  # type: ignore[method-assign]
    Broadside.update_template_context = update_template_context  # type: ignore[method-assign]
    Template._get_default_module = jinja2.Template._get_default_module  # type: ignore[method-assign]
    gc.freeze = lambda: None


MECHANISMS: dict[str, Callable[[], None]] = {
    "request-coalescing": without_request_coalescing,
    "fragments": without_fragments,
    "batched-lookups": without_batched_lookups,
    "plain-templates": without_plain_templates,
    "framework-shortcuts": without_framework_shortcuts,
}

# What cannot work without the other: a macro of an asynchronous template gives something to await.
NEEDED = {"plain-templates": ["fragments"]}

__all__ = ["MECHANISMS", "NEEDED", "app"]

if "WITHOUT" in os.environ:
    for name in filter(None, os.environ["WITHOUT"].split(",")):
        MECHANISMS[name]()
    from asgi import app
