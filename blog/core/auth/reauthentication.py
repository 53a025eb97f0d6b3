"""Reauthentication before sensitive actions, because the browser may be unattended.

References: OWASP ASVS 5.0, 7.5.1 to 7.5.3; NIST SP 800-63B-4, 5.2 ("Reauthentication").

Every such route declares it:

    @blueprint.post("")
    @quota(CHANGING_ACCOUNT)
    @reauthentication_required
    async def ask() -> ResponseReturnValue: ...

`blog.accounts.reauthentication.pages` asks, and keeps what was typed.
"""

import functools
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import ParamSpec

from quart import request
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_login
from blog.core.clock import now
from blog.core.errors import BlogError
from blog.core.web.requests import SAFE_METHODS
from blog.models import LoginSession

Arguments = ParamSpec("Arguments")
View = Callable[Arguments, Awaitable[ResponseReturnValue]]

# How long a log-in, or an answer to the question, proves who is at the browser.
PROOF_LASTS = timedelta(minutes=15)
_DECLARED = "_reauthentication"
ALWAYS, FOR_CHANGES, BY_PASSWORD = "always", "for changes", "by password"


class ReauthenticationRequiredError(BlogError):
    """The user has to prove again who they are; the response asks them to."""


def is_proved(login: LoginSession) -> bool:
    """Whether the user of a session has proved recently who they are."""
    return now() - login.authenticated_at < PROOF_LASTS


def needs_no_password(login: LoginSession) -> bool:
    """Whether they have proved it recently by more than opening this session: then forms that ask
    for the password don't need it."""
    return login.reauthenticated_at is not None and is_proved(login)


def reauthentication_required(view: View[Arguments]) -> View[Arguments]:
    """Ask users to prove again who they are, unless they did in the last 15 minutes.

    The view then raises `quart_auth.Unauthorized` for an anonymous viewer, and otherwise
    `ReauthenticationRequiredError`.
    """

    @functools.wraps(view)
    async def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> ResponseReturnValue:
        if not is_proved(required_login()):
            raise ReauthenticationRequiredError
        return await view(*args, **kwargs)

    setattr(checked, _DECLARED, ALWAYS)
    return checked


def reauthentication_or_password_required(view: View[Arguments]) -> View[Arguments]:
    """The same for a form that asks for the password itself, which proves enough, unless the user
    has a second factor (`blog.accounts.reauthentication.service.check_form_password`).
    """
    asking = reauthentication_required(view)

    @functools.wraps(view)
    async def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> ResponseReturnValue:
        has_second_factor = required_login().user.has_second_factor
        return await (asking if has_second_factor else view)(*args, **kwargs)

    setattr(checked, _DECLARED, BY_PASSWORD)
    return checked


def reauthentication_required_for_changes(view: View[Arguments]) -> View[Arguments]:
    """The same, but a page that only shows something asks only if it declares that itself."""
    asking = reauthentication_required(view)

    @functools.wraps(view)
    async def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> ResponseReturnValue:
        chosen = view if request.method in SAFE_METHODS else asking
        return await chosen(*args, **kwargs)

    setattr(checked, _DECLARED, getattr(view, _DECLARED, FOR_CHANGES))
    return checked


def declared_reauthentication(view: Callable[..., object], method: str) -> str | None:
    """What a view declares for requests of this method: `ALWAYS`, `BY_PASSWORD` or nothing."""
    declared: str | None = getattr(view, _DECLARED, None)
    if declared == FOR_CHANGES:
        return None if method in SAFE_METHODS else ALWAYS
    return declared
