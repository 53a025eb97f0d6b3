"""The pages of tags: all of them, and the posts of one."""

from quart import Blueprint, redirect, render_template, request
from quart.typing import ResponseReturnValue

from blog.core.errors import NotFoundError
from blog.core.text.tags import address_of_tag
from blog.core.web.app import current_app, read
from blog.core.web.requests import requested_page
from blog.tags import queries
from blog.tags.addresses import tag_url
from blog.tags.reading import NO_SUCH_TAG, addressed_tag

TAGS_PER_PAGE = 100
BY_NAME = "name"

blueprint = Blueprint("tags", __name__)
blueprint.add_app_template_global(tag_url)


@blueprint.get("/tags")
async def index() -> ResponseReturnValue:
    """List all tags: the most used first, or by name (`?order=name`)."""
    wanted = requested_page(TAGS_PER_PAGE)
    is_by_name = request.args.get("order") == BY_NAME
    page = await read(queries.by_name if is_by_name else queries.most_used, wanted)
    return await render_template("tags/index.html", page=page, is_by_name=is_by_name)


@blueprint.get("/tag/<tag>")
async def show(tag: str) -> ResponseReturnValue:
    """The public posts with a tag. Other spellings of it redirect here."""
    found = await addressed_tag(tag)
    if tag != address_of_tag(found.name):
        address, query = tag_url(found.name), request.query_string
        return redirect(f"{address}?{query.decode()}" if query else address, 301)
    wanted = requested_page(current_app.settings.posts_per_page)
    page = await read(queries.POSTS.cards, wanted, found.id)
    if page.number == 1 and not page.rows:
        # The last ones are of an account that is being deleted.
        raise NotFoundError(NO_SUCH_TAG)
    return await render_template("tags/show.html", tag=found, page=page)
