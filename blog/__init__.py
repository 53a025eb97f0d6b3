"""Broadside, a social blog: `create_app` puts its parts together."""

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path

from blog.accounts.api_callers import authenticate_callers
from blog.accounts.applications.pages import blueprint as applications_pages
from blog.accounts.deletion.jobs import FIND_DELETED_ACCOUNTS, REMOVE_DELETED_ACCOUNT
from blog.accounts.deletion.pages import blueprint as leaving_pages
from blog.accounts.email.pages import blueprint as email_pages
from blog.accounts.events import AccountDeleted, AccountRegistered
from blog.accounts.invitations.pages import blueprint as invitations_pages
from blog.accounts.login.pages import blueprint as login_pages
from blog.accounts.login.second_factor_pages import blueprint as second_step_pages
from blog.accounts.login.unlock_pages import blueprint as unlock_pages
from blog.accounts.openid.pages import blueprint as openid_pages
from blog.accounts.passkeys.pages import blueprint as passkeys_pages
from blog.accounts.passwords.pages import blueprint as passwords_pages
from blog.accounts.reauthentication.pages import blueprint as reauthentication_pages
from blog.accounts.registration import usernames
from blog.accounts.registration.api import blueprint as registration_api
from blog.accounts.registration.pages import blueprint as registration_pages
from blog.accounts.second_factor.jobs import RESEAL_SECRETS
from blog.accounts.second_factor.pages import blueprint as second_factor_pages
from blog.accounts.sessions.pages import blueprint as sessions_pages
from blog.accounts.tokens.api import blueprint as tokens_api
from blog.accounts.tokens.pages import blueprint as tokens_pages
from blog.admin.background.pages import blueprint as jobs_pages
from blog.admin.events import RoleChanged
from blog.admin.figures.jobs import COUNT_DAYS
from blog.admin.figures.metrics import site_figures
from blog.admin.figures.pages import blueprint as figures_pages
from blog.admin.handlers import tell_of_new_people
from blog.admin.pages import blueprint as admin_pages
from blog.admin.settings.pages import blueprint as site_settings_pages
from blog.admin.settings.review_pages import blueprint as review_rules_pages
from blog.backups.figures import backup_figures
from blog.backups.jobs import DELETE_OLD_RUNS, WATCH_ARCHIVE, WATCH_BACKUPS
from blog.blocks.api import blueprint as blocks_api
from blog.blocks.events import PersonBlocked, PersonMuted
from blog.blocks.pages import blueprint as blocks_pages
from blog.comments.api import blueprint as comments_api
from blog.comments.events import CommentDeleted, CommentRemoved, CommentWritten
from blog.comments.feeds import blueprint as comment_feeds
from blog.comments.pages import blueprint as comments_pages
from blog.core.api import versions
from blog.core.api.idempotency import delete_old as delete_old_answers
from blog.core.auth import identity
from blog.core.auth.expiry import delete_expired
from blog.core.crypto.passwords import Passwords
from blog.core.crypto.sealing import Sealer
from blog.core.crypto.tokens import LinkSigner
from blog.core.db import migrations, statements
from blog.core.db.database import Database
from blog.core.db.engines import TimeLimits
from blog.core.db.replicas import Replicas
from blog.core.db.request_coalescing import RequestCoalescer
from blog.core.events.handlers import HANDLERS, Handler, Handlers
from blog.core.events.log import delete_old as delete_old_events
from blog.core.figures.counts import Counts
from blog.core.figures.writing import FiguresWriter
from blog.core.i18n import catalogs
from blog.core.jobs.background import Background
from blog.core.jobs.cleaning import HOUR, cleaning
from blog.core.jobs.figures import job_figures
from blog.core.jobs.heartbeats import Heart, heartbeat_figures
from blog.core.jobs.listener import Listener
from blog.core.jobs.worker import JobWorker
from blog.core.metrics import watch_pool
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
from blog.core.web.rate_limits import delete_full as delete_full_rate_limits
from blog.core.web.request_normalisation import NormalisationMiddleware
from blog.discovery.cards import SWEEP_CARDS, CardProcesses
from blog.discovery.cards import blueprint as cards
from blog.discovery.oembed import blueprint as oembed
from blog.discovery.robots import blueprint as robots
from blog.discovery.sitemaps import blueprint as sitemaps
from blog.discovery.well_known import blueprint as well_known
from blog.feeds.handlers import tell_hub
from blog.feeds.jobs import PING_HUB
from blog.feeds.pages import blueprint as feeds
from blog.follows.api import blueprint as follows_api
from blog.follows.events import PersonFollowed
from blog.follows.pages import blueprint as follows_pages
from blog.mail.alerts import Alerts
from blog.mail.figures import outbox_figures
from blog.mail.mailbox_pages import blueprint as mailbox_pages
from blog.mail.pages import blueprint as mail_pages
from blog.mail.queue import delete_old as delete_old_mails
from blog.mail.queue import delete_old_refusals
from blog.mail.worker import MailWorker
from blog.media.api import blueprint as media_api
from blog.media.cleaning import SWEEP_UPLOADS
from blog.media.cleaning import delete_unused as delete_unused_media
from blog.media.jobs import PROCESS_MEDIA, REMOVE_MEDIA_FILE
from blog.media.pages import blueprint as media_pages
from blog.media.processes import ImageProcesses
from blog.media.rendering import image_finder
from blog.media.serving import blueprint as media_files
from blog.models import ApiToken, LoginSession, TrustedBrowser, UsedChallenge
from blog.moderation.answers.pages import blueprint as answer_pages
from blog.moderation.api import blueprint as moderation_api
from blog.moderation.events import (
    CommentDisabled,
    CommentEnabled,
    CommentReported,
    PostHidden,
    PostReported,
    PostShown,
    ReportClosed,
)
from blog.moderation.jobs import INDEX_RENAMED_TAG, MOVE_TAGGED_POSTS
from blog.moderation.log.api import blueprint as moderation_log_api
from blog.moderation.log.pages import blueprint as moderation_log
from blog.moderation.measures.api import blueprint as measures_api
from blog.moderation.measures.appeal_pages import blueprint as appeal_pages
from blog.moderation.measures.jobs import HIDE_EVERYTHING, SHOW_EVERYTHING
from blog.moderation.measures.pages import blueprint as measure_pages
from blog.moderation.measures.waiting import REMIND_OF_APPEALS
from blog.moderation.notes.pages import blueprint as moderator_notes
from blog.moderation.pages import blueprint as moderation_pages
from blog.moderation.reports.api import blueprint as reports_api
from blog.moderation.reports.handling_pages import blueprint as report_handling
from blog.moderation.reports.jobs import TELL_REPORTER, tell_reporters
from blog.moderation.reports.pages import blueprint as report_pages
from blog.moderation.reports.queue_pages import blueprint as report_queue
from blog.moderation.review import handlers as removed
from blog.moderation.review.pages import blueprint as review_pages
from blog.moderation.revision_pages import blueprint as revision_moderation_pages
from blog.moderation.tag_pages import blueprint as tag_moderation_pages
from blog.moderation.waves.jobs import ACT_ON_WAVE, UNDO_BULK_ACT
from blog.moderation.waves.pages import blueprint as waves_pages
from blog.notifications import handlers as notices
from blog.notifications.api import blueprint as notifications_api
from blog.notifications.cleaning import delete_old as delete_old_notifications
from blog.notifications.jobs import ANNOUNCE_POST
from blog.notifications.live.hub import Hub
from blog.notifications.live.pages import blueprint as live_pages
from blog.notifications.mail.api import blueprint as mail_settings_api
from blog.notifications.mail.jobs import MAIL_NOTIFICATIONS
from blog.notifications.mail.pages import blueprint as notification_mail_pages
from blog.notifications.pages import blueprint as notifications_pages
from blog.posts.api import blueprint as posts_api
from blog.posts.editor.autosave import blueprint as autosave_pages
from blog.posts.editor.covers import blueprint as cover_pages
from blog.posts.editor.pages import blueprint as editor_pages
from blog.posts.events import (
    PeopleMentioned,
    PostChanged,
    PostDeleted,
    PostPublished,
    PostUnpublished,
)
from blog.posts.jobs import PUBLISH_DUE_POSTS, RENDER_OLD_TEXTS
from blog.posts.pages import blueprint as posts_pages
from blog.posts.revisions.api import blueprint as revisions_api
from blog.posts.revisions.comparing import Comparisons
from blog.posts.revisions.pages import blueprint as revisions_pages
from blog.posts.state_pages import blueprint as post_state_pages
from blog.posts.views.counting import ViewCounts
from blog.posts.views.jobs import FORGET_VISITORS
from blog.posts.views.pages import blueprint as views_pages
from blog.reactions.api import blueprint as reactions_api
from blog.reactions.events import CommentLiked, PostLiked
from blog.reactions.pages import blueprint as reactions_pages
from blog.review.api import blueprint as held_api
from blog.review.cleaning import delete_old as delete_old_decisions
from blog.review.pages import blueprint as own_held_pages
from blog.review.similarity import delete_old_sketches
from blog.search.api import blueprint as search_api
from blog.search.feeds import blueprint as search_feeds
from blog.search.jobs import INDEX_OLD_COMMENTS, INDEX_OLD_POSTS
from blog.search.pages import blueprint as search_pages
from blog.site.pages import blueprint as site_pages
from blog.status.jobs import DELETE_OLD_INCIDENTS, WATCH_COMPONENTS
from blog.status.pages import blueprint as status_pages
from blog.subscriptions.handlers import mail_to_subscribers
from blog.subscriptions.jobs import MAIL_POST, TIDY_SUBSCRIPTIONS
from blog.subscriptions.pages import blueprint as subscriptions_pages
from blog.tags.api import blueprint as tags_api
from blog.tags.pages import blueprint as tags_pages
from blog.transfer.exporting.api import blueprint as exports_api
from blog.transfer.exporting.events import ExportEnded
from blog.transfer.exporting.handlers import remove_with_account
from blog.transfer.exporting.jobs import (
    MAKE_EXPORT,
    REMOVE_EXPORT,
    SWEEP_EXPORTS,
    tidy_exports,
)
from blog.transfer.exporting.pages import blueprint as exporting_pages
from blog.transfer.importing.events import ImportEnded
from blog.transfer.importing.handlers import remove_imports_with_account
from blog.transfer.importing.jobs import IMPORT_POSTS, tidy_imports
from blog.transfer.importing.pages import blueprint as importing_pages
from blog.transfer.importing.uploads import REMOVE_IMPORT_UPLOAD, SWEEP_IMPORT_UPLOADS
from blog.users.api import blueprint as users_api
from blog.users.pages import blueprint as users_pages
from blog.users.rendering import people_finder
from settings import Settings, WorkerPlace

