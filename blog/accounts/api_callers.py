"""Authentication of API calls, by HTTP Basic (RFC 7617) or a bearer token (RFC 6750).

HTTP Basic takes a password, or a token as the username.
Cookies are ignored. A token may do what its owner may do, within its scopes.
"""

import logging

import quart_auth
from pydantic import SecretStr
from quart import Blueprint, Response, request
from sqlalchemy import ColumnElement, literal_column, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.login.authentication import authenticate
from blog.accounts.login_attempts import clear_failures
from blog.core.api import limits
from blog.core.api.operations import Access, access_of
from blog.core.auth.clients import requesting_client
from blog.core.auth.credentials import find_credential, load_hiding_flags
from blog.core.auth.identity import current_viewer, set_viewer
from blog.core.auth.presence import record_presence
from blog.core.auth.second_factor_rule import withheld_from
from blog.core.auth.security_log import Event, note
from blog.core.auth.viewer import ANONYMOUS, Viewer
from blog.core.crypto.weak_passwords import LONGEST_PASSWORD
from blog.core.db.database_errors import DatabaseUnavailableError
from blog.core.db.touch import is_stale, touch
from blog.core.errors import ForbiddenError, UnconfirmedError
from blog.core.i18n import LazyText, lazy_gettext
from blog.core.i18n import gettext as _
from blog.core.web.app import close_db, current_app, db
from blog.core.web.errors import SECOND_FACTOR, error_response
from blog.core.web.freshness import may_have_written, read_from_replica
from blog.core.web.headers import vary_by
from blog.core.web.requests import SAFE_METHODS
from blog.models import ApiToken, User

CHALLENGE = 'Basic realm="Broadside", charset="UTF-8", Bearer realm="Broadside"'
LONGEST_LOGIN = 254
TWO_FACTORS = lazy_gettext(
    "This account has two-factor authentication, so the API doesn't accept its password. Please "
    "create a token on the site, under Settings, and send that."
)
WRITTEN: ColumnElement[int] = literal_column("(pg_current_wal_insert_lsn() - '0/0')::bigint")

log = logging.getLogger(__name__)


class BadCredentialsError(Exception):
    """The user or token does not exist, the password is wrong, or the token has expired."""


class SecondFactorError(Exception):
    """The caller has sent the password of an account with a second factor."""


class PasswordRequiredError(Exception):
    """The caller has sent a token where the password is required."""


UNAUTHORIZED_MESSAGES: dict[type[Exception], LazyText] = {
    quart_auth.Unauthorized: lazy_gettext("Please send an email address and password, or a token."),
    BadCredentialsError: lazy_gettext("Unknown user or token, wrong password, or expired token."),
    PasswordRequiredError: lazy_gettext(
        "A token isn't enough for this. Please send your password."
    ),
}


async def authenticate_request() -> None:
    """Authenticate each request to the API, apply the rate limits, and check the scope.

    Raises:
        quart_auth.Unauthorized: there are no credentials, where that is not allowed.
        BadCredentialsError: the credentials are invalid.
        ForbiddenError: the address is not confirmed, or the token lacks the scope.
        PasswordRequiredError: a token is not enough.
        SecondFactorError: the password is right, but not enough.
        TooManyRequestsError: the caller has sent too many requests, or too many wrong passwords.
    """
    if request.method == "OPTIONS":  # The preflight of a browser, without credentials.
        return
    set_viewer(ANONYMOUS)
    limits.refuse_known_credentials()
    if has_password := _has_password():
        await limits.spend()  # Counted for the IP address, before the password is hashed.
    try:
        viewer = await _load_viewer()
    except BadCredentialsError:
        if not has_password:
            await limits.spend()
        raise
    await limits.spend(viewer.id)
    if viewer.account is not None and not viewer.account.is_confirmed:
        raise UnconfirmedError
    set_viewer(viewer)
    _authorise(viewer, access_of(current_app.view_functions[str(request.endpoint)]))
    if viewer.account is not None:
        await record_presence(viewer.account)
    if viewer.token_id:
        read_from_replica(viewer.read_after)


