"""The application object: Quart, with Broadside's parts as attributes."""

from collections.abc import Awaitable, Callable, Hashable
from functools import lru_cache
from inspect import iscoroutinefunction
from types import TracebackType
from typing import Any, Protocol, TypeVar, TypeVarTuple, cast
from urllib.parse import urlsplit

import quart
from prometheus_client import Metric
from quart import Quart, g, has_request_context
from quart.globals import request_ctx
from quart.typing import ResponseReturnValue
from quart.wrappers.base import BaseRequestWebsocket
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from werkzeug.routing import MapAdapter

from blog.core.crypto.passwords import Passwords
from blog.core.crypto.sealing import Sealer
from blog.core.crypto.tokens import LinkSigner
from blog.core.db.database import Database
from blog.core.db.database_errors import DatabaseUnavailableError, is_out_of_space, is_unavailable
from blog.core.db.replica import Replica
from blog.core.db.replicas import Replicas
from blog.core.db.request_coalescing import RequestCoalescer
from blog.core.errors import NotFoundError
from blog.core.figures.counts import Counts
from blog.core.figures.writing import FiguresWriter
from blog.core.jobs.background import Background
from blog.core.jobs.heartbeats import Heart
from blog.core.jobs.listener import Listener
from blog.core.metrics import out_of_space
from blog.core.site_settings.keeper import SiteSettingsKeeper
from blog.core.site_settings.values import SiteSettings
from blog.core.storage.interface import Storage, StorageFullError
from blog.core.text.rendering import Renderer
from blog.core.web.backlog import Backlog
from blog.core.web.batches import Batches
from blog.core.web.environment import Environment
from blog.core.web.fragments import FragmentCache
from blog.core.web.probe import Probe
from blog.core.web.rate_limits import RateLimits
from blog.core.web.requests import only_reads, request_for_logs
from settings import Settings

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")
ExceptionInfo = tuple[type, BaseException, TracebackType] | tuple[None, None, None]

# Of the URLs that are kept. Longer ones are not: they repeat what visitors have sent.
MOST_URLS, LONGEST_URL = 20_000, 300

_is_asynchronous = lru_cache(maxsize=1_000)(iscoroutinefunction)


class AskedViewer(Protocol):
    """What pages of this folder ask of a viewer (`blog.core.auth.viewer.Viewer`)."""

    @property
    def why_refused(self) -> str: ...

    @property
    def is_known(self) -> bool: ...