# The handlers of domain events; see `blog.core.events.handlers`.
EVENT_HANDLERS = (
    Handler(AccountRegistered, tell_of_new_people),
    Handler(AccountDeleted, remove_with_account),
    Handler(AccountDeleted, remove_imports_with_account),
    Handler(PostPublished, mail_to_subscribers),
    Handler(PostShown, mail_to_subscribers),
    Handler(CommentWritten, notices.tell_of_comments),
    Handler(PeopleMentioned, notices.tell_of_mentions),
    Handler(PostLiked, notices.tell_of_likes),
    Handler(CommentLiked, notices.tell_of_comment_likes),
    Handler(PersonFollowed, notices.tell_of_followers),
    Handler(PostPublished, notices.announce_posts),
    Handler(PostReported, notices.tell_of_reports),
    Handler(CommentReported, notices.tell_of_reports),
    Handler(PostHidden, notices.tell_of_moderated_posts),
    Handler(PostShown, notices.tell_of_moderated_posts),
    Handler(CommentDisabled, notices.tell_of_moderated_comments),
    Handler(CommentEnabled, notices.tell_of_moderated_comments),
    Handler(CommentRemoved, notices.tell_of_moderated_comments),
    Handler(PostHidden, removed.remember_hidden_posts),
    Handler(CommentDisabled, removed.remember_disabled_comments),
    Handler(PostShown, removed.forget_shown_posts),
    Handler(CommentEnabled, removed.forget_enabled_comments),
    Handler(ExportEnded, notices.tell_of_exports),
    Handler(ImportEnded, notices.tell_of_imports),
    Handler(PostHidden, notices.forget_unreadable_posts),
    Handler(PostUnpublished, notices.forget_unreadable_posts),
    Handler(CommentDisabled, notices.forget_disabled_comments),
    Handler(CommentRemoved, notices.forget_disabled_comments),
    Handler(CommentDeleted, notices.forget_deleted_comments),
    Handler(ReportClosed, tell_reporters),
    Handler(ReportClosed, notices.forget_closed_reports),
    Handler(RoleChanged, notices.forget_reports_of_former_moderators),
    Handler(PersonMuted, notices.forget_muted_people),
    Handler(PersonBlocked, notices.forget_blocked_people),
)

