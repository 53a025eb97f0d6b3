"""The log of security events (OWASP ASVS 5.0, 16.3.1 and 16.3.2).

Each line has the event and the id of the account. Input is never logged, because it may be a
password in the wrong field. The request's access log line, with the same request id, has the rest.
"""

import logging
from enum import StrEnum

from quart import has_request_context, request

log = logging.getLogger(__name__)


class Event(StrEnum):
    """The security events."""

    REGISTERED = "registered"
    CONFIRMED = "confirmed the email address"
    LOGGED_IN = "logged in"
    LOGGED_OUT = "logged out"
    WRONG_PASSWORD = "entered a wrong password"  # noqa: S105
    RIGHT_PASSWORD = "confirmed the password"  # noqa: S105
    IDENTITY_CONFIRMED = "confirmed who they are"
    WRONG_PASSKEY = "sent an invalid answer of a passkey"
    COPIED_PASSKEY = "sent the answer of a passkey whose counter has fallen"
    WRONG_CODE = "entered a wrong code"
    SECOND_FACTOR_ADDED = "added a second factor"
    SECOND_FACTOR_REMOVED = "removed a second factor"
    RECOVERY_CODES_RENEWED = "created new recovery codes"
    TOO_MANY_ATTEMPTS = "was blocked after too many wrong passwords or codes"
    UNKNOWN_TOKEN = "used an unknown token"  # noqa: S105
    SESSION_ENDED = "ended a session"
    ALL_SESSIONS_ENDED = "logged out everywhere"
    OTHER_SESSIONS_ENDED = "ended all other sessions"
    PASSWORD_CHANGED = "changed the password"  # noqa: S105
    RESET_LINK_SENT = "was sent a link to reset the password"
    UNLOCK_LINK_SENT = "was sent a link to log in on a new device"
    PASSWORD_RESET = "reset the password with a link"  # noqa: S105
    ADDRESS_CHANGE_ASKED = "asked to change the email address"
    ADDRESS_CHANGED = "changed the email address"
    OPENID_CONNECTED = "connected an account of another service"
    OPENID_DISCONNECTED = "disconnected an account of another service"
    TOKEN_ISSUED = "created an API token"  # noqa: S105
    TOKEN_REVOKED = "revoked an API token"  # noqa: S105
    ALL_TOKENS_REVOKED = "revoked all API tokens"
    DELETED = "deleted the account"


FAILURES = {
    Event.WRONG_PASSWORD,
    Event.WRONG_PASSKEY,
    Event.COPIED_PASSKEY,
    Event.WRONG_CODE,
    Event.TOO_MANY_ATTEMPTS,
    Event.UNKNOWN_TOKEN,
}


def note(event: Event, user_id: int | None) -> None:
    """Log an event: failures as warnings, everything else as information.

    Args:
        event: the event. If it is a change, the caller has committed it.
        user_id: the account; `None` if it does not exist or was not looked up.
    """
    who = f"account {user_id}" if user_id is not None else "someone unknown"
    facts = {
        "event": event.name.lower(),
        "account": user_id,
        "client": request.remote_addr if has_request_context() else None,
    }
    level = logging.WARNING if event in FAILURES else logging.INFO
    log.log(level, "%s %s", who, event, extra=facts)
