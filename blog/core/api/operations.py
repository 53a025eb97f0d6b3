"""Declarations for the API's routes, besides quart-schema's decorators.

    posts = Resource("posts", __name__, "Posts, timelines and drafts.")

    @posts.delete("/posts/<id:post_id>")
    @requires_scope(Scope.WRITE)
    @document_headers(IfMatch)
    @document_response(NoContent, 204)
    async def delete_post(post_id: int) -> Response:
        \"\"\"Delete a post with its comments.\"\"\"

The function's name is the operation id, and its docstring is the summary and the description.
`blog.core.api.description` adds the rest, and `blog.accounts.api_callers` enforces the declared
scope.
"""

from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import BaseModel, Field
from quart import Blueprint
from quart_schema import Tag, security_scheme, tag_blueprint

from blog.core.api.links import Url
from blog.models import Scope

View = TypeVar("View", bound=Callable[..., Any])

_ACCESS = "_broadside_api_access"


class Resource(Blueprint):
    """A blueprint for a kind of resource.

    Args:
        name: the name of the blueprint and of the tag of its operations.
        import_name: the module's `__name__`.
        about: the description of the tag; empty if another blueprint has it.
        tag: the tag of that other blueprint.
    """

    def __init__(self, name: str, import_name: str, about: str = "", *, tag: str = "") -> None:
        super().__init__(name, import_name)
        self.tag = Tag(tag or name, about)
        tag_blueprint(self, [self.tag.name])


class Access(NamedTuple):
    """Who may call an operation.

    Attributes:
        scope: the scope that a token needs.
        anonymous: whether no credentials are needed.
        password: whether a token is not enough.
    """

    scope: Scope
    anonymous: bool
    password: bool


def requires_scope(
    scope: Scope, *, anonymous: bool = False, password: bool = False
) -> Callable[[View], View]:
    """Declare who may call an operation: users with a token of this scope, or with their password.

    Args:
        scope: the scope that a token needs.
        anonymous: whether it can also be called without credentials.
        password: whether it requires the password, and refuses tokens.
    """
    name = str(scope.name).lower()
    schemes: list[dict[str, list[str]]] = [{"basic": [name]}, {"bearer": [name]}]
    if password:
        schemes = [{"basic": []}]
    if anonymous:
        schemes = [{}, *schemes]

    def decorate(view: View) -> View:
        setattr(view, _ACCESS, Access(scope, anonymous, password))
        return security_scheme(schemes)(view)

    return decorate


def access_of(view: Callable[..., Any]) -> Access:
    """The declaration that `requires_scope` attached to a view.

    Raises:
        RuntimeError: there is none, so the application must not start.
    """
    access: Access | None = getattr(view, _ACCESS, None)
    if access is None:
        raise RuntimeError(f"{view.__module__}.{view.__name__} declares no scope")
    return access


class IfMatch(BaseModel):
    """The header of a conditional change (RFC 9110, 13.1.1)."""

    if_match: Annotated[
        str | None,
        Field(
            description="The entity tag of the version you have. The request fails if it isn't the "
            "current one."
        ),
    ] = None


class CreatedHeaders(BaseModel):
    """The headers of a response to a creation."""

    location: Annotated[Url, Field(description="The URL of the created resource.")]
