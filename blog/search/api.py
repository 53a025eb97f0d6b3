"""The search in the JSON API."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field
from quart import Response, abort, request
from quart_schema import document_querystring, document_response
from sqlalchemy.exc import DBAPIError

from blog.comments.api import CommentResource, comment_resources
from blog.core.api.collections import CursorQuery, requested, requested_cursor
from blog.core.api.links import Url, links, this_url
from blog.core.api.operations import Resource, requires_scope
from blog.core.api.responses import json_response
from blog.core.auth.identity import current_viewer
from blog.core.auth.quotas import SEARCHING, quota
from blog.core.db.database_errors import is_timeout
from blog.core.i18n import lazy_gettext
from blog.core.text.validation import with_example
from blog.core.web.app import current_app, read
from blog.models import Scope
from blog.posts.api import add_viewer_state
from blog.posts.resources import EXAMPLE as EXAMPLE_OF_POST
from blog.posts.resources import PostResource, post_resource
from blog.search.finding import SearchRequest, find_resources
from blog.search.statements import LOOKED_THROUGH_FOR_PHRASE, MOST_FOUND, Sorting
from blog.users.api import EXAMPLE as EXAMPLE_OF_PERSON
from blog.users.api import UserResource
from blog.users.api import resource as user_resource

blueprint = Resource("search", __name__, "Searching posts, people and tags.")

LONGEST_QUERY = 50_000
TOO_SLOW = lazy_gettext(
    "This search took too long. Try other words, or limit it by an author, a tag or a date."
)


class SearchQuery(CursorQuery):
    """The query parameters of a search."""

    q: Annotated[
        str,
        Field(
            max_length=LONGEST_QUERY,
            description='What to search for: words, `"a phrase"`, `-not`, `or`, `author:robin`, '
            "`tag:boats`, `before:2026-01`, `after:2026-01`, `has:image`, `in:comments`. Only the "
            "first 32 words count.",
        ),
    ] = ""
    sort: Annotated[Literal["relevance", "date"], Field(description="The order of the posts.")] = (
        "relevance"
    )


class SearchResource(BaseModel):
    """What a search found."""

    model_config = with_example(
        {
            "posts": [EXAMPLE_OF_POST],
            "comments": [],
            "people": [EXAMPLE_OF_PERSON],
            "tags": ["command line"],
            "count": 1,
            "partial": False,
            "next": None,
        }
    )
    posts: list[PostResource]
    comments: Annotated[
        list[CommentResource],
        Field(description="Comments, instead of posts, people and tags, if `q` has `in:comments`."),
    ]
    people: Annotated[
        list[UserResource], Field(description="On the first page: people with such names.")
    ]
    tags: Annotated[list[str], Field(description="On the first page: such tags.")]
    count: Annotated[
        int,
        Field(
            ge=0,
            le=MOST_FOUND,
            description="The number of posts or comments found. Only the newest "
            f"{MOST_FOUND:,} are.",
        ),
    ]
    partial: Annotated[
        bool,
        Field(
            description="Whether older ones were not searched: for a phrase of words that many "
            f"have, of which only the newest {LOOKED_THROUGH_FOR_PHRASE:,} are searched; for such "
            "words in comments on posts with a tag or an image; or because they are still being "
            "indexed after an upgrade."
        ),
    ]
    next: Annotated[Url | None, Field(description="The URL of the next page.")]


@blueprint.get("/search/")
@quota(SEARCHING)
@requires_scope(Scope.READ, anonymous=True)
@document_response(SearchResource)
@document_querystring(SearchQuery)
async def search() -> Response:
    """Search posts, people and tags.

    Your own drafts, scheduled and hidden posts that match come first, on the first page. With
    `in:comments`, comments are searched instead, and `tag:` and `has:image` are about their posts.
    """
    query = requested(SearchQuery)
    wanted, viewer = requested_cursor(current_app.settings.posts_per_page), current_viewer()
    try:
        found = await read(
            find_resources,
            SearchRequest(query.q, Sorting(query.sort), wanted, viewer.id, viewer.filtered_for),
        )
    except DBAPIError as error:
        if not is_timeout(error):
            raise
        abort(503, str(TOO_SLOW))
    to, cursor = links(), found.matches.next_cursor
    resource = SearchResource(
        posts=[post_resource(post, to) for post in await add_viewer_state(found.posts)],
        comments=await comment_resources(found.comments),
        people=[user_resource(person, to) for person in found.people],
        tags=list(found.tags),
        count=found.matches.total,
        partial=found.matches.is_partial or found.matches.is_indexing,
        next=cursor
        and this_url(
            q=query.q,
            sort=request.args.get("sort"),
            per_page=request.args.get("per_page"),
            cursor=cursor,
        ),
    )
    return json_response(resource)
