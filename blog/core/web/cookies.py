"""Cookies beside those of the session and the login."""

from datetime import timedelta

from quart.typing import ResponseTypes

from blog.core.web.app import current_app


def cookie_name(name: str) -> str:
    """The name of a cookie of this site, with the prefix that production adds."""
    return f"{current_app.config['COOKIE_PREFIX']}{name}"


def set_cookie(
    response: ResponseTypes, name: str, value: str, life: timedelta, *, for_scripts: bool = False
) -> None:
    """Set a cookie that other sites' forms do not send.

    Args:
        response: the response that sets it.
        name: without the prefix.
        value: the value.
        life: how long the browser keeps it.
        for_scripts: whether scripts can read it.
    """
    response.set_cookie(
        cookie_name(name),
        value,
        max_age=life,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=not for_scripts,
        samesite="Lax",
    )
