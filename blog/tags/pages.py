"""The pages of tags: all of them, and the posts of one."""

from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import current_viewer, required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import FOLLOWING, quota
from blog.core.errors import LimitReachedError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.purging.keys import keys_of_list, tag_key
from blog.core.text.tags import address_of_tag
from blog.core.web.app import current_app, db, look_up, read
from blog.core.web.headers import keep_out_of_indexes
from blog.core.web.requests import requested_page
from blog.core.web.shared_caches import shows
from blog.models import Permission, Tag
from blog.posts.reading import cards_for_viewer
from blog.posts.viewer_state import state_of_list
from blog.tags import queries, service
from blog.tags.addresses import tag_url
from blog.tags.reading import NO_SUCH_TAG, addressed_tag

TAGS_PER_PAGE = 100
BY_NAME = "name"

blueprint = Blueprint("tags", __name__)
blueprint.add_app_template_global(tag_url)
blueprint.add_app_template_global(address_of_tag, "tag_address")


@blueprint.get("/tags")
async def index() -> ResponseReturnValue:
    """List all tags: the most used first, or by name (`?order=name`)."""
    wanted = requested_page(TAGS_PER_PAGE)
    is_by_name = request.args.get("order") == BY_NAME
    page = await read(queries.by_name if is_by_name else queries.most_used, wanted)
    if page.number != 1:
        keep_out_of_indexes()  # Tags move from page to page.
    viewer, followed = current_viewer(), list[Tag]()
    if viewer.account is not None:
        followed = [*await read(queries.followed_tags, viewer.id)]
    return await render_template(
        "tags/index.html", page=page, is_by_name=is_by_name, followed=followed
    )


@blueprint.get("/tag/<tag>")
async def show(tag: str) -> ResponseReturnValue:
    """The public posts with a tag. Other spellings of it redirect here."""
    found = await addressed_tag(tag)
    if tag != address_of_tag(found.name):
        address, query = tag_url(found.name), request.query_string
        return redirect(f"{address}?{query.decode()}" if query else address, 301)
    wanted = requested_page(current_app.settings.posts_per_page)
    viewer, is_followed = current_viewer(), False
    page = await cards_for_viewer(queries.POSTS, wanted, found.id)
    shows(tag_key(found.name), further=keys_of_list(page.rows))
    # Posts move from page to page, and the first may be empty if their authors are limited or their
    # accounts are being deleted.
    if page.number != 1 or not page.rows:
        keep_out_of_indexes()
    if viewer.account is not None:
        is_followed = await read(queries.follows_tag, viewer.id, found.id)
    return await render_template(
        "tags/show.html", tag=found, page=page, is_followed=is_followed,
        state=await state_of_list(page.rows),
    )  # fmt: skip


@blueprint.post("/tag/<tag>/follow")
@quota(FOLLOWING)
@permission_required(Permission.FOLLOW)
async def follow(tag: str) -> ResponseReturnValue:
    """Follow a tag, and redirect to it."""
    if (found := await look_up(queries.tag_at, tag)) is None:
        raise NotFoundError(NO_SUCH_TAG)
    name = found.name
    try:
        is_new = await service.follow(db(), required_viewer(), found)
    except LimitReachedError as error:
        await flash(str(error), "error")
    else:
        if is_new:
            await flash(_("You're now following #%(name)s.", name=name), "success")
        else:
            await flash(_("You're already following #%(name)s.", name=name), "info")
    return redirect(tag_url(name))


@blueprint.post("/tag/<tag>/unfollow")
@quota(FOLLOWING)
@permission_required(Permission.FOLLOW)
async def unfollow(tag: str) -> ResponseReturnValue:
    """Unfollow a tag, and redirect to it."""
    viewer = required_viewer()
    found = await look_up(queries.followed_tag_at, viewer.id, tag)
    if found is not None:
        await service.unfollow(db(), viewer, found)
        await flash(_("You're no longer following #%(name)s.", name=found.name), "success")
    elif (found := await look_up(queries.tag_at, tag)) is not None:
        await flash(_("You aren't following #%(name)s.", name=found.name), "info")
    else:
        raise NotFoundError(NO_SUCH_TAG)
    return redirect(tag_url(found.name) if found.post_count > 0 else url_for("tags.index"))
