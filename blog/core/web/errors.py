"""Error responses: pages, or problem documents (RFC 9457) where the client prefers JSON."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import NamedTuple

from quart import Quart, Response, json, render_template, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from blog.core.db.cursors import InvalidCursorError
from blog.core.db.database_errors import (
    broken_reference,
    is_deadlock,
    is_out_of_space,
    is_timeout,
    is_unavailable,
)
from blog.core.db.pagination import TooDeepError
from blog.core.errors import (
    BusyError,
    ForbiddenError,
    GoneError,
    InvalidFieldsError,
    NotFoundError,
)
from blog.core.i18n import LazyText, lazy_gettext
from blog.core.i18n import gettext as _
from blog.core.storage.interface import (
    NoSuchObjectError,
    StorageFullError,
    StorageUnavailableError,
)
from blog.core.web.app import current_app
from blog.core.web.csrf import StaleFormError
from blog.core.web.headers import vary_by
from blog.core.web.logs import request_id
from blog.core.web.requests import is_for_api
from blog.core.web.resubmission import unsent_form

log = logging.getLogger(__name__)


class Explanation(NamedTuple):
    """Title and text of an error page."""

    title: str | LazyText
    detail: str | LazyText


EXPLANATIONS = {
    400: Explanation(
        lazy_gettext("Something's wrong with that request"),
        lazy_gettext("Something in the request is malformed."),
    ),
    401: Explanation(
        lazy_gettext("Please log in"), lazy_gettext("You need to be logged in to see this page.")
    ),
    403: Explanation(
        lazy_gettext("You can't do that"),
        lazy_gettext("Your account doesn't have permission to do this."),
    ),
    404: Explanation(
        lazy_gettext("Page not found"),
        lazy_gettext("It may have been deleted, or there's a typo in the address."),
    ),
    405: Explanation(
        lazy_gettext("Method not allowed"),
        lazy_gettext("This address doesn't accept that kind of request."),
    ),
    408: Explanation(
        lazy_gettext("That took too long"),
        lazy_gettext("Your request didn't arrive within 30 seconds. Please try again."),
    ),
    410: Explanation(
        lazy_gettext("No longer available"), lazy_gettext("It has been hidden or removed.")
    ),
    413: Explanation(
        lazy_gettext("That's too large"),
        lazy_gettext("Your request is larger than the limit of 1 MiB."),
    ),
    429: Explanation(
        lazy_gettext("Slow down"),
        lazy_gettext("You've sent too many requests. Please try again later."),
    ),
    500: Explanation(
        lazy_gettext("Something went wrong"),
        lazy_gettext("That's our fault. The error has been logged."),
    ),
    507: Explanation(
        lazy_gettext("We're out of space"),
        lazy_gettext(
            "The server's disk is full, so nothing was saved. Keep a copy of your text and "
            "try again later. We've told the people who run this site."
        ),
    ),
    503: Explanation(
        lazy_gettext("We'll be right back"),
        lazy_gettext("The database isn't responding. Nothing that was saved is lost."),
    ),
}
# The type of the problem that an account has a second factor; docs/api.md describes it.
SECOND_FACTOR = "/api/docs#second-factor"
RETRY_SECONDS = "5"
FULL_DISK_RETRY_SECONDS = "300"
# Foreign keys to the resource in the URL, and to the account of the requester.
FOREIGN_KEYS_TO_TARGET = {
    "fk_comments_post_id",
    "fk_follows_followed_id",
    "fk_post_drafts_post_id",
    "fk_reports_comment_id",
    "fk_reports_post_id",
}
FOREIGN_KEYS_TO_REQUESTER = {
    "fk_api_tokens_user_id",
    "fk_authenticators_user_id",
    "fk_blocks_user_id",
    "fk_bookmark_folders_user_id",
    "fk_bookmarks_user_id",
    "fk_comment_likes_user_id",
    "fk_comments_author_id",
    "fk_exports_user_id",
    "fk_follows_follower_id",
    "fk_hidden_words_user_id",
    "fk_mail_preferences_user_id",
    "fk_media_owner_id",
    "fk_mutes_user_id",
    "fk_openid_logins_user_id",
    "fk_passkeys_user_id",
    "fk_post_drafts_editor_id",
    "fk_post_imports_owner_id",
    "fk_post_likes_user_id",
    "fk_post_revisions_editor_id",
    "fk_posts_author_id",
    "fk_recovery_codes_user_id",
    "fk_reports_reporter_id",
    "fk_sessions_user_id",
    "fk_tag_follows_user_id",
    "fk_trusted_browsers_user_id",
}
# Rows that a concurrent request may have deleted. Any other broken reference is a bug.
GONE: dict[str | None, tuple[int, LazyText]] = {
    **dict.fromkeys(FOREIGN_KEYS_TO_TARGET, (404, lazy_gettext("This no longer exists."))),
    **dict.fromkeys(
        FOREIGN_KEYS_TO_REQUESTER, (409, lazy_gettext("Your account has just been deleted."))
    ),
}
# Statuses after which the form may be sent again, as it is or changed.
RETRYABLE = {400, 409, 422, 429, 500, 503, 507}
# Statuses of requests whose body was not read.
BODY_NOT_READ = {408, 413}
NO_STORAGE = lazy_gettext("The file storage isn't responding. Please try again in a moment.")
TOO_SLOW = lazy_gettext("This took too long, so nothing was changed. Please try again.")


def prefers_json() -> bool:
    """Whether the client prefers JSON to HTML."""
    offers = ["text/html", "application/json", "application/problem+json"]
    return (request.accept_mimetypes.best_match(offers) or offers[0]) != "text/html"


async def error_response(
    status: int,
    detail: str | LazyText | None = None,
    errors: Mapping[str, str] | None = None,
    *,
    title: str | LazyText | None = None,
    problem: str = "about:blank",
) -> Response:
    """The response for an error. An error page of a form shows what the user typed.

    Args:
        status: the HTTP status.
        detail: a description of this case; by default that of the status.
        errors: what is wrong with each field.
        title: the heading of the page; by default that of the status.
        problem: the type of a problem document (RFC 9457, 3.1.1), where the status doesn't say it.
    """
    phrase = HTTPStatus(status).phrase
    explanation = EXPLANATIONS.get(status, Explanation(phrase, ""))
    detail = str(detail or explanation.detail)
    # Lets the operator find the error in the log.
    reference = request_id.get() if status == 500 else None
    if is_for_api() or prefers_json():
        document: dict[str, object] = {
            "type": problem,
            "title": phrase,
            "status": status,
            "detail": detail,
            # Flasky's clients read these two.
            "error": phrase.lower(),
            "message": detail,
        }
        if reference:
            document["request_id"] = reference
        if errors:
            document["errors"] = [{"field": f, "message": m} for f, m in errors.items()]
        response = Response(json.dumps(document), status, content_type="application/problem+json")
    else:
        page = await render_template(
            "errors/error.html",
            status=status,
            title=title or explanation.title,
            detail=detail,
            reference=reference,
            unsent=None if status in BODY_NOT_READ else await unsent_form(errors),
            can_be_sent=status in RETRYABLE,
        )
        response = Response(page, status)
    vary_by(response, "Accept")
    return response


async def handle_http_error(error: HTTPException) -> ResponseReturnValue:
    """Answer an HTTP exception."""
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()
    status = error.code or 500
    own_words = error.description if error.description != type(error).description else None
    if status == 400 or status not in EXPLANATIONS:
        own_words = error.description
    response = await error_response(status, own_words)
    for name, value in error.get_headers():
        if name not in {"Content-Type", "Content-Length"}:
            response.headers[name] = value
    return response


async def handle_unexpected(error: Exception) -> ResponseReturnValue:
    """Answer any other exception: 503 if the database is unreachable, usually 500 otherwise."""
    if is_unavailable(error):
        # SQLAlchemy adds the statement, in more lines.
        log.error("the database does not answer: %s", str(error).partition("\n")[0])
        response = await error_response(503)
        response.headers["Retry-After"] = RETRY_SECONDS
        return response
    if is_out_of_space(error) or isinstance(error, StorageFullError):
        current_app.report_error(error)
        response = await error_response(507)
        response.headers["Retry-After"] = FULL_DISK_RETRY_SECONDS
        return response
    if is_timeout(error):
        log.warning("a statement was cancelled because it exceeded its time limit")
        response = await error_response(503, TOO_SLOW)
        response.headers["Retry-After"] = RETRY_SECONDS
        return response
    if is_deadlock(error):
        log.warning("a transaction was rolled back because of a deadlock")
        response = await error_response(
            503, _("Something else changed this at the same time. Please try again.")
        )
        response.headers["Retry-After"] = "1"
        return response
    if broken := GONE.get(broken_reference(error)):
        return await error_response(*broken)
    current_app.report_error(error)
    return await error_response(500)


def init_app(app: Quart) -> None:
    """Let `app` answer every error this way."""

    @app.errorhandler(NotFoundError)
    async def not_found(error: NotFoundError) -> Response:
        return await error_response(404, str(error) or None)

    @app.errorhandler(GoneError)
    async def gone(error: GoneError) -> Response:
        return await error_response(410, str(error) or None)

    @app.errorhandler(NoSuchObjectError)
    async def no_such_object(_error: NoSuchObjectError) -> Response:
        return await error_response(404)

    @app.errorhandler(StorageUnavailableError)
    async def no_storage(error: StorageUnavailableError) -> Response:
        log.error("the file storage does not answer: %s", error)
        response = await error_response(503, NO_STORAGE)
        response.headers["Retry-After"] = RETRY_SECONDS
        return response

    @app.errorhandler(TooDeepError)
    async def too_deep(error: TooDeepError) -> Response:
        return await error_response(404, str(error))

    @app.errorhandler(InvalidCursorError)
    async def no_such_place(_error: InvalidCursorError) -> Response:
        return await error_response(404, _("This page doesn't exist."))

    @app.errorhandler(ForbiddenError)
    async def forbidden(error: ForbiddenError) -> Response:
        refused = current_app.current_viewer().why_refused
        return await error_response(403, refused or str(error) or None)

    @app.errorhandler(InvalidFieldsError)
    async def invalid_fields(error: InvalidFieldsError) -> Response:
        return await error_response(error.status, str(error), error.errors)

    @app.errorhandler(BusyError)
    async def busy(error: BusyError) -> Response:
        of_fields = {field: problem for field, problem in error.errors.items() if field}
        response = await error_response(error.status, str(error), of_fields)
        response.headers["Retry-After"] = str(error.retry_after)
        return response

    @app.errorhandler(StaleFormError)
    async def stale_form(error: StaleFormError) -> Response:
        return await error_response(400, error.description, title=error.title)

    app.register_error_handler(HTTPException, handle_http_error)
    app.register_error_handler(Exception, handle_unexpected)