class Broadside(Quart):
    """One application; two of them in one process share nothing."""

    jinja_environment = Environment

    settings: Settings
    site_settings: SiteSettingsKeeper
    database: Database
    listener: Listener
    replicas: Replicas | None
    request_coalescer: RequestCoalescer
    lookups: Batches
    writes: Batches
    passwords: Passwords
    renderer: Renderer
    storage: Storage
    links: LinkSigner
    sealer: Sealer
    reserved_usernames: frozenset[str]
    background: Background
    heart: Heart
    rate_limits: RateLimits
    backlog: Backlog
    counts: Counts
    figures_writer: FiguresWriter
    fragments: FragmentCache
    report_to: Callable[[BaseException, str], None]
    schema_probe: Probe[bool]
    figures_probe: Probe[list[Metric]]
    current_viewer: Callable[[], AskedViewer]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._urls: dict[Hashable, str] = {}

    @property
    def site(self) -> SiteSettings:
        """The settings of the site, as administrators have changed them."""
        return self.site_settings.current

    def ensure_async(self, func: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        """Quart's, without inspecting the same function on every call."""
        return func if _is_asynchronous(func) else super().ensure_async(func)

    async def update_template_context(self, context: dict[str, Any]) -> None:
        """Give a template the viewer and the site; there are no other context processors.

        Those of Quart, quart-auth and each blueprint only repeat globals (`g`, `request`,
        `session`), and are synchronous: they would run in a thread for each page.
        """
        context.setdefault("viewer", self.current_viewer())
        # Macros have proxies of these (`blog.core.web.templating`), which take longer.
        context.setdefault("site", self.site)
        context.setdefault("site_name", self.site.site_name)

    def create_url_adapter(self, request: BaseRequestWebsocket | None) -> MapAdapter | None:
        """Match routes and build absolute URLs by `BASE_URL`, not by the Host header.

        By default Quart puts that header into redirects, and fails if it is not a valid host name.
        """
        if request is None:
            return super().create_url_adapter(None)
        site = urlsplit(self.settings.base_url)
        return self.url_map.bind(
            site.netloc,
            request.root_path,
            url_scheme=site.scheme,
            default_method=request.method,
            path_info=request.path,
            query_args=request.query_string.decode(errors="replace"),
        )

    def url_for(self, endpoint: str, **values: Any) -> str:
        """Quart's, without building the same URL again: a page has up to 300."""
        adapter = request_ctx.url_adapter if has_request_context() else None
        if adapter is None or endpoint.startswith("."):
            return super().url_for(endpoint, **values)
        key = adapter.script_name, adapter.default_method, endpoint, tuple(values.items())
        try:
            return self._urls[key]
        except TypeError:  # A list of values.
            return super().url_for(endpoint, **values)
        except KeyError:
            if len(self._urls) >= MOST_URLS:
                self._urls.clear()
            url = super().url_for(endpoint, **values)
            if len(url) <= LONGEST_URL:
                self._urls[key] = url
            return url

    def log_exception(self, exception_info: ExceptionInfo) -> None:
        """Log an error outside a view: at startup, in the background, or in a teardown function.

        An unreachable database is logged without a traceback.
        """
        if isinstance(error := exception_info[1], DatabaseUnavailableError):
            self.logger.critical("%s", error)
        elif error is not None:
            self.report_error(error)

    def report_error(self, error: BaseException) -> None:
        """Log an unexpected error and notify the administrators."""
        where = " ".join(request_for_logs()) if has_request_context() else "the background"
        if is_out_of_space(error):
            # Every write fails alike, and the traceback adds nothing.
            out_of_space.labels("database").inc()
            self.logger.critical("the disk of the database is full: %s failed", where)
        elif isinstance(error, StorageFullError):
            out_of_space.labels("storage").inc()
            self.logger.critical("the file storage is full: %s failed: %s", where, error)
        else:
            self.logger.error("unexpected error in %s", where, exc_info=error)
        self.report_to(error, where)

    async def dispatch_request(self, *request_context: Any) -> ResponseReturnValue:
        """Run the view; if it fails or finds nothing on a replica, run it again on the primary.

        A view on a replica only reads, so running it twice is safe.
        """
        try:
            return await self._run_view(*request_context)
        except (NotFoundError, SQLAlchemyError, DatabaseUnavailableError, OSError) as error:
            replica: Replica | None = g.pop("replica", None)
            if replica is None:
                raise
            if is_unavailable(error) or isinstance(error, OSError):
                replica.mark_failed(error)
        return await self._run_view(*request_context)

    async def _run_view(self, *request_context: Any) -> ResponseReturnValue:
        """Run the view, then return its connection to the pool."""
        try:
            return await super().dispatch_request(*request_context)
        finally:
            await close_db()


current_app = cast(Broadside, quart.current_app)


def db() -> AsyncSession:
    """The session of the current request, created on first use and closed at its end.

    It is on the primary, unless `core/web/freshness.py` has chosen a replica. A request that only
    reads has no transaction.
    """
    if "db" not in g:
        g.db = _server().reading_session() if only_reads() else current_app.database.session()
    return cast(AsyncSession, g.db)


def _server() -> Database | Replica:
    """The server that a read-only request reads from."""
    return cast(Replica | None, g.get("replica")) or current_app.database


async def read(
    query: Callable[[AsyncSession, *Arguments], Awaitable[Result]], *arguments: *Arguments
) -> Result:
    """Run `query(session, *arguments)`, coalesced with identical reads of concurrent requests.

    Only read-only requests take part. A request that already has a session uses that one, because
    holding a connection while waiting for another can deadlock the pool.
    """
    if "db" in g or not only_reads():
        return await query(db(), *arguments)
    return await look_up(query, *arguments)


async def look_up(
    query: Callable[[AsyncSession, *Arguments], Awaitable[Result]], *arguments: *Arguments
) -> Result:
    """Like `read`, also for a request that writes later. Do not modify the result.

    Call it before the first use of `db()`: it needs a connection of its own, and returns it at
    once.
    """
    return await current_app.request_coalescer.read(_server().reading_session, query, *arguments)


async def writes() -> Batches:
    """The batcher that writes rows of concurrent requests together.

    Closes the request's session first: a request must not hold a connection while it waits for
    another.
    """
    await close_db()
    g.has_written = True
    return current_app.writes


async def close_db(_error: BaseException | None = None) -> None:
    """Return the request's connection to the pool, rolling back what was not committed.

    If the connection breaks here, the server has rolled back already, so the response still holds.
    """
    if "db" in g:
        g.has_written = True
        try:
            await g.pop("db").close()
        except DBAPIError as error:
            if not is_unavailable(error):
                raise
