"""Broadside, a social blog: `create_app` assembles the application."""

import asyncio
from functools import partial
from pathlib import Path

from blog.accounts.api_callers import authenticate_callers
from blog.accounts.registration import usernames
from blog.admin.figures.metrics import site_figures
from blog.background_jobs import JOBS
from blog.backups.figures import backup_figures
from blog.blueprints import BLUEPRINTS, RESOURCES
from blog.core.api import versions
from blog.core.auth import identity
from blog.core.crypto.passwords import Passwords
from blog.core.crypto.sealing import Sealer
from blog.core.crypto.tokens import LinkSigner
from blog.core.db import migrations, statements
from blog.core.db.database import Database
from blog.core.db.engines import TimeLimits
from blog.core.db.replicas import Replicas
from blog.core.db.request_coalescing import RequestCoalescer
from blog.core.events.handlers import HANDLERS, Handlers
from blog.core.figures.counts import Counts
from blog.core.figures.writing import FiguresWriter
from blog.core.i18n import catalogs
from blog.core.jobs.background import Background
from blog.core.jobs.figures import job_figures
from blog.core.jobs.heartbeats import Heart, heartbeat_figures
from blog.core.jobs.listener import Listener
from blog.core.jobs.worker import JobWorker
from blog.core.metrics import watch_pool
from blog.core.purging.keys import SITE
from blog.core.purging.marks import PURGES, mark
from blog.core.site_settings.keeper import SiteSettingsKeeper
from blog.core.site_settings.values import SiteSettings
from blog.core.storage.making import make_storage
from blog.core.text.rendering import Renderer
from blog.core.web import (
    assets,
    avatars,
    bodies,
    caching,
    compression,
    connection,
    csrf,
    errors,
    freshness,
    headers,
    health,
    hosts,
    https,
    languages,
    maintenance,
    metrics_pages,
    request_log,
    requests,
    sessions,
    shared_caches,
    templating,
    themes,
    unsupported,
    uploads,
)
from blog.core.web.app import Broadside, close_db
from blog.core.web.backlog import Backlog
from blog.core.web.batches import Batches
from blog.core.web.fragments import FragmentCache
from blog.core.web.lingering_close import LingeringClose
from blog.core.web.probe import Probe
from blog.core.web.proxies import TrustedProxies
from blog.core.web.rate_limits import RateLimits
from blog.core.web.request_normalisation import NormalisationMiddleware
from blog.discovery.cards import CardProcesses
from blog.event_handlers import EVENT_HANDLERS, HUB_HANDLERS
from blog.mail.alerts import Alerts
from blog.mail.figures import outbox_figures
from blog.mail.mailbox_pages import blueprint as mailbox_pages
from blog.mail.worker import MailWorker
from blog.media.processes import ImageProcesses
from blog.media.rendering import image_finder
from blog.notifications.live.hub import Hub
from blog.posts.revisions.comparing import Comparisons
from blog.posts.views.counting import ViewCounts
from blog.purging.handlers import PURGE_HANDLERS
from blog.purging.jobs import PURGE_PAGES
from blog.status.figures import component_figures
from blog.users.rendering import people_finder
from settings import Settings, WorkerPlace

PROJECT = Path(__file__).resolve().parents[1]

# The order matters: `before_request` functions run in this order, `after_request` in reverse.
PARTS = (
    connection,
    uploads,
    request_log,
    languages,
    hosts,
    unsupported,
    requests,
    https,
    sessions,
    maintenance,
    shared_caches,
    compression,
    caching,
    headers,
    identity,
    csrf,
    freshness,
    errors,
    assets,
    templating,
    themes,
    avatars,
)

# Extensions that are closed with the application: live streams, and process pools.
CLOSED_EXTENSIONS = ("live", "image_processes", "comparisons", "cards")
# The database metrics of `/metrics`.
FIGURES = (
    outbox_figures,
    job_figures,
    heartbeat_figures,
    backup_figures,
    component_figures,
    site_figures,
)


