"""The page of a post with its conversation."""

from quart import redirect, render_template, request
from quart.typing import ResponseReturnValue

from blog.comments.queries import comments_page
from blog.comments.schemas import CommentForm
from blog.core.auth.identity import current_viewer
from blog.core.web.app import current_app, read
from blog.core.web.forms import Form
from blog.core.web.headers import keep_out_of_indexes
from blog.core.web.requests import requested_page
from blog.posts.addresses import post_url
from blog.posts.reading import readable_post_with_neighbours
from blog.posts.revisions.memento import ASKS_FOR_A_TIME, post_headers, redirect_to_memento
from blog.posts.viewer_state import viewer_state
from blog.site.blueprint import blueprint


@blueprint.get("/post/<id:post_id>")
@blueprint.get("/post/<id:post_id>/<slug>")
async def post(post_id: int, slug: str | None = None) -> ResponseReturnValue:
    """One post, with a page of its comments (`?page=`; -1 is the last).

    It has one address, to which all others of the same id lead, so that no link dies of a new
    title. With `Accept-Datetime` it leads to the text of that time (RFC 7089).
    """
    found, neighbours = await readable_post_with_neighbours(post_id)
    if slug != found.slug:
        address, query = post_url(found), request.query_string
        return redirect(f"{address}?{query.decode()}" if query else address, 301)
    if (moment := request.headers.get(ASKS_FOR_A_TIME)) is not None and found.revision:
        return await redirect_to_memento(found, moment)
    if found.author.noindex or "page" in request.args or "before" in request.args:
        keep_out_of_indexes()  # Further comments are below the same post.
    wanted = requested_page(current_app.settings.comments_per_page, count=found.comment_count)
    comments = await read(comments_page, found, wanted)
    viewer = current_viewer()
    state = await read(viewer_state, viewer.id, (post_id,)) if viewer.id else None
    page = await render_template(
        "site/post.html",
        post=found,
        neighbours=neighbours,
        comments=comments,
        state=state,
        form=Form(CommentForm),
    )
    return page, post_headers(found)
