"""Who is asking: `current_user` in the views and the templates."""

from datetime import timedelta
from typing import cast

import quart_auth
from quart import Quart, redirect, request, url_for
from quart.typing import ResponseReturnValue
from quart_auth import Action, AuthUser, QuartAuth

from blog.accounts import queries
from blog.models import LoginSession, Permission, User
from blog.web.app import db

SESSION_LIFE = timedelta(days=30)


class Visitor(AuthUser):
    """The person behind a request. An anonymous one may do nothing and has no `account`.

    quart-auth reads the session's token out of the signed cookie (`auth_id`); `load` looks
    up the session that it stands for.
    """

    login: LoginSession | None = None

    async def load(self) -> None:
        """Find the session; if it was ended, or never was, the visitor is anonymous."""
        if self.auth_id is None:
            return
        self.login = await queries.session_of_token(db(), self.auth_id)
        if self.login is None:
            self.action = Action.DELETE

    @property
    def account(self) -> User | None:
        return self.login.user if self.login else None

    @property
    async def is_authenticated(self) -> bool:
        return self.account is not None

    def can(self, permission: Permission) -> bool:
        """Whether this visitor may do what `permission` names."""
        return self.account is not None and self.account.can(permission)


current_user = cast(Visitor, quart_auth.current_user)


def required_account() -> User:
    """The account of a visitor who is known to be logged in.

    Raises:
        quart_auth.Unauthorized: he is not; the answer leads to the login page.
    """
    if current_user.account is None:
        raise quart_auth.Unauthorized
    return current_user.account


async def load_visitor() -> None:
    """Before each request but those for static files: find out who is asking."""
    if request.endpoint != "static":
        await current_user.load()


async def keep_unconfirmed_out() -> ResponseReturnValue | None:
    """Show a person without a confirmed address nothing but what helps to confirm it."""
    account = current_user.account
    open_to_all = request.blueprint in {"accounts", "mailbox"} or request.endpoint == "static"
    if account is None or account.is_confirmed or open_to_all:
        return None
    return redirect(url_for("accounts.unconfirmed"))


async def ask_to_log_in(_error: quart_auth.Unauthorized) -> ResponseReturnValue:
    """Lead to the login page, and from there back to where the visitor wanted to go."""
    wanted = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("accounts.login", next=wanted))


def init_app(app: Quart) -> None:
    """Make `current_user` known to `app` and its templates."""
    QuartAuth(
        app,
        cookie_name=app.config["COOKIE_PREFIX"] + "login",
        cookie_secure=app.config["SESSION_COOKIE_SECURE"],
        duration=int(SESSION_LIFE.total_seconds()),
        salt="login session",
        user_class=Visitor,
    )
    app.before_request(load_visitor)
    app.before_request(keep_unconfirmed_out)
    app.register_error_handler(quart_auth.Unauthorized, ask_to_log_in)
    app.jinja_env.globals["Permission"] = Permission
