"""The feed of a search: the newest posts or comments that match."""

from quart import Blueprint, Response, abort, request, url_for
from sqlalchemy.exc import DBAPIError

from blog.comments.feeds import entry_of_comment
from blog.core.auth.quotas import SEARCHING, quota
from blog.core.db.database_errors import is_timeout
from blog.core.db.pagination import Page
from blog.core.errors import NotFoundError
from blog.core.i18n import lazy_gettext
from blog.core.text.cleaning import remove_forbidden
from blog.core.web.app import current_app, read
from blog.core.web.requests import requested_cursor
from blog.feeds.entries import Feed
from blog.feeds.ids import this_site
from blog.feeds.responses import feed_of_posts, feed_response, require_feeds
from blog.posts.listed import ListedPost, UnreadPost
from blog.search.finding import find_texts
from blog.search.question import LONGEST
from blog.search.statements import Sorting

blueprint = Blueprint("search_feeds", __name__)
blueprint.before_request(require_feeds)

# Posts whose texts are read at once, however long they are.
FEED_SIZE = 10
NO_QUESTION = lazy_gettext("Please add what to search for: ?q=…")
TOOK_TOO_LONG = lazy_gettext("This search took too long. Please make it more specific.")


@blueprint.get("/search/feed.<any(atom, json):form>")
@quota(SEARCHING)
async def of_search(form: str) -> Response:
    """The newest posts that match `?q=`, or comments with `in:comments`, as a feed."""
    question = remove_forbidden(request.args.get("q", "")).strip()[:LONGEST]
    if not question:
        raise NotFoundError(NO_QUESTION)
    wanted = requested_cursor(FEED_SIZE)
    try:
        found = await read(find_texts, question, wanted)
    except DBAPIError as error:
        if not is_timeout(error):
            raise
        abort(503, str(TOOK_TOO_LONG))
    site = await this_site()
    feed = Feed(
        key=("search", question),
        title=f"{question} · {current_app.site.site_name}",
        page=url_for("search.search", q=question, sort=Sorting.DATE.value, _external=True),
        since=site.created_at,
        arguments=(("q", question),),
    )
    if found.comments:
        entries = [entry_of_comment(each, each.post, site) for each in found.comments]
        return await feed_response(form, feed, entries, found.next_cursor)
    page: Page[ListedPost | UnreadPost] = Page(
        tuple(found.posts), None, False, next_cursor=found.next_cursor
    )
    return await feed_of_posts(form, feed, page)
