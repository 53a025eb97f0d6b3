"""Classification of database errors."""

from asyncpg.exceptions import InternalClientError
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

# The error of a write on a standby (PostgreSQL, appendix A, "Error Codes").
READ_ONLY = "25006"


class DatabaseUnavailableError(Exception):
    """The database cannot be reached; the message is one line for the operator."""


def is_unavailable(error: BaseException) -> bool:
    """Whether `error` means that the database is unreachable, as opposed to a failed statement."""
    if isinstance(error, DatabaseUnavailableError | PoolTimeoutError):
        return True
    # "cannot switch to state": the connection was closed while asyncpg was using it. SQLAlchemy
    # doesn't recognise it.
    if isinstance(error, InternalClientError):
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
    """Whether the server's disk is full."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "53100"


def refusal(error: DBAPIError) -> str | None:
    """Why the role lacks permission, in one line; `None` for other errors."""
    state = getattr(error.orig, "sqlstate", None)
    if state == READ_ONLY:
        return "the database takes no writes: it is a standby, or read-only for this role"
    if state == "42501":  # Insufficient privilege; the message names the table or schema.
        message = str(getattr(error.orig, "__cause__", error)).partition("\n")[0]
        return f"the database does not let this role do that: {message}"
    return None


def broken_reference(error: BaseException) -> str | None:
    """The name of the foreign key that was violated because the referenced row is gone.

    Returns:
        `None` for other errors.
    """
    # Foreign key violation (PostgreSQL, appendix A, "Error Codes").
    if not isinstance(error, IntegrityError) or getattr(error.orig, "sqlstate", None) != "23503":
        return None
    return str(getattr(error.orig.__cause__, "constraint_name", "")) if error.orig else ""


def violated_check(error: BaseException) -> str | None:
    """The name of the check that a row violated; `None` for other errors."""
    # Check violation; triggers raise it, too.
    if not isinstance(error, IntegrityError) or getattr(error.orig, "sqlstate", None) != "23514":
        return None
    return str(getattr(error.orig.__cause__, "constraint_name", "")) if error.orig else ""


def is_deadlock(error: BaseException) -> bool:
    """Whether the transaction was rolled back because of a deadlock; it may be retried."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "40P01"


def is_lock_timeout(error: BaseException) -> bool:
    """Whether a statement exceeded `lock_timeout`."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "55P03"


def is_timeout(error: BaseException) -> bool:
    """Whether a statement exceeded `lock_timeout` or `statement_timeout`.

    Its transaction is rolled back, and may be retried.
    """
    if is_lock_timeout(error):
        return True
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "57014"


def is_schema_mismatch(error: DBAPIError) -> bool:
    """Whether a table or column does not exist, because migrations have not been run."""
    return getattr(error.orig, "sqlstate", None) in {"42P01", "42703"}
