"""Broadside, a social blog: `create_app` puts its parts together."""

from pathlib import Path

from blog.accounts import identity
from blog.accounts.pages import blueprint as accounts_pages
from blog.kit import statements
from blog.kit.database import Database
from blog.kit.passwords import Passwords
from blog.kit.tokens import LinkSigner
from blog.mail.worker import MailWorker
from blog.posts.pages import blueprint as posts_pages
from blog.users.pages import blueprint as users_pages
from blog.web import csrf, errors, headers, requests, templating
from blog.web.app import Broadside, close_db
from settings import Settings

PROJECT = Path(__file__).resolve().parents[1]


def create_app(settings: Settings) -> Broadside:
    """Make an application.

    Args:
        settings: its configuration; nothing else decides how it behaves, and nothing of it
            is kept outside the application, so that two may live in one process.

    Returns:
        An ASGI application. What has to be opened is opened and closed with its lifespan.
    """
    app = Broadside("blog", root_path=str(PROJECT))
    app.settings = settings
    app.database = Database(settings.database_url, settings.var_dir / "postgres")
    app.passwords = Passwords()
    app.links = LinkSigner(settings.signing_key())
    app.mail_worker = MailWorker(app.database, settings)

    configure(app)
    for part in (requests, identity, csrf, errors, headers, templating):
        part.init_app(app)
    app.register_blueprint(accounts_pages)
    app.register_blueprint(posts_pages)
    app.register_blueprint(users_pages)
    app.teardown_request(close_db)

    @app.before_serving
    async def open_parts() -> None:
        await app.database.open()
        statements.watch(app.database.engine, settings.slow_query_seconds)
        await app.mail_worker.start()

    @app.after_serving
    async def close_parts() -> None:
        await app.mail_worker.stop()
        await app.database.close()

    return app


def configure(app: Broadside) -> None:
    """Tell Quart and its extensions what they ask of the settings."""
    settings = app.settings
    # A cookie with this prefix is only taken over TLS, from this very host (RFC 6265bis, 4.1.3).
    prefix = "" if settings.is_development else "__Host-"
    app.secret_key = settings.signing_key()
    app.config.update(
        BASE_URL=settings.base_url,
        COOKIE_PREFIX=prefix,
        MAIL_SUBJECT_PREFIX=settings.mail_subject_prefix,
        MAX_CONTENT_LENGTH=requests.LARGEST_BODY,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_NAME=prefix + "session",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=not settings.is_development,
    )
