"""Reauthentication before sensitive actions, because the browser may be unattended.

References: OWASP ASVS 5.0, 7.5.1 to 7.5.3; NIST SP 800-63B-4, 5.2 ("Reauthentication").

Every such route declares it:

    @blueprint.post("")
    @quota(CHANGING_ACCOUNT)
    @reauthentication_required
    async def ask() -> ResponseReturnValue: ...

`blog.accounts.reauthentication.pages` asks for proof, and keeps the form that was sent.
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

# How long logging in or reauthenticating proves who is at the browser.
PROOF_LASTS = timedelta(minutes=15)
_DECLARED = "_reauthentication"
ALWAYS, FOR_CHANGES, BY_PASSWORD = "always", "for changes", "by password"


class ReauthenticationRequiredError(BlogError):
    """The user has to prove their identity again; the response asks them to."""


def has_recent_proof(login: LoginSession) -> bool:
    """Whether the user of a session has recently proved their identity."""
    return now() - login.authenticated_at < PROOF_LASTS


def needs_no_password(login: LoginSession) -> bool:
    """Whether they have recently reauthenticated, rather than only logged in.

    Forms that ask for the password don't need it then.
    """
    return login.reauthenticated_at is not None and has_recent_proof(login)


def reauthentication_required(view: View[Arguments]) -> View[Arguments]:
    """Ask users to prove their identity again, unless they did in the last 15 minutes.

    The view then raises `quart_auth.Unauthorized` for an anonymous viewer, and otherwise
    `ReauthenticationRequiredError`.
    """

    @functools.wraps(view)
    async def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> ResponseReturnValue:
        if not has_recent_proof(required_login()):
            raise ReauthenticationRequiredError
        return await view(*args, **kwargs)

    setattr(checked, _DECLARED, ALWAYS)
    return checked


def reauthentication_or_password_required(view: View[Arguments]) -> View[Arguments]:
    """Like `reauthentication_required`, for a form that asks for the password itself.

    That is proof enough, unless the user has a second factor
    (`blog.accounts.reauthentication.service.check_form_password`).
    """
    protected = reauthentication_required(view)

    @functools.wraps(view)
    async def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> ResponseReturnValue:
        has_second_factor = required_login().user.has_second_factor
        return await (protected if has_second_factor else view)(*args, **kwargs)

    setattr(checked, _DECLARED, BY_PASSWORD)
    return checked


def reauthentication_required_for_changes(view: View[Arguments]) -> View[Arguments]:
    """Like `reauthentication_required`, but not for safe methods, unless the view declares that."""
    protected = reauthentication_required(view)

    @functools.wraps(view)
    async def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> ResponseReturnValue:
        chosen = view if request.method in SAFE_METHODS else protected
        return await chosen(*args, **kwargs)

    setattr(checked, _DECLARED, getattr(view, _DECLARED, FOR_CHANGES))
    return checked


def declared_reauthentication(view: Callable[..., object], method: str) -> str | None:
    """The declaration of a view for a method: `ALWAYS`, `BY_PASSWORD` or `None`."""
    declared: str | None = getattr(view, _DECLARED, None)
    if declared == FOR_CHANGES:
        return None if method in SAFE_METHODS else ALWAYS
    return declared
