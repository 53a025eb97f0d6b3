"""The versions of the API: the same resources at two addresses, each with links of its own.

`/api/v1.0` is the one of the examples in Flask Web Development.
"""

from pydantic import BaseModel
from quart import Blueprint, Response
from quart_schema import document_response

from blog.accounts import api_callers as callers
from blog.accounts.tokens.api import blueprint as tokens
from blog.comments.api import blueprint as comments
from blog.core.api import cors, documentation, limits
from blog.core.api.answers import answer
from blog.core.api.links import PREFIXES, Url, links
from blog.core.db.cursors import InvalidCursorError
from blog.core.web.app import Broadside
from blog.core.web.errors import error_response
from blog.follows.api import blueprint as follows
from blog.moderation.api import blueprint as moderation
from blog.posts.api import blueprint as posts
from blog.users.api import blueprint as users

RESOURCES = (posts, comments, users, follows, moderation, tokens)

root = Blueprint("root", __name__)


class Root(BaseModel):
    """Where everything else can be reached from."""

    posts_url: Url
    comments_url: Url
    users_url: Url
    me_url: Url
    tokens_url: Url
    token_url: Url
    documentation_url: Url


@root.get("/")
@document_response(Root)
async def overview() -> Response:
    """List what there is at the top level."""
    to = links()
    return answer(
        Root(
            posts_url=f"{to.root}/posts/",
            comments_url=f"{to.root}/comments/",
            users_url=f"{to.root}/users/",
            me_url=f"{to.root}/me",
            tokens_url=f"{to.root}/tokens/",
            token_url=f"{to.root}/token",
            documentation_url=f"{to.root.rpartition('/')[0]}/docs",
        )
    )


async def bad_cursor(_error: InvalidCursorError) -> Response:
    """The answer to a cursor that this list has not given."""
    problem = "This is not a cursor of this list."
    return await error_response(422, problem, {"cursor": problem})


def init_app(app: Broadside) -> None:
    """Serve the API in all its versions, and what documents it."""
    for name, prefix in PREFIXES.items():
        version = Blueprint(name, __name__, url_prefix=prefix)
        version.before_request(callers.identify)
        version.after_request(limits.add_headers)
        version.after_request(callers.keep_apart)
        for error in callers.WHAT_IS_MISSING:
            version.register_error_handler(error, callers.challenge)
        version.register_error_handler(InvalidCursorError, bad_cursor)
        for blueprint in (root, *RESOURCES):
            version.register_blueprint(blueprint)
        app.register_blueprint(version)
    cors.init_app(app)
    documentation.init_app(app)