def create_app(settings: Settings) -> Broadside:
    """Create an application.

    Args:
        settings: its only configuration. There is no global state, so one process may run several
            applications.

    Returns:
        An ASGI application. Resources are opened and closed with its lifespan.
    """
    app = Broadside("blog", root_path=str(PROJECT), static_folder=None)
    app.settings = settings
    migrations.known_revisions()  # Read now, before an update may replace the files.
    purges = settings.purge_url is not None
    handlers = Handlers(
        EVENT_HANDLERS
        + (HUB_HANDLERS if settings.websub_hub else ())
        + (PURGE_HANDLERS if purges else ())
    )
    jobs, off = ((*JOBS, PURGE_PAGES), ()) if purges else (JOBS, (PURGE_PAGES,))
    app.database = Database(
        settings.database_url,
        settings.var_dir / "postgres",
        pool_size=settings.database_pool_size,
        session_info={HANDLERS: handlers, PURGES: purges},
        direct_url=settings.database_direct_url,
    )
    app.listener = Listener(app.database)
    app.replicas = Replicas(url, app.database) if (url := settings.database_replica_url) else None
    app.request_coalescer = RequestCoalescer()
    app.lookups = Batches(app.database.reading_session)
    app.writes = Batches(app.database.autocommit_session, handlers, app.database.session)
    app.passwords = Passwords(site_name=settings.site_name)
    app.site_settings = SiteSettingsKeeper(
        app.database,
        app.listener,
        SiteSettings.defaults(settings),
        partial(apply_site_settings, app),
    )
    app.renderer = Renderer(
        image_finder(app.database, settings.media_url), people_finder(app.database)
    )
    app.storage = make_storage(settings)
    app.fragments = FragmentCache()
    app.rate_limits = RateLimits(app.database)
    app.backlog = Backlog(app)
    app.background = Background(
        app.listener,
        [
            MailWorker(app.database, settings),
            JobWorker(app, app.database, jobs, app.report_error, off=off),
        ],
    )
    app.counts = Counts()
    views = ViewCounts(lambda: app.site.count_views)
    app.figures_writer = FiguresWriter(app.database, [views, app.counts])
    app.heart = Heart(app.database, "web", settings.signing_keys())
    app.schema_probe = Probe(lambda: health.has_schema(app.database))
    app.figures_probe = Probe(lambda: metrics_pages.read_figures(app.database, FIGURES))
    alerts = Alerts(app, app.database, settings.admin_email)
    app.report_to = alerts.report
    app.extensions |= {
        "alerts": alerts,
        "cards": CardProcesses(),
        "comparisons": Comparisons(),
        "image_processes": ImageProcesses(),
        "live": Hub(app.database, app.listener),
        "views": views,
    }

    configure(app)
    for part in PARTS:
        part.init_app(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    versions.init_app(app, RESOURCES, authenticate_callers)
    if settings.is_development:
        app.register_blueprint(mailbox_pages)
    apply_site_settings(app, app.site)
    app.teardown_request(close_db)
    reachable = TrustedProxies(LingeringClose(app.asgi_app), settings.trusted_proxies)
    app.asgi_app = NormalisationMiddleware(reachable)  # type: ignore[method-assign]

    app.before_serving(partial(open_parts, app))
    app.after_serving(partial(close_parts, app))
    return app


async def open_parts(app: Broadside) -> None:
    """Open the resources of an application, and start its background work."""
    await open_database(app.database, app.settings)
    await app.site_settings.start()
    for language in app.site.offered_languages:
        catalogs.load(language)
    app.renderer.pool.start()
    if app.replicas is not None:
        open_replicas(app.replicas, app.settings)
    async with app.database.session() as session:
        await mark(session, SITE)  # The pages of another release may differ.
        await session.commit()
    await app.heart.start()
    await app.figures_writer.start()
    if app.settings.background_worker is WorkerPlace.INTERNAL:
        await app.background.start()


async def close_parts(app: Broadside) -> None:
    """Stop the background work, and close the resources."""
    await asyncio.gather(app.background.stop(), app.heart.stop(), app.figures_writer.stop())
    await app.site_settings.stop()
    await app.renderer.pool.close()
    await asyncio.gather(*(app.extensions[name].close() for name in CLOSED_EXTENSIONS))
    await app.storage.close()
    if app.replicas is not None:
        await app.replicas.close()
    await app.database.close()


def apply_site_settings(app: Broadside, site: SiteSettings) -> None:
    """Update everything that depends on the site's settings."""
    app.fragments.forget()
    app.passwords.site_name = site.site_name
    app.reserved_usernames = usernames.reserved(site.site_name, app.settings.base_url, app.url_map)


async def open_database(database: Database, settings: Settings) -> None:
    """Open the database for requests, with time limits and statement counts."""
    await database.open(
        TimeLimits(
            settings.statement_timeout,
            settings.lock_timeout,
            settings.idle_in_transaction_timeout,
        )
    )
    for engine, name in (
        (database.engine, "primary"),
        (database.reading_engine, "primary, reading"),
    ):
        statements.watch(engine, settings.slow_query_seconds)
        watch_pool(engine, name)


def open_replicas(replicas: Replicas, settings: Settings) -> None:
    """Start monitoring the replicas, with statement counts."""
    replicas.open()
    for replica in replicas:
        statements.watch(replica.engine, settings.slow_query_seconds)
        watch_pool(replica.engine, f"replica {replica.place}")


def configure(app: Broadside) -> None:
    """Configure Quart and its extensions."""
    settings = app.settings
    # Browsers accept cookies with this prefix only over TLS, from this very host (RFC 6265bis,
    # 4.1.3).
    prefix = "" if settings.is_development else "__Host-"
    *former_keys, app.secret_key = keys = settings.signing_keys()
    app.links, app.sealer = LinkSigner(keys), Sealer(keys)
    app.config.update(
        BASE_URL=settings.base_url,
        BODY_TIMEOUT=bodies.BODY_SECONDS,
        COOKIE_PREFIX=prefix,
        MAIL_SENDER=settings.mail_sender,
        MAIL_SUBJECT_PREFIX=settings.mail_subject_prefix,
        MAX_CONTENT_LENGTH=bodies.LARGEST_BODY,
        RESPONSE_TIMEOUT=None,
        SECRET_KEY_FALLBACKS=former_keys,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_NAME=prefix + "session",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=not settings.is_development,
    )
