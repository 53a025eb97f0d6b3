"""Helpers of the pages that links in mails lead to."""

from collections.abc import Awaitable, Callable

from quart import Response, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.accounts.schemas import ForgottenPasswordForm
from blog.core.auth.quotas import MAILING, spend
from blog.core.crypto.tokens import ExpiredTokenError, InvalidTokenError, OtherAccountError
from blog.core.errors import TooManyRequestsError
from blog.core.i18n import lazy_gettext
from blog.core.web.app import current_app
from blog.core.web.backlog import BACKLOG_FULL_WAIT
from blog.core.web.forms import Form

HEADERS = {
    # Keep the token out of caches and of the Referer header. Not "no-referrer", with which browsers
    # send `Origin: null` with the form (Fetch Standard, "append a request Origin header"), which is
    # refused as cross-site.
    "Cache-Control": "no-store",
    "Referrer-Policy": "strict-origin",
}

BUSY = lazy_gettext("We're getting a lot of requests right now. Try again in %(duration)s.")


async def keep_token_secret(response: Response) -> Response:
    """Add the headers to the response if its URL contains a token."""
    if "token" in (request.view_args or {}):
        response.headers.update(HEADERS)
    return response


async def announce_link(
    mail_link: Callable[[str], Awaitable[None]], template: str, promise: str
) -> ResponseReturnValue:
    """Answer the form for a link by mail, in the same words whether the account exists or not.

    The mail is created after the response, because the duration would reveal whether the account
    exists. If the process crashes in between, the user has to try again.

    Args:
        mail_link: mails the link to an address, if there is an account with it.
        template: the page with the form.
        promise: the message to show on the next page.
    """
    form = Form(ForgottenPasswordForm)
    if (data := await form.submitted()) is not None:
        try:
            await spend(MAILING)
            if not current_app.backlog.add(mail_link, data.email):
                raise TooManyRequestsError(BACKLOG_FULL_WAIT, BUSY)
        except TooManyRequestsError as error:
            form.refuse(error)
        else:
            await flash(promise, "success")
            return redirect(url_for("login.login"))
    return await render_template(template, form=form), form.status


async def bad_link(error: InvalidTokenError, way_on: str, label: str) -> ResponseReturnValue:
    """The error page for an invalid link.

    Args:
        way_on: the endpoint where the user can get another link.
        label: the label of the link to it.
    """
    page = await render_template(
        "accounts/bad_link.html",
        is_expired=isinstance(error, ExpiredTokenError),
        is_others=isinstance(error, OtherAccountError),
        way_on=way_on,
        label=label,
    )
    return page, 400
