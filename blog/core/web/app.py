"""The application object: Quart, with Broadside's parts as attributes."""

from collections.abc import Awaitable, Callable
from functools import lru_cache
from inspect import iscoroutinefunction
from types import TracebackType
from typing import Any, TypeVar, TypeVarTuple, cast
from urllib.parse import urlsplit

import quart
from prometheus_client import Metric
from quart import Quart, g, has_request_context
from quart.typing import ResponseReturnValue
from quart.wrappers.base import BaseRequestWebsocket
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from werkzeug.routing import MapAdapter

from blog.core.crypto.passwords import Passwords
from blog.core.crypto.tokens import LinkSigner
from blog.core.db.database import Database
from blog.core.db.database_errors import DatabaseUnavailableError, is_out_of_space, is_unavailable
from blog.core.db.replica import Replica
from blog.core.db.shared_reads import SharedReads
from blog.core.errors import NotFoundError
from blog.core.jobs.background import Background
from blog.core.storage.interface import Storage, StorageFullError
from blog.core.text.rendering import Renderer
from blog.core.web.backlog import Backlog
from blog.core.web.batches import Batches
from blog.core.web.environment import Environment
from blog.core.web.fragments import Fragments
from blog.core.web.probe import Probe
from blog.core.web.rate_limits import RateLimits
from blog.core.web.requests import only_reads, request_for_logs
from settings import Settings

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")
ExceptionInfo = tuple[type, BaseException, TracebackType] | tuple[None, None, None]


_is_asynchronous = lru_cache(maxsize=1_000)(iscoroutinefunction)


class Broadside(Quart):
    """One application; two of them in one process share nothing."""

    jinja_environment = Environment

    settings: Settings
    database: Database
    replica: Replica | None
    shared_reads: SharedReads
    lookups: Batches
    writes: Batches
    passwords: Passwords
    renderer: Renderer
    storage: Storage
    links: LinkSigner
    reserved_usernames: frozenset[str]
    background: Background
    rate_limits: RateLimits
    backlog: Backlog
    fragments: Fragments
    report_to: Callable[[BaseException, str], None]
    schema_probe: Probe[bool]
    figures_probe: Probe[list[Metric]]
    current_viewer: Callable[[], object]

    def ensure_async(self, func: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
        """As Quart has it, but what is asynchronous is looked at once, and not at each call."""
        return func if _is_asynchronous(func) else super().ensure_async(func)

    async def update_template_context(self, context: dict[str, Any]) -> None:
        """Give a template who is asking; there are no other context processors.

        Those of Quart and of each blueprint would give `g`, `request` and `session`, which
        templates have as globals anyway, and would be run in threads.
        """
        context.setdefault("viewer", self.current_viewer())

    def create_url_adapter(self, request: BaseRequestWebsocket | None) -> MapAdapter | None:
        """Find routes, and build full addresses, by `BASE_URL` and not by the Host header.

        In Quart's own way that header gets into redirects, and fails if it is no name at all.
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

    def log_exception(self, exception_info: ExceptionInfo) -> None:
        """Log what Quart could not deal with: at the start, in the background, or after a view.

        A database that is away is not worth a traceback.
        """
        if isinstance(error := exception_info[1], DatabaseUnavailableError):
            self.logger.critical("%s", error)
        elif error is not None:
            self.report_error(error)

    def report_error(self, error: BaseException) -> None:
        """Log an unexpected error, and tell the administrators of it."""
        where = " ".join(request_for_logs()) if has_request_context() else "the background"
        if is_out_of_space(error):
            # It is the same for every write, and a traceback says nothing about it.
            self.logger.critical("the disk of the database is full: %s failed", where)
        elif isinstance(error, StorageFullError):
            self.logger.critical("there is no room for files: %s failed: %s", where, error)
        else:
            self.logger.error("unexpected error in %s", where, exc_info=error)
        self.report_to(error, where)

    async def dispatch_request(self, *request_context: Any) -> ResponseReturnValue:
        """Run the view; if it fails on the replica or finds nothing there, again on the primary.

        On the replica it only reads, so that nothing is done twice.
        """
        try:
            return await self._run_view(*request_context)
        except (NotFoundError, SQLAlchemyError, DatabaseUnavailableError, OSError) as error:
            if self.replica is None or not g.pop("reads_on_replica", False):
                raise
            if is_unavailable(error) or isinstance(error, OSError):
                self.replica.failed(error)
        return await self._run_view(*request_context)

    async def _run_view(self, *request_context: Any) -> ResponseReturnValue:
        """Run the view; then nothing is wanted of the database any more."""
        try:
            return await super().dispatch_request(*request_context)
        finally:
            await close_db()


current_app = cast(Broadside, quart.current_app)


def db() -> AsyncSession:
    """The request's own database session, made on first use and closed at its end.

    It is the primary's, unless `core/web/freshness.py` has found that the replica will do. Where
    the request only reads, it has no transaction.
    """
    if "db" not in g:
        g.db = _server().reading_session() if only_reads() else current_app.database.session()
    return cast(AsyncSession, g.db)


def _server() -> Database | Replica:
    """Where a request that only reads does so."""
    return (current_app.replica if g.get("reads_on_replica") else None) or current_app.database


async def read(
    query: Callable[[AsyncSession, *Arguments], Awaitable[Result]], *arguments: *Arguments
) -> Result:
    """What `query(session, *arguments)` finds, with whoever else asks for it at this moment.

    It is shared only by requests that only read. One that has its own session already uses that:
    none may hold a connection while it waits for another one.
    """
    if "db" in g or not only_reads():
        return await query(db(), *arguments)
    return await look_up(query, *arguments)


async def look_up(
    query: Callable[[AsyncSession, *Arguments], Awaitable[Result]], *arguments: *Arguments
) -> Result:
    """As `read`, also for a request that will write: what is found is only to be read.

    The connection goes back at once. So this comes before the first statement of `db()`.
    """
    return await current_app.shared_reads.read(_server().warm_sessions, query, *arguments)


async def writes() -> Batches:
    """What writes rows together with those of other requests.

    The request's own session is closed before: none may hold a connection while it waits for
    another one.
    """
    await close_db()
    g.has_written = True
    return current_app.writes


async def close_db(_error: BaseException | None = None) -> None:
    """Give the request's connection back; what was not committed is rolled back.

    If the connection breaks at this moment, the server has done that itself, and the answer is
    as good as before.
    """
    if "db" in g:
        g.has_written = True
        try:
            await g.pop("db").close()
        except DBAPIError as error:
            if not is_unavailable(error):
                raise
