"""Redact values in database errors.

Error messages, including those of causes, go into logs and mails with the traceback. SQLAlchemy
omits the parameters (`hide_parameters`), but PostgreSQL's details contain values (`Key
(email)=(susan@example.com) already exists`), and so do PostgreSQL's and asyncpg's messages about
invalid ones (`invalid input syntax for type integer: "…"`).
"""

from typing import Any

from sqlalchemy import Engine, ExceptionContext, event


def redact_errors(engine: Engine) -> None:
    """Redact values in the errors of `engine`."""
    event.listen(engine, "handle_error", _redact_values)


def _redact_values(context: ExceptionContext) -> None:
    driver_error: Any = context.original_exception.__cause__
    if not hasattr(driver_error, "detail"):
        return
    driver_error.detail = None
    # Class 22 is "data exception" (PostgreSQL, appendix A, "Error Codes"). asyncpg's own errors,
    # such as those of closed connections, have no code.
    if (getattr(driver_error, "sqlstate", None) or "").startswith("22"):
        # The Python exception of a failed conversion.
        driver_error.__cause__ = None
        driver_error.__suppress_context__ = True
        for error in (context.sqlalchemy_exception, context.original_exception, driver_error):
            if error is not None:
                error.args = (str(error.args[0]).partition(": ")[0], *error.args[1:])
