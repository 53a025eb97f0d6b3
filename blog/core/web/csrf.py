"""CSRF protection of the pages.

Two independent checks (OWASP Cross-Site Request Forgery Prevention Cheat Sheet): the
`Sec-Fetch-Site` or `Origin` header, and a per-session token in every form. The token is masked anew
in each response, so that the compressed length of a page does not leak it (BREACH).
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast
from urllib.parse import urlsplit

from markupsafe import Markup, escape
from quart import Quart, g, request, session
from werkzeug.exceptions import BadRequest

from blog.core.i18n import gettext as _
from blog.core.web.app import current_app
from blog.core.web.requests import SAFE_METHODS, is_for_api

View = TypeVar("View", bound=Callable[..., Awaitable[object]])

FIELD = "csrf_token"
ONE_CLICK = "takes_one_click"
LENGTH = 32


class ForeignRequestError(BadRequest):
    """The request was made by a page of another site."""

    def __init__(self) -> None:
        super().__init__(_("This request came from another site, so nothing was changed."))


class StaleFormError(BadRequest):
    """The form's token does not belong to the current session, for example after a log-in."""

    def __init__(self) -> None:
        super().__init__(_("Nothing has been changed yet. Just send it again."))
        self.title = _("This form has expired")


def csrf_token() -> str:
    """A masked token for the forms of a response; the session gets its secret on first use."""
    secret = session.get(FIELD)
    if secret is None:
        secret = session[FIELD] = secrets.token_hex(LENGTH)
    masked_secret, token = g.get("csrf", ("", ""))
    if masked_secret != secret:
        mask = secrets.token_bytes(LENGTH)
        token = base64.urlsafe_b64encode(mask + _xor(mask, bytes.fromhex(secret))).decode()
        g.csrf = secret, token
    return cast(str, token)


def without_token(page: bytes) -> bytes:
    """The page of this response, without the token of its forms."""
    _secret, token = g.get("csrf", ("", ""))
    return page.replace(token.encode(), b"") if token else page


def csrf_field() -> Markup:
    """The hidden input that carries the token."""
    return hidden_input(FIELD, csrf_token())


def hidden_input(name: str, value: str) -> Markup:
    """A hidden input."""
    return Markup(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">')  # noqa: S704


def one_click(view: View) -> View:
    """Exempt a view from these checks, because mail programs and their servers send its form (RFC
    8058, 3.1).

    Its only authority must be a signed token in its URL: a page of another site that has the token
    can do no more than a person who has it.
    """
    setattr(view, ONE_CLICK, True)
    return view


async def check_csrf() -> None:
    """Refuse an unsafe request that does not come from one of this site's pages.

    The API is exempt: it ignores cookies, so a forged request has no credentials. So are views that
    are marked as `one_click`.

    Raises:
        ForeignRequestError, StaleFormError: answered with 400.
    """
    if request.method in SAFE_METHODS or request.routing_exception is not None or is_for_api():
        return
    if hasattr(current_app.view_functions.get(request.endpoint or ""), ONE_CLICK):
        return
    if not comes_from_here():
        raise ForeignRequestError
    if not _matches((await request.form).get(FIELD, "")):
        raise StaleFormError


def comes_from_here() -> bool:
    """Whether `Sec-Fetch-Site` or `Origin` names this site; `True` if the client sends neither.

    Behind an untrusted proxy, the request has the scheme of the proxy's connection; `BASE_URL` has
    the browser's.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    if origin is None:
        return True
    ours = (f"{request.scheme}://{request.host}", current_app.settings.base_url)
    return _origin(origin) in {_origin(address) for address in ours} - {None}


def _origin(address: str) -> tuple[str, str, int] | None:
    """The scheme, host and port of an address (RFC 6454, 4); `None` if it has no host."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname:
        return None
    return parts.scheme, parts.hostname, port or (443 if parts.scheme == "https" else 80)


def _matches(token: str) -> bool:
    secret = session.get(FIELD)
    try:
        raw = base64.urlsafe_b64decode(token)
    except (binascii.Error, ValueError):
        return False
    if secret is None or len(raw) != 2 * LENGTH:
        return False
    return hmac.compare_digest(_xor(raw[:LENGTH], raw[LENGTH:]), bytes.fromhex(secret))


def _xor(left: bytes, right: bytes) -> bytes:
    return (int.from_bytes(left) ^ int.from_bytes(right)).to_bytes(LENGTH)


def init_app(app: Quart) -> None:
    """Check every page request of `app`, and give its templates `csrf_field()`."""
    app.before_request(check_csrf)
    app.jinja_env.globals["csrf_field"] = csrf_field
