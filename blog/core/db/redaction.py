"""Keeping people's words and secrets out of the texts of the database's errors.

An error's text, and that of what caused it, goes into logs and mails with the traceback. SQLAlchemy
leaves the parameters out (`hide_parameters`), but PostgreSQL's own details repeat whole rows
(`Key (email)=(susan@example.com) already exists`), and so do its words, and asyncpg's, about
a value that does not fit (`invalid input syntax for type integer: "…"`).
"""

from typing import Any

from sqlalchemy import Engine, ExceptionContext, event


def keep_values_out_of_errors(engine: Engine) -> None:
    """Let no error of `engine` tell a value."""
    event.listen(engine, "handle_error", _forget_values)


def _forget_values(context: ExceptionContext) -> None:
    driver_error: Any = context.original_exception.__cause__
    if not hasattr(driver_error, "detail"):
        return
    driver_error.detail = None
    # PostgreSQL, appendix A, "Error Codes": class 22 is "data exception". asyncpg's own errors,
    # about a connection that is closed, have no code.
    if (getattr(driver_error, "sqlstate", None) or "").startswith("22"):
        # What could not be converted, in Python's words.
        driver_error.__cause__ = None
        driver_error.__suppress_context__ = True
        for error in (context.sqlalchemy_exception, context.original_exception, driver_error):
            if error is not None:
                error.args = (str(error.args[0]).partition(": ")[0], *error.args[1:])