def _authorise(viewer: Viewer, access: Access) -> None:
    """Enforce what the route of the request declares."""
    if viewer.account is None:
        is_read = request.method in SAFE_METHODS
        if not access.anonymous or (is_read and not current_app.settings.api_anonymous_reads):
            raise quart_auth.Unauthorized
    elif access.scope not in viewer.scopes:
        raise ForbiddenError(
            _(
                "This token doesn't have the scope “%(scope)s”.",
                scope=str(access.scope.name).lower(),
            )
        )
    elif access.password and not viewer.used_password:
        raise PasswordRequiredError


def _has_password() -> bool:
    credentials = request.authorization
    return credentials is not None and credentials.type == "basic" and bool(credentials.password)


async def _load_viewer() -> Viewer:
    """The user of the request's credentials; an anonymous viewer if there are none.

    Raises:
        BadCredentialsError: they are invalid.
        TooManyAttemptsError: too many passwords were tried.
    """
    credentials = request.authorization
    if credentials is None:
        if "Authorization" in request.headers:
            raise BadCredentialsError
        return ANONYMOUS
    if credentials.type == "basic":
        name, password = credentials.username or "", credentials.password or ""
        if password:
            account = await _check_password(db(), name, password)
            return Viewer.of(account, used_password=True).without(withheld_from(account))
        if not name:  # As HTTPie sends it for `--auth :`.
            return ANONYMOUS
        secret = name
    else:
        secret = credentials.token or "" if credentials.type == "bearer" else ""
    token = await find_credential(ApiToken, secret) if secret else None
    if token is None:
        note(Event.UNKNOWN_TOKEN, None)
        raise BadCredentialsError
    if is_stale(token.last_used_at):
        async with current_app.database.reading_session() as session:
            await touch(session, ApiToken.last_used_at, token.id)
    return Viewer.by_token(token).without(withheld_from(token.user))


async def _check_password(session: AsyncSession, login: str, password: str) -> User:
    """Find the user with this password. The attempt is counted, as on the login page."""
    if len(login) > LONGEST_LOGIN or len(password) > LONGEST_PASSWORD or "\0" in login:
        raise BadCredentialsError
    client = requesting_client()
    user = await authenticate(session, current_app.passwords, login, SecretStr(password), client)
    if user is None or user.is_disabled:
        raise BadCredentialsError
    await clear_failures(session, user, client.address)
    if user.has_second_factor:
        await session.commit()
        note(Event.RIGHT_PASSWORD, user.id)
        raise SecondFactorError
    await load_hiding_flags(session, user)
    await session.commit()
    note(Event.RIGHT_PASSWORD, user.id)
    return user


async def set_cache_headers(response: Response) -> Response:
    """Keep caches from serving a response to another caller."""
    vary_by(response, "Authorization")
    is_personal = "Authorization" in request.headers
    response.headers.setdefault("Cache-Control", "private, no-cache" if is_personal else "no-cache")
    return response


async def answer_password(_error: SecondFactorError) -> Response:
    """Answer a password of an account with a second factor, which a program can't provide."""
    return await error_response(403, str(TWO_FACTORS), problem=SECOND_FACTOR)


async def store_write_position(response: Response) -> Response:
    """After a request that may have written, store the primary's position with the token."""
    token_id = current_viewer().token_id
    if token_id and may_have_written(response):
        await close_db()
        statement = update(ApiToken).where(ApiToken.id == token_id).values(written_position=WRITTEN)
        try:
            async with current_app.database.autocommit_session() as session:
                await session.execute(statement.execution_options(synchronize_session=False))
        except (SQLAlchemyError, DatabaseUnavailableError, OSError) as error:
            # The write is committed; the next request finds the primary unavailable, too.
            log.warning("the position after a write was not stored: %s", error)
    return response


async def answer_unauthorized(error: Exception) -> Response:
    """Answer a request without valid credentials."""
    response = await error_response(401, str(UNAUTHORIZED_MESSAGES[type(error)]))
    response.headers["WWW-Authenticate"] = CHALLENGE
    return response


def authenticate_callers(version: Blueprint) -> None:
    """Authenticate each request to a version of the API."""
    version.before_request(authenticate_request)
    version.after_request(set_cache_headers)
    version.register_error_handler(SecondFactorError, answer_password)
    version.after_request(store_write_position)
    for error in UNAUTHORIZED_MESSAGES:
        version.register_error_handler(error, answer_unauthorized)
