"""Helpers that the login pages share: setting the cookies, and continuing with the next page."""

from quart import flash, redirect, render_template, request, session, url_for
from quart.typing import ResponseReturnValue

from blog.accounts.login.service import OpenedSession
from blog.core.auth.attacks import was_attacked
from blog.core.auth.devices import remember_device
from blog.core.auth.identity import authenticate_by_cookie, set_login_cookie
from blog.core.auth.trust import set_trust_cookie
from blog.core.i18n import lazy_gettext
from blog.core.web.requests import local_address
from blog.core.web.resubmission import UnsentForm

WAS_ATTACKED = lazy_gettext(
    "Someone has tried many wrong passwords for your account lately. Nobody got in. A second "
    "factor keeps it safe, even from those who guess your password."
)


async def complete_login(
    opened: OpenedSession, *, remember: bool, unsent: UnsentForm | None
) -> ResponseReturnValue:
    """Set the cookies of a new session, and continue with the requested page.

    Args:
        remember: whether the session lasts for 30 days.
        unsent: the form to restore, which was sent after the previous session had expired.
    """
    await _set_cookies(opened, remember=remember)
    if unsent is None:
        return redirect(next_page_url())
    await authenticate_by_cookie()
    return await render_template("accounts/logged_in_again.html", unsent=unsent)


async def complete_login_at(opened: OpenedSession, address: str) -> ResponseReturnValue:
    """Set the cookies of a new session, and continue with a page of this site."""
    await _set_cookies(opened, remember=False)
    return redirect(address)


async def _set_cookies(opened: OpenedSession, *, remember: bool) -> None:
    session.clear()
    set_login_cookie(opened.token, remember=remember)
    remember_device(opened.user.id, opened.user.device_generation)
    if opened.trust_token is not None:
        set_trust_cookie(opened.trust_token)
    if was_attacked(opened.user):
        await flash(str(WAS_ATTACKED), "info")


def next_page_url() -> str:
    """The URL of the page to continue with (`?next=`)."""
    return local_address(request.args.get("next")) or url_for("site.home")
