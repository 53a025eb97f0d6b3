"""Avatars: `avatar_url` in the templates."""

from typing import Protocol

from quart import url_for

from blog.core.web.app import Broadside, current_app
from blog.core.web.identicons import gravatar_url, identicon_seed
from settings import Avatars

# An uploaded avatar is there in these sizes, in pixels.
WIDTHS = (64, 128, 256)
LENGTH_OF_NAME = 32


class Pictured(Protocol):
    """A user, or a value of a list with the same fields."""

    @property
    def id(self) -> int: ...
    @property
    def avatar_key(self) -> str: ...


def avatar_url(user: Pictured, size: int = 128) -> str:
    """The URL of a user's avatar: the uploaded one, or one that follows from who they are.

    Args:
        user: whose avatar. Identicons derive from the id, which is public: they reveal nothing
            about the email address, and survive a change of address or name.
        size: width and height in pixels, unless it is an identicon: these are SVG and scale.
    """
    key = user.avatar_key
    if len(key) == LENGTH_OF_NAME:
        width = next((width for width in WIDTHS if width >= size), WIDTHS[-1])
        path = url_for("media_files.show_variant", name=key, width=width)
        return (current_app.settings.media_url or "") + path
    if current_app.settings.avatars is Avatars.GRAVATAR:
        return gravatar_url(key, size)
    return url_for("users.avatar", seed=identicon_seed(str(user.id)))


def init_app(app: Broadside) -> None:
    """Give the templates of `app` `avatar_url(user, size)`."""
    app.jinja_env.globals["avatar_url"] = avatar_url