# Those of a site with a WebSub hub: they make a transaction of each post that is written.
HUB_HANDLERS = tuple(
    Handler(event, tell_hub)
    for event in (
        PostPublished, PostChanged, PostUnpublished, PostDeleted, PostHidden, PostShown,
    )
)  # fmt: skip

# The kinds of background jobs; see `blog.core.jobs.kinds`. Mail has a separate queue.
JOBS = (
    REMOVE_DELETED_ACCOUNT,
    FIND_DELETED_ACCOUNTS,
    PUBLISH_DUE_POSTS,
    RENDER_OLD_TEXTS,
    TELL_REPORTER,
    REMIND_OF_APPEALS,
    HIDE_EVERYTHING,
    SHOW_EVERYTHING,
    MOVE_TAGGED_POSTS,
    INDEX_RENAMED_TAG,
    ACT_ON_WAVE,
    UNDO_BULK_ACT,
    INDEX_OLD_POSTS,
    INDEX_OLD_COMMENTS,
    PROCESS_MEDIA,
    REMOVE_MEDIA_FILE,
    PING_HUB,
    MAIL_POST,
    TIDY_SUBSCRIPTIONS,
    MAIL_NOTIFICATIONS,
    SWEEP_CARDS,
    MAKE_EXPORT,
    REMOVE_EXPORT,
    SWEEP_EXPORTS,
    cleaning("delete_expired_sessions", partial(delete_expired, table=LoginSession), every=HOUR),
    cleaning("delete_expired_tokens", partial(delete_expired, table=ApiToken), every=HOUR),
    RESEAL_SECRETS,
    cleaning("delete_expired_trust", partial(delete_expired, table=TrustedBrowser), every=HOUR),
    cleaning("delete_old_challenges", partial(delete_expired, table=UsedChallenge), every=HOUR),
    cleaning("delete_old_answers", delete_old_answers, every=HOUR),
    cleaning("delete_old_events", delete_old_events, every=HOUR),
    cleaning("delete_unused_media", delete_unused_media, every=HOUR),
    SWEEP_UPLOADS,
    cleaning("tidy_exports", tidy_exports, every=timedelta(minutes=10)),
    IMPORT_POSTS,
    REMOVE_IMPORT_UPLOAD,
    SWEEP_IMPORT_UPLOADS,
    ANNOUNCE_POST,
    cleaning("tidy_imports", tidy_imports, every=timedelta(minutes=5)),
    cleaning("delete_old_notifications", delete_old_notifications, every=HOUR),
    cleaning("delete_old_decisions", delete_old_decisions, every=HOUR),
    cleaning("delete_old_sketches", delete_old_sketches, every=HOUR),
    cleaning("delete_old_mails", delete_old_mails, every=HOUR),
    cleaning("delete_old_refusals", delete_old_refusals, every=HOUR),
    COUNT_DAYS,
    FORGET_VISITORS,
    WATCH_ARCHIVE,
    WATCH_BACKUPS,
    DELETE_OLD_RUNS,
    WATCH_COMPONENTS,
    DELETE_OLD_INCIDENTS,
    # A client with many addresses fills this table quickly.
    cleaning("delete_full_rate_limits", delete_full_rate_limits, every=timedelta(minutes=5)),
)

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
BLUEPRINTS = (
    registration_pages,
    login_pages,
    second_step_pages,
    unlock_pages,
    passwords_pages,
    email_pages,
    sessions_pages,
    reauthentication_pages,
    second_factor_pages,
    passkeys_pages,
    openid_pages,
    tokens_pages,
    leaving_pages,
    exporting_pages,
    users_pages,
    media_pages,
    media_files,
    site_pages,
    status_pages,
    feeds,
    sitemaps,
    robots,
    cards,
    oembed,
    well_known,
    search_pages,
    posts_pages,
    post_state_pages,
    views_pages,
    revisions_pages,
    editor_pages,
    autosave_pages,
    cover_pages,
    tags_pages,
    follows_pages,
    subscriptions_pages,
    blocks_pages,
    comments_pages,
    reactions_pages,
    comment_feeds,
    search_feeds,
    report_pages,
    report_queue,
    report_handling,
    moderator_notes,
    answer_pages,
    importing_pages,
    notifications_pages,
    live_pages,
    notification_mail_pages,
    moderation_pages,
    moderation_log,
    measure_pages,
    appeal_pages,
    own_held_pages,
    review_pages,
    review_rules_pages,
    waves_pages,
    revision_moderation_pages,
    tag_moderation_pages,
    figures_pages,
    admin_pages,
    site_settings_pages,
    applications_pages,
    invitations_pages,
    mail_pages,
    jobs_pages,
    health.blueprint,
    metrics_pages.blueprint,
)

