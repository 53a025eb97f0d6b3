"""Keeping robots from signing up, without a script or a puzzle.

A field that people don't see has to stay empty, and the form must not come back sooner than a
person can fill it in. Browsers say when a user has pressed the button (Fetch Metadata,
`Sec-Fetch-User`), so a password manager may be as quick as it likes. A refused form is shown again,
and sending it once more is enough.
"""

from collections.abc import Mapping

from quart import request

from blog.core.clock import now
from blog.core.crypto.tokens import InvalidTokenError, LinkSigner
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import lazy_gettext

PURPOSE = "form to sign up"
# The name of the trap is one that no browser fills in by itself.
TRAP, OPENED = "subject", "opened"
FEWEST_SECONDS = 2.0
LONGEST_SECONDS = 24 * 3600

IS_TRAPPED = lazy_gettext("Please leave the field “Subject” empty, and send the form again.")
TOO_QUICK = lazy_gettext("That was very quick. Please send the form again.")


def sign_opening_time(links: LinkSigner) -> str:
    """Sign the current time, for the field of the form that says when it was opened."""
    return links.sign(PURPOSE, {"at": now().timestamp()})


def refuse_robots(links: LinkSigner, fields: Mapping[str, str]) -> None:
    """Refuse a form that a robot has filled in. Forms without these fields, from clients that build
    the request themselves, are not checked.

    Raises:
        InvalidFieldsError: a robot seems to have filled it in.
    """
    if fields.get(TRAP):
        raise InvalidFieldsError({"": IS_TRAPPED})
    if OPENED not in fields or request.headers.get("Sec-Fetch-User") == "?1":
        return
    try:
        opened_at = links.read(PURPOSE, fields[OPENED], LONGEST_SECONDS)["at"]
    except InvalidTokenError:
        opened_at = now().timestamp()
    if now().timestamp() - float(opened_at) < FEWEST_SECONDS:
        raise InvalidFieldsError({"": TOO_QUICK})
