"""What it means when the database fails: away, too slow, or unhappy with a statement."""

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# What a standby answers to a write (PostgreSQL, appendix A, "Error Codes").
READ_ONLY = "25006"


class DatabaseUnavailableError(Exception):
    """The database cannot be reached; the message is one line for the operator."""


def is_unavailable(error: BaseException) -> bool:
    """Whether `error` means that the database is away, as opposed to unhappy with a statement."""
    if isinstance(error, DatabaseUnavailableError | PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None) or ""
    # 08: connection exception, 53300: too many connections, 57P: shutdown and start-up
    # (PostgreSQL, appendix A, "Error Codes").
    return state.startswith(("08", "57P")) or state == "53300"


def is_out_of_space(error: BaseException) -> bool:
    """Whether the server could not store something because its disk is full."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "53100"


def refusal(error: DBAPIError) -> str | None:
    """Why the database does not let this role do something, in one line; `None` if it does."""
    state = getattr(error.orig, "sqlstate", None)
    if state == READ_ONLY:
        return "the database takes no writes: it is a standby, or read-only for this role"
    if state == "42501":  # Insufficient privilege; the message names the table or schema.
        message = str(getattr(error.orig, "__cause__", error)).partition("\n")[0]
        return f"the database does not let this role do that: {message}"
    return None


def broken_reference(error: BaseException) -> str | None:
    """The name of the foreign key that `error` is about: a row refers to another one that is gone.

    Returns:
        `None` if it is about something else.
    """
    # Foreign key violation (PostgreSQL, appendix A, "Error Codes").
    if not isinstance(error, IntegrityError) or getattr(error.orig, "sqlstate", None) != "23503":
        return None
    return str(getattr(error.orig.__cause__, "constraint_name", "")) if error.orig else ""


def is_deadlock(error: BaseException) -> bool:
    """Whether `error` ended a transaction that waited for another one, which waited for it.

    Nothing of it was done, and it may be tried again.
    """
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "40P01"


def is_lock_timeout(error: BaseException) -> bool:
    """Whether `error` ended a statement that had waited for a lock for `lock_timeout`."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "55P03"


def is_timeout(error: BaseException) -> bool:
    """Whether the server ended a statement because of `lock_timeout` or `statement_timeout`.

    Its transaction has changed nothing, and may be tried again.
    """
    if is_lock_timeout(error):
        return True
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "57014"


def is_schema_mismatch(error: DBAPIError) -> bool:
    """Whether a table or a column that `error` is about does not exist: migrations are missing."""
    return getattr(error.orig, "sqlstate", None) in {"42P01", "42703"}
