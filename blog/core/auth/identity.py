"""Who is asking: `current_user` in the views and the templates."""

from functools import lru_cache
from typing import cast

import quart_auth
from itsdangerous import URLSafeTimedSerializer
from quart import Quart, g, redirect, request, session, url_for
from quart.typing import ResponseReturnValue
from quart_auth import Action, AuthUser, QuartAuth

from blog.core.auth.clients import requesting_client
from blog.core.auth.credentials import credential
from blog.core.auth.presence import note_presence
from blog.core.auth.sessions import REMEMBERED_LIFE, note_use
from blog.core.auth.viewer import Viewer
from blog.core.db.touch import is_due
from blog.core.web.app import current_app
from blog.core.web.headers import keep_private
from blog.core.web.requests import is_for_api
from blog.models import LoginSession, Permission, User

# What is the same for everybody, and asked for often: it needs not know who is asking.
IMPERSONAL = {"static", "users.avatar", "health.alive", "health.ready", "metrics.show"}


class Visitor(AuthUser):
    """The person behind a request. An anonymous one may do nothing and has no `account`.

    quart-auth reads the session's token out of the signed cookie (`auth_id`); `load` looks
    up the session that it stands for. Who calls the API is found out by
    `blog.accounts.api_callers`.

    Attributes:
        login: the session of a browser.
        account: the person.
        user_id, username: the account's, for the log and for what stands on every page: a
            rollback makes SQLAlchemy forget what it has loaded, and a page about an error
            must not ask for it again.
        permissions: what this visitor may do, kept for the same reason.
        is_known: whether it could be found out who is asking; not so while the database is
            away, or where a request is refused before.
    """

    login: LoginSession | None = None
    account: User | None = None
    user_id: int | None = None
    username: str | None = None
    permissions = Permission(0)
    is_known = False

    async def load(self) -> User | None:
        """Find the session; if it was ended, or never was, the visitor is anonymous.

        Returns:
            The person.
        """
        if self.auth_id is not None:
            self.login = await credential(LoginSession, self.auth_id)
            if self.login is None:
                self.action = Action.DELETE
            else:
                if is_due(self.login.last_used_at):
                    async with current_app.database.warm_sessions.session() as session:
                        await note_use(session, self.login, requesting_client())
                self.recognise(self.login.user)
        self.is_known = True
        return self.account

    def recognise(self, account: User) -> None:
        """Take note of whose request this is, and of what that person may do."""
        self.account = account
        self.user_id, self.username = account.id, account.username
        self.permissions = account.permissions
        g.user_id = account.id  # For the log of requests.

    @property
    async def is_authenticated(self) -> bool:
        return self.account is not None

    @property
    def viewer(self) -> Viewer:
        """This visitor, for services and policies."""
        return Viewer(self.user_id or 0, self.username or "", self.permissions, self.account)

    def can(self, permission: Permission) -> bool:
        """Whether this visitor may do what `permission` names."""
        return permission in self.permissions


current_user = cast(Visitor, quart_auth.current_user)


def required_login() -> LoginSession:
    """The session of a visitor who is known to be logged in.

    Raises:
        quart_auth.Unauthorized: he is not; the answer leads to the login page.
    """
    if current_user.login is None:
        raise quart_auth.Unauthorized
    keep_private()
    return current_user.login


def required_account() -> User:
    """The account of a visitor who is known to be logged in, or to call the API.

    Raises:
        quart_auth.Unauthorized: he is not; the answer leads to the login page, and in the API
            it is 401.
    """
    if current_user.account is None:
        raise quart_auth.Unauthorized
    keep_private()
    return current_user.account


def required_viewer() -> Viewer:
    """As `required_account`, with what this visitor may do: for whatever asks for permissions."""
    required_account()
    return current_user.viewer


def set_login_cookie(token: str, *, remember: bool) -> None:
    """Let the browser keep the token of its session with the answer to this request.

    Args:
        remember: for 30 days, otherwise until the browser is closed.
    """
    quart_auth.login_user(Visitor(token), remember)


def forget_visitor() -> None:
    """Take away all that the browser keeps of its visitor: who he is, and his forms' secret."""
    quart_auth.logout_user()
    session.clear()


async def recognise_visitor() -> ResponseReturnValue | None:
    """Before each request for a page but the impersonal ones: find out who is asking.

    A person without a confirmed address gets nothing to see but what helps to confirm it.
    """
    if is_for_api() or request.endpoint in IMPERSONAL:
        return None
    if (account := await current_user.load()) is None:
        return None
    await note_presence(account)
    open_to_all = request.path.startswith("/auth/") or request.blueprint == "mailbox"
    if account.is_confirmed or open_to_all:
        return None
    return redirect(url_for("registration.unconfirmed"))


def _signer(keys: str | list[str], salt: str) -> URLSafeTimedSerializer:
    """Signs and checks the cookies; quart-auth would make another one for each request."""
    return _kept_signer(tuple([keys] if isinstance(keys, str) else keys), salt)


@lru_cache(maxsize=10)
def _kept_signer(keys: tuple[str, ...], salt: str) -> URLSafeTimedSerializer:
    return QuartAuth.serializer_class(keys, salt)


def init_app(app: Quart) -> None:
    """Make `current_user` known to `app` and its templates."""
    QuartAuth(
        app,
        cookie_name=app.config["COOKIE_PREFIX"] + "login",
        cookie_secure=app.config["SESSION_COOKIE_SECURE"],
        duration=int(REMEMBERED_LIFE.total_seconds()),
        salt="login session",
        serializer_class=_signer,  # type: ignore[arg-type]
        user_class=Visitor,
    )
    app.before_request(recognise_visitor)
    app.jinja_env.globals["Permission"] = Permission
