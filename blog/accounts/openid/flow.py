"""The state of a login elsewhere, which the browser keeps in the signed cookie of its session."""

import secrets
from typing import Any, NamedTuple

from quart import session as browser_session
from quart import url_for

from blog.accounts.schemas import LONGEST_INVITATION
from blog.core.clock import now
from blog.core.crypto.tokens import InvalidTokenError
from blog.core.i18n import lazy_gettext
from blog.core.web.app import current_app

NOT_FROM_HERE = lazy_gettext(
    "This login wasn't started in this browser, or took too long. Please try again."
)
ATTEMPT, IDENTITY = "openid_attempt", "openid_identity"
SECONDS = 600
# A cookie has up to 4,096 bytes.
LONGEST_NEXT = 500


class Attempt(NamedTuple):
    """A login that has been sent to an issuer.

    Attributes:
        provider: the key of the provider.
        state: binds the response to this browser (OpenID Connect Core 1.0, 3.1.2.1).
        nonce: binds the ID token to this login.
        verifier: binds the code to this login (RFC 7636).
        next: the page to continue with.
        user_id: the user who connects an account, or confirms who they are; 0 for a login.
        invitation: the token of the invitation link, if there was one.
        confirms_session: the session whose user confirms who they are; 0 for anything else.
        begun_at: when it started, in seconds since 1970.
    """

    provider: str
    state: str
    nonce: str
    verifier: str
    next: str
    user_id: int
    invitation: str
    confirms_session: int = 0
    begun_at: int = 0


def start_attempt(
    provider: str, *, next_page: str, user_id: int = 0, invitation: str = "",
    confirms_session: int = 0,
) -> Attempt:  # fmt: skip
    """Start a login, which replaces an earlier one of this browser.

    Values that are too long for the cookie are left out.
    """
    next_page = next_page if len(next_page) <= LONGEST_NEXT else url_for("site.home")
    invitation = invitation if len(invitation) <= LONGEST_INVITATION else ""
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    attempt = Attempt(
        provider, state, nonce, verifier, next_page, user_id, invitation, confirms_session,
        int(now().timestamp()),
    )  # fmt: skip
    store(ATTEMPT, attempt._asdict())
    return attempt


def take_attempt(provider: str, state: str) -> Attempt | None:
    """Take the login that a response belongs to out of the browser's session, so that it counts
    once; `None` if there is none."""
    content = load_stored(ATTEMPT)
    browser_session.pop(ATTEMPT, None)
    if content is None or content["provider"] != provider:
        return None
    is_same = secrets.compare_digest(content["state"].encode(), state.encode())
    return Attempt(**content) if is_same else None


def store(name: str, content: dict[str, Any]) -> None:
    """Store something, signed, in the session of the browser."""
    browser_session[name] = current_app.links.sign(name, content)


def load_stored(name: str) -> dict[str, Any] | None:
    """Load what was stored in the last ten minutes; `None` if there is nothing."""
    try:
        return current_app.links.read(name, browser_session.get(name, ""), SECONDS)
    except InvalidTokenError:
        return None