# The resources of the API, in the order of its description.
RESOURCES = (
    posts_api,
    revisions_api,
    comments_api,
    held_api,
    tags_api,
    reactions_api,
    users_api,
    registration_api,
    follows_api,
    blocks_api,
    moderation_api,
    reports_api,
    measures_api,
    moderation_log_api,
    tokens_api,
    media_api,
    search_api,
    exports_api,
    notifications_api,
    mail_settings_api,
)
# What is closed with the application: live streams, and pools of processes beside the renderer's.
CLOSING = ("live", "image_processes", "comparisons", "cards")
# The database metrics of `/metrics`.
FIGURES = (outbox_figures, job_figures, heartbeat_figures, backup_figures, site_figures)


def create_app(settings: Settings) -> Broadside:
    """Create an application.

    Args:
        settings: its only configuration. There is no global state, so one process may have several
            applications.

    Returns:
        An ASGI application. Resources are opened and closed with its lifespan.
    """
    app = Broadside("blog", root_path=str(PROJECT), static_folder=None)
    app.settings = settings
    migrations.known_revisions()  # Read now, before an update may replace the files.
    handlers = Handlers(EVENT_HANDLERS + (HUB_HANDLERS if settings.websub_hub else ()))
    app.database = Database(
        settings.database_url,
        settings.var_dir / "postgres",
        pool_size=settings.database_pool_size,
        session_info={HANDLERS: handlers},
        direct_url=settings.database_direct_url,
    )
    app.listener = Listener(app.database)
    app.replicas = Replicas(url, app.database) if (url := settings.database_replica_url) else None
    app.request_coalescer = RequestCoalescer()
    app.lookups = Batches(app.database.reading_session)
    app.writes = Batches(app.database.autocommit_session, handlers, app.database.session)
    app.passwords = Passwords(site_name=settings.site_name)
    app.site_settings = SiteSettingsKeeper(
        app.database, app.listener, SiteSettings.defaults(settings), partial(follow_settings, app)
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
            JobWorker(app, app.database, JOBS, app.report_error),
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
    follow_settings(app, app.site)
    app.teardown_request(close_db)
    reachable = TrustedProxies(LingeringClose(app.asgi_app), settings.trusted_proxies)
    app.asgi_app = NormalisationMiddleware(reachable)  # type: ignore[method-assign]

    app.before_serving(partial(open_parts, app))
    app.after_serving(partial(close_parts, app))
    return app


async def open_parts(app: Broadside) -> None:
    """Open what an application needs to serve, and start its work in the background."""
    await open_database(app.database, app.settings)
    await app.site_settings.start()
    for language in app.site.offered_languages:
        catalogs.load(language)
    app.renderer.pool.start()
    if app.replicas is not None:
        open_replicas(app.replicas, app.settings)
    await app.heart.start()
    await app.figures_writer.start()
    if app.settings.background_worker is WorkerPlace.INTERNAL:
        await app.background.start()


async def close_parts(app: Broadside) -> None:
    """Stop the work in the background, and close what was opened."""
    await asyncio.gather(app.background.stop(), app.heart.stop(), app.figures_writer.stop())
    await app.site_settings.stop()
    await app.renderer.pool.close()
    await asyncio.gather(*(app.extensions[name].close() for name in CLOSING))
    await app.storage.close()
    if app.replicas is not None:
        await app.replicas.close()
    await app.database.close()


def follow_settings(app: Broadside, site: SiteSettings) -> None:
    """Change what was made of the settings of the site."""
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
    """Start to monitor the replicas, with statement counts."""
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
