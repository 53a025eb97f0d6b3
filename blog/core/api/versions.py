"""The versions of the API: the same resources at two URLs, each with its own links.

`/api/v1.0` is the URL of the examples in Flask Web Development.
"""

from collections.abc import Callable, Sequence

from pydantic import BaseModel
from quart import Blueprint, Response
from quart_schema import document_response

from blog.core.api import cors, documentation, limits
from blog.core.api.links import EXAMPLE_ROOT, PREFIXES, Url, links
from blog.core.api.operations import Resource, access_of, requires_scope
from blog.core.api.responses import json_response
from blog.core.db.cursors import InvalidCursorError
from blog.core.i18n import gettext as _
from blog.core.text.validation import with_example
from blog.core.web.app import Broadside
from blog.core.web.errors import error_response
from blog.models import Scope

root = Resource("root", __name__, "The resources to start from.")


_EXAMPLE = {
    "posts_url": f"{EXAMPLE_ROOT}/posts/",
    "comments_url": f"{EXAMPLE_ROOT}/comments/",
    "tags_url": f"{EXAMPLE_ROOT}/tags/",
    "users_url": f"{EXAMPLE_ROOT}/users/",
    "me_url": f"{EXAMPLE_ROOT}/me",
    "search_url": f"{EXAMPLE_ROOT}/search/",
    "drafts_url": f"{EXAMPLE_ROOT}/me/drafts/",
    "tokens_url": f"{EXAMPLE_ROOT}/tokens/",
    "token_url": f"{EXAMPLE_ROOT}/token",
    "documentation_url": "https://blog.example/api/docs",
}


class Root(BaseModel):
    """The top-level resource, which links to all others."""

    model_config = with_example(_EXAMPLE)

    posts_url: Url
    comments_url: Url
    tags_url: Url
    users_url: Url
    me_url: Url
    search_url: Url
    drafts_url: Url
    tokens_url: Url
    token_url: Url
    documentation_url: Url


@root.get("/")
@requires_scope(Scope.READ, anonymous=True)
@document_response(Root)
async def get_root() -> Response:
    """List the top-level resources."""
    to = links()
    return json_response(
        Root(
            posts_url=f"{to.root}/posts/",
            comments_url=f"{to.root}/comments/",
            tags_url=f"{to.root}/tags/",
            users_url=f"{to.root}/users/",
            me_url=f"{to.root}/me",
            search_url=f"{to.root}/search/",
            drafts_url=f"{to.root}/me/drafts/",
            tokens_url=f"{to.root}/tokens/",
            token_url=f"{to.root}/token",
            documentation_url=f"{to.root.rpartition('/')[0]}/docs",
        )
    )


async def bad_cursor(_error: InvalidCursorError) -> Response:
    """Respond to a cursor that is not from this list."""
    problem = _("This cursor isn't from this list.")
    return await error_response(422, problem, {"cursor": problem})


def init_app(
    app: Broadside, resources: Sequence[Resource], authenticate: Callable[[Blueprint], None]
) -> None:
    """Serve all versions of the API, and its documentation.

    Args:
        app: the application.
        resources: the routes of the features.
        authenticate: adds authentication to a version.

    Raises:
        RuntimeError: a route declares no scope.
    """
    for name, prefix in PREFIXES.items():
        version = Blueprint(name, __name__, url_prefix=prefix)
        authenticate(version)
        version.after_request(limits.add_headers)
        version.register_error_handler(InvalidCursorError, bad_cursor)
        for blueprint in (root, *resources):
            version.register_blueprint(blueprint)
        app.register_blueprint(version)
        for endpoint, view in app.view_functions.items():
            if endpoint.startswith(f"{name}."):
                access_of(view)
    cors.init_app(app)
    documentation.init_app(app, [resource.tag for resource in (*resources, root)])
