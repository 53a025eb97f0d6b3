"""The picture of each person: `avatar_url` in the templates."""

from quart import url_for

from blog.core.web.app import Broadside, current_app
from blog.core.web.identicons import gravatar_url, identicon_seed
from blog.models import User
from settings import Avatars


def avatar_url(user: User, size: int = 128) -> str:
    """Where the picture of a person is.

    Args:
        user: whose. An identicon is drawn from the id, which is public anyway: it tells
            nothing of the e-mail address, and stays when this or the name changes.
        size: width and height in pixels, if it is one of Gravatar's; an identicon has any.
    """
    if current_app.settings.avatars is Avatars.GRAVATAR:
        return gravatar_url(user.avatar_hash, size)
    return url_for("users.avatar", seed=identicon_seed(str(user.id)))


def init_app(app: Broadside) -> None:
    """Give the templates of `app` `avatar_url(user, size)`."""
    app.jinja_env.globals["avatar_url"] = avatar_url
