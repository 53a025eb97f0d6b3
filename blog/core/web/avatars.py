"""Avatars: `avatar_url` in the templates."""

from quart import url_for

from blog.core.web.app import Broadside, current_app
from blog.core.web.identicons import gravatar_url, identicon_seed
from blog.models import User
from settings import Avatars


def avatar_url(user: User, size: int = 128) -> str:
    """The URL of a user's avatar.

    Args:
        user: whose avatar. Identicons derive from the id, which is public: they reveal nothing
            about the e-mail address, and survive a change of address or name.
        size: width and height in pixels, for Gravatar; identicons are SVG and scale.
    """
    if current_app.settings.avatars is Avatars.GRAVATAR:
        return gravatar_url(user.avatar_hash, size)
    return url_for("users.avatar", seed=identicon_seed(str(user.id)))


def init_app(app: Broadside) -> None:
    """Give the templates of `app` `avatar_url(user, size)`."""
    app.jinja_env.globals["avatar_url"] = avatar_url
