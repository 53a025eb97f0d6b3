"""The page of a post with its conversation."""

from collections.abc import Iterator

from quart import Response, redirect, render_template, request
from quart.typing import ResponseReturnValue

from blog.comments.conversation import Conversation, conversation
from blog.comments.schemas import CommentForm
from blog.comments.threads import Sort
from blog.core.auth.identity import current_viewer
from blog.core.purging.keys import post_key, tag_key, user_key
from blog.core.web.anonymous_pages import anonymous_page
from blog.core.web.app import current_app
from blog.core.web.forms import Form
from blog.core.web.headers import keep_out_of_indexes
from blog.core.web.requests import requested_page
from blog.core.web.shared_caches import shows
from blog.core.web.snapshots import digest_of
from blog.models import Post
from blog.posts.addresses import post_url
from blog.posts.neighbours import Neighbours
from blog.posts.reading import readable_post_with_neighbours
from blog.posts.revisions.memento import ACCEPT_DATETIME, post_headers, redirect_to_memento
from blog.posts.views.counting import count_view
from blog.site.blueprint import blueprint

# Parameters that don't change which post is shown.
VARIANTS = {"page", "before", "sort", "reply_to", "quote"}


@blueprint.get("/post/<id:post_id>")
@blueprint.get("/post/<id:post_id>/<slug>")
async def post(post_id: int, slug: str | None = None) -> ResponseReturnValue:
    """Show a post, with a page of its comments (`?page=`; -1 is the last), in the order of
    `?sort=`.

    `?reply_to=` turns the form into one for a reply, and `?quote=` quotes that comment.

    All URLs with the same id redirect to the current one, so links survive a new title. With
    `Accept-Datetime` it redirects to the text of that time (RFC 7089).
    """
    found, neighbours = await readable_post_with_neighbours(post_id)
    if slug != found.slug:
        address, query = post_url(found), request.query_string
        return redirect(f"{address}?{query.decode()}" if query else address, 301)
    if (time := request.headers.get(ACCEPT_DATETIME)) is not None and found.revision:
        return await redirect_to_memento(found, time)
    if found.author.noindex or not request.args.keys().isdisjoint(VARIANTS):
        keep_out_of_indexes()  # These pages repeat the same post.
    wanted = requested_page(current_app.settings.comments_per_page, count=found.comment_count)
    chosen = request.args.get("sort", "")
    sort = Sort(chosen) if chosen in [*Sort] else Sort.OLDEST
    asked = {name: request.args[name] for name in ("reply_to", "quote") if name in request.args}
    form = Form(CommentForm, asked)
    below = await conversation(found, wanted, form, sort)
    shows(further=_keys(found, neighbours, below))
    values = {"post": found, "neighbours": neighbours, "below": below, "preview": None}
    if current_viewer().account is None:
        shown = digest_of(found, neighbours, below.threads)
        page = await anonymous_page("site/post.html", shown, **values)
    else:
        page = Response(await render_template("site/post.html", **values))
    count_view(found)
    return page, post_headers(found)


def _keys(post: Post, neighbours: Neighbours, below: Conversation) -> Iterator[str]:
    """The surrogate keys of the page of a post (`blog.core.purging.keys`)."""
    beside = [each for each in (neighbours.newer, neighbours.older) if each is not None]
    yield post_key(post.id)
    yield user_key(post.author_id)
    yield from map(tag_key, post.tags)
    yield from (post_key(each.id) for each in [*beside, *neighbours.related])
    yield from (user_key(found.comment.author_id) for found in below.threads.page.rows)
