"""Tags in the JSON API."""

from pydantic import BaseModel
from quart import Response
from quart_schema import document_response

from blog.core.api.collections import (
    Collection,
    list_example,
    list_response,
    paginated,
    requested_page,
)
from blog.core.api.links import EXAMPLE_ROOT, Links, Url, links
from blog.core.api.operations import Resource, requires_scope
from blog.core.api.problems import Problem
from blog.core.api.responses import NoContent, json_response, no_content
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.errors import NotFoundError
from blog.core.text.tags import address_of_tag
from blog.core.text.validation import with_example
from blog.core.web.app import db, look_up, read
from blog.models import Permission, Scope, Tag
from blog.posts.api import list_of_posts
from blog.posts.resources import PostList
from blog.tags import queries, service
from blog.tags.pages import TAGS_PER_PAGE
from blog.tags.reading import NO_SUCH_TAG, addressed_tag

blueprint = Resource("tags", __name__, "Tags of public posts.")

EXAMPLE = {
    "url": f"{EXAMPLE_ROOT}/tags/command%20line",
    "name": "Command line",
    "post_count": 12,
    "posts_url": f"{EXAMPLE_ROOT}/tags/command%20line/posts/",
    "html_url": "https://blog.example/tag/command%20line",
}


class TagResource(BaseModel):
    """A tag, as the first person wrote it."""

    model_config = with_example(EXAMPLE)

    url: Url
    name: str
    post_count: int
    posts_url: Url
    html_url: Url


class TagList(Collection):
    """Tags."""

    model_config = with_example(list_example("tags", EXAMPLE))

    tags: list[TagResource]


def resource(tag: Tag, to: Links) -> TagResource:
    """The representation of a tag."""
    address = address_of_tag(tag.name)
    url = to.tag(address)
    return TagResource(
        url=url, name=tag.name, post_count=tag.post_count, posts_url=f"{url}/posts/",
        html_url=to.page_of_tag(address),
    )  # fmt: skip


@blueprint.get("/tags/")
@requires_scope(Scope.READ, anonymous=True)
@paginated(TagList)
async def list_tags() -> Response:
    """List all tags of public posts, the most used first."""
    wanted = requested_page(TAGS_PER_PAGE)
    return await list_response(TagList, await read(queries.most_used, wanted), resource)


@blueprint.get("/tags/<tag>")
@requires_scope(Scope.READ, anonymous=True)
@document_response(TagResource)
async def get_tag(tag: str) -> Response:
    """Get a tag."""
    return json_response(resource(await addressed_tag(tag), links()))


@blueprint.put("/tags/<tag>/follow")
@requires_scope(Scope.WRITE)
@document_response(Problem, 409)
@document_response(NoContent, 204)
@permission_required(Permission.FOLLOW)
async def follow_tag(tag: str) -> Response:
    """Follow a tag.

    Your home page then has its posts under "Following". Only you can see which tags you follow.
    """
    if (found := await look_up(queries.tag_at, tag)) is None:
        raise NotFoundError(NO_SUCH_TAG)
    await service.follow(db(), required_viewer(), found)
    return no_content()


@blueprint.delete("/tags/<tag>/follow")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
@permission_required(Permission.FOLLOW)
async def unfollow_tag(tag: str) -> Response:
    """Unfollow a tag."""
    viewer = required_viewer()
    if (found := await look_up(queries.followed_tag_at, viewer.id, tag)) is not None:
        await service.unfollow(db(), viewer, found)
    elif await look_up(queries.tag_at, tag) is None:
        raise NotFoundError(NO_SUCH_TAG)
    return no_content()


@blueprint.get("/me/tags/")
@requires_scope(Scope.READ)
@paginated(TagList)
async def list_followed_tags() -> Response:
    """List the tags that you follow, by name."""
    wanted = requested_page(TAGS_PER_PAGE)
    page = await read(queries.followed_page, wanted, required_viewer().id)
    return await list_response(TagList, page, resource)


@blueprint.get("/tags/<tag>/posts/")
@requires_scope(Scope.READ, anonymous=True)
@paginated(PostList)
async def list_tag_posts(tag: str) -> Response:
    """List the posts with a tag, the newest first."""
    return await list_of_posts(queries.POSTS, (await addressed_tag(tag)).id)
