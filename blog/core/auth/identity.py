"""Authentication of requests for pages.

The viewer is `current_viewer()` in routes, and `viewer` in templates.
"""

import hashlib
from typing import cast

import quart_auth
from itsdangerous import URLSafeTimedSerializer
from quart import Response, g, request, session
from quart_auth import Action, AuthUser, QuartAuth

from blog.core.auth.clients import requesting_client
from blog.core.auth.credentials import find_credential
from blog.core.auth.presence import record_presence
from blog.core.auth.second_factor_rule import withheld_from
from blog.core.auth.sessions import REMEMBERED_LIFE, record_use
from blog.core.auth.viewer import ANONYMOUS, UNKNOWN, Viewer
from blog.core.crypto.tokens import SkewTolerantSigner
from blog.core.db.touch import is_stale
from blog.core.errors import UnconfirmedError
from blog.core.web.app import Broadside, current_app
from blog.core.web.headers import keep_private
from blog.core.web.languages import choose_language
from blog.core.web.requests import SAFE_METHODS, is_for_api
from blog.models import LoginSession, Permission, User

# Endpoints that do not depend on the viewer, and skip authentication.
VIEWER_INDEPENDENT = {
    "cards.person",
    "cards.post",
    "cards.site",
    "site.accent",
    "comment_feeds.of_post",
    "feeds.person",
    "feeds.site",
    "feeds.tag",
    "static",
    "well_known",
    "users.avatar",
    "media_files.show",
    "media_files.show_variant",
    "moderation_log.feed",
    "moderation_log.file",
    "health.alive",
    "health.ready",
    "metrics.show",
    "oembed.embed",
    "oembed.show",
    "robots.show",
    "search_feeds.of_search",
    "sitemaps.file",
    "sitemaps.index",
    "well_known_uris.change_password",
    "well_known_uris.security",
}
# Forms that may be sent before the address is confirmed, besides those under `/auth/`.
OPEN_TO_UNCONFIRMED = {
    "appeals.mail_link",
    "appeals.send",
    "site.change_appearance",
    "site.change_language",
    "subscriptions.ask",
    "subscriptions.confirm",
    "subscriptions.undo",
    "subscriptions.unsubscribe",
    "users.edit_profile",
}


def current_viewer() -> Viewer:
    """The viewer of the current request; `UNKNOWN` before authentication."""
    return cast(Viewer, g.get("viewer", UNKNOWN))


def set_viewer(viewer: Viewer) -> None:
    """Set the viewer of the current request."""
    g.viewer = viewer
    if viewer.account is not None:
        g.user_id = viewer.id  # For the access log.


def required_login() -> LoginSession:
    """Return the session of a viewer who must be logged in.

    Raises:
        quart_auth.Unauthorized: they are not; the response redirects to the log-in page.
    """
    login = current_viewer().login
    if login is None:
        raise quart_auth.Unauthorized
    keep_private()
    return login


def required_viewer() -> Viewer:
    """Return the viewer, who must be logged in, or call the API with credentials.

    Raises:
        quart_auth.Unauthorized: they are not; the response redirects to the log-in page, or is 401
        in the API.
    """
    viewer = current_viewer()
    if viewer.account is None:
        raise quart_auth.Unauthorized
    keep_private()
    return viewer


def required_account() -> User:
    """The account of a `required_viewer`."""
    return required_viewer().person


async def authenticate_by_cookie() -> Viewer:
    """Look up the session in the browser's cookie.

    Returns:
        Its user; an anonymous viewer if the session has ended or never existed.
    """
    cookie, viewer = quart_auth.current_user, ANONYMOUS
    if cookie.auth_id is not None:
        login = await find_credential(LoginSession, cookie.auth_id)
        if login is None:
            cookie.action = Action.DELETE
        else:
            if is_stale(login.last_used_at):
                async with current_app.database.reading_session() as session:
                    await record_use(session, login, requesting_client())
            viewer = Viewer.by_session(login).without(withheld_from(login.user))
    set_viewer(viewer)
    return viewer


def set_login_cookie(token: str, *, remember: bool) -> None:
    """Set the cookie with the token of a session.

    Args:
        remember: whether it lasts for 30 days instead of until the browser is closed.
    """
    quart_auth.login_user(AuthUser(token), remember)
    set_viewer(UNKNOWN)


def forget_viewer() -> None:
    """Delete the browser's cookies of the viewer: their session, and the CSRF secret."""
    quart_auth.logout_user()
    set_viewer(UNKNOWN)
    session.clear()


async def authenticate_viewer() -> None:
    """Authenticate each request for a page, except for endpoints that do not depend on the viewer.

    Users with an unconfirmed address can read, but send only the forms of their own account.

    Raises:
        UnconfirmedError: it is another form.
    """
    if is_for_api() or request.endpoint in VIEWER_INDEPENDENT:
        return
    viewer = await authenticate_by_cookie()
    if viewer.account is None:
        return
    choose_language(viewer.account.interface_language)
    await record_presence(viewer.account)
    if viewer.is_unconfirmed and request.method not in SAFE_METHODS:
        is_open = request.path.startswith("/auth/") or request.endpoint in OPEN_TO_UNCONFIRMED
        if not is_open and request.routing_exception is None:
            raise UnconfirmedError


class LoginCookieSerializer(URLSafeTimedSerializer):
    """Like quart-auth's private serializer, but tolerates machines with different clocks."""

    default_signer = SkewTolerantSigner

    def __init__(self, secret: str | list[str], salt: str) -> None:
        super().__init__(secret, salt, signer_kwargs={"digest_method": hashlib.sha512})


class LoginCookies(QuartAuth):
    """quart-auth, without reading the cookie of requests whose viewer doesn't matter."""

    async def after_request(self, response: Response) -> Response:
        """Write the cookie, if something has asked for it or changed it."""
        return await super().after_request(response) if self.attribute_name in g else response


def init_app(app: Broadside) -> None:
    """Authenticate requests, and give templates the viewer.

    quart-auth reads and writes the cookie, which contains only the token of a session.
    `blog.accounts.api_callers` authenticates API requests.
    """
    LoginCookies(
        app,
        cookie_name=app.config["COOKIE_PREFIX"] + "login",
        cookie_secure=app.config["SESSION_COOKIE_SECURE"],
        duration=int(REMEMBERED_LIFE.total_seconds()),
        salt="login session",
        serializer_class=LoginCookieSerializer,  # type: ignore[arg-type]
    )
    app.before_request(authenticate_viewer)
    app.current_viewer = current_viewer
    app.jinja_env.globals["Permission"] = Permission
    app.jinja_env.globals["current_viewer"] = current_viewer
