"""Posts in the JSON API: `/posts/`, and the posts of a user."""

import dataclasses
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple, Protocol, cast

from quart import Response
from quart_schema import document_headers, document_querystring, document_response

from blog.core.api.bodies import validate_json
from blog.core.api.collections import (
    Rest,
    list_response,
    paginated,
    requested,
    requested_cursor,
    requested_fields,
    requested_page,
)
from blog.core.api.idempotency import IdempotentHeaders, idempotent, submission
from blog.core.api.links import Links, links
from blog.core.api.operations import IfMatch, Resource, requires_scope
from blog.core.api.responses import (
    NoContent,
    cached_json_response,
    json_response,
    no_content,
    require_match,
)
from blog.core.auth.identity import current_viewer, required_account, required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.db.pagination import Page
from blog.core.web.app import current_app, db, read, writes
from blog.models import Permission, Post, Scope
from blog.posts import lists, queries, service
from blog.posts.drafts import drafts
from blog.posts.editing import edit_post
from blog.posts.hidden_words import hidden_words_of_viewer
from blog.posts.listed import ListedPost, UnreadPost
from blog.posts.locking import POST_IS_GONE
from blog.posts.policies import may_read_post, unreadable
from blog.posts.resources import PostList, PostResource, post_resource
from blog.posts.schemas import DeletionQuery, PostCreate, PostForm, PostUpdate
from blog.posts.viewer_state import ViewerState, viewer_state
from blog.users.api import addressed_user

blueprint = Resource("posts", __name__, "Posts, timelines and drafts.")

# Posts of a long list. Each may have 64 KiB of text, and even more HTML.
READ_AT_ONCE = 4
TEXTS = ("body", "body_html")


async def list_of_posts(posts: lists.PostList, of: int | None = None) -> Response:
    """The response with a page of a list of posts.

    A numbered page always has all its posts, because a client that counts pages would miss the
    rest.

    Args:
        of: the id of the user or tag that the list belongs to, if any.
    """
    wanted, posts = (
        requested_page(current_app.settings.posts_per_page),
        posts.seen_by(current_viewer()),
    )
    fields = requested_fields(PostList)
    if fields is not None and set(TEXTS).isdisjoint(fields):
        summaries = await read(posts.summaries, wanted, of)
        seen = _resource_maker(await _load_viewer_state(summaries.rows))
        return await list_response(PostList, summaries, seen, keep=True)
    found = await read(posts.texts, wanted, of)
    state = await _load_viewer_state(found.rows)
    texts = tuple(post for post in found.rows if isinstance(post, ListedPost))
    unread = [post for post in found.rows if isinstance(post, UnreadPost)]
    rest = None
    if unread:
        revisions = [f"{post.id} {post.row_version} " for post in unread]
        # The viewer's state of the posts that are read later.
        revisions.append(repr(state and state.of([post.id for post in unread])))
        rest = Rest(revisions, _read_rest([post.id for post in unread], state, links()))
    page: Page[ListedPost] = dataclasses.replace(cast(Any, found), rows=texts)
    seen = _resource_maker(state)
    return await list_response(PostList, page, seen, keep=True, texts=TEXTS, rest=rest)


class _ResourceMaker(Protocol):
    """Makes the resource of a post."""

    def __call__(self, post: ListedPost, to: Links, /) -> PostResource: ...


class _SeenPost(NamedTuple):
    """Represents a post as a viewer sees it. Those of the same state are equal, so that the list is
    cached, and the rows of a list stay shared by all viewers."""

    state: ViewerState

    def __call__(self, post: ListedPost, to: Links, /) -> PostResource:
        (seen,) = self.state.add_to([post])
        return post_resource(seen, to)


def _resource_maker(state: ViewerState | None) -> _ResourceMaker:
    """What makes the resources of posts, with what the viewer has done with them."""
    if state is None:
        return post_resource
    return _SeenPost(state)


async def _load_viewer_state(posts: Sequence[ListedPost | UnreadPost]) -> ViewerState | None:
    """The viewer's likes and so on for these posts; `None` without authentication."""
    viewer = current_viewer()
    if not (viewer.id and posts):
        return None
    ids = tuple(post.id for post in posts)
    state = await read(viewer_state, viewer.id, ids)
    return state._replace(collapsed=frozenset(await hidden_words_of_viewer(ids)))


async def add_viewer_state(posts: Sequence[ListedPost]) -> Sequence[ListedPost]:
    """Fill in the state for the current viewer of these posts."""
    state = await _load_viewer_state(posts)
    return state.add_to(posts) if state else posts


def _read_rest(
    ids: Sequence[int], state: ViewerState | None, to: Links
) -> AsyncIterator[PostResource]:
    """Read the rest of a list while it is sent, after the request's session was closed."""
    reads, open_session = current_app.request_coalescer, current_app.database.reading_session

    async def resources() -> AsyncIterator[PostResource]:
        for start in range(0, len(ids), READ_AT_ONCE):
            batch = tuple(ids[start : start + READ_AT_ONCE])
            posts = await reads.read(open_session, queries.texts_of, batch)
            for post in state.add_to(posts) if state else posts:
                yield post_resource(post, to)

    return resources()


@blueprint.get("/posts/")
@requires_scope(Scope.READ, anonymous=True)
@paginated(PostList)
async def list_posts() -> Response:
    """List all posts, the newest first."""
    return await list_of_posts(queries.NEWEST)


@blueprint.post("/posts/")
@requires_scope(Scope.WRITE)
@document_response(PostResource, 201, IdempotentHeaders)
@permission_required(Permission.WRITE)
@validate_json(PostCreate)
@idempotent
async def create_post(data: PostCreate) -> Response:
    """Write a post: publish it, schedule it, or keep it as a draft.

    If the site holds it for review, its `status` is `held`.
    """
    form = PostForm(**data.model_dump(exclude_unset=True), submission=submission())
    author = required_viewer()
    body_html = await current_app.renderer.post(data.body, author.id)
    post = await service.write_post(await writes(), db, author, form, body_html)
    to, new = links(), post._replace(liked=False, bookmarked=False)
    return json_response(post_resource(new, to), 201, Location=to.post(post.id))


@blueprint.get("/posts/<id:post_id>")
@requires_scope(Scope.READ, anonymous=True)
@document_response(PostResource)
async def get_post(post_id: int) -> Response:
    """Get a post."""
    return cached_json_response(post_resource, await _load_post(post_id), links())


@blueprint.put("/posts/<id:post_id>")
@requires_scope(Scope.WRITE)
@document_headers(IfMatch)
@document_response(PostResource)
@document_response(PostResource, 202)
@validate_json(PostCreate)
async def replace_post(data: PostCreate, post_id: int) -> Response:
    """Replace the text of a post.

    Fields that are left out stay as they are. Only its author and administrators may. If the site
    holds the change for review, the response is 202 with the post as readers see it until then.
    """
    return await _edit(post_id, data)


@blueprint.patch("/posts/<id:post_id>")
@requires_scope(Scope.WRITE)
@document_headers(IfMatch)
@document_response(PostResource)
@document_response(PostResource, 202)
@validate_json(PostUpdate)
async def update_post(data: PostUpdate, post_id: int) -> Response:
    """Update a post.

    Fields that are left out stay as they are. Only its author and administrators may. If the site
    holds the change for review, the response is 202 with the post as readers see it until then.
    """
    return await _edit(post_id, data)


@blueprint.delete("/posts/<id:post_id>")
@requires_scope(Scope.WRITE)
@document_headers(IfMatch)
@document_querystring(DeletionQuery)
@document_response(NoContent, 204)
async def delete_post(post_id: int) -> Response:
    """Delete a post with its comments.

    Only its author and administrators may.
    """
    reason = requested(DeletionQuery).reason
    await require_match(db(), Post, post_id, lambda: _readable_resource(post_id))
    await service.delete_post(db(), required_viewer(), post_id, reason)
    return no_content()


@blueprint.get("/users/<person:user>/posts/")
@requires_scope(Scope.READ, anonymous=True)
@paginated(PostList)
async def list_user_posts(user: int | str) -> Response:
    """List a user's posts, the newest first."""
    author = await addressed_user(user)
    return await list_of_posts(queries.BY_AUTHOR, author.id)


@blueprint.get("/users/<person:user>/timeline/")
@requires_scope(Scope.READ, anonymous=True)
@paginated(PostList)
async def list_user_timeline(user: int | str) -> Response:
    """List the posts of a user and of those they follow, the newest first."""
    follower = await addressed_user(user)
    return await list_of_posts(queries.TIMELINE, follower.id)


@blueprint.get("/me/drafts/")
@requires_scope(Scope.READ)
@paginated(PostList, numbered=False)
async def list_drafts() -> Response:
    """List your own drafts and scheduled posts, the last changed first."""
    wanted = requested_cursor(current_app.settings.posts_per_page)
    found = await read(drafts, wanted, required_account().id)
    seen = _resource_maker(await _load_viewer_state(found.rows))
    return await list_response(PostList, found, seen, texts=TEXTS)


async def _edit(post_id: int, data: PostUpdate | PostCreate) -> Response:
    editor, body = required_viewer(), data.body
    # Render first: checking If-Match locks the post.
    body_html = await current_app.renderer.post(body, editor.id) if body is not None else None
    await require_match(db(), Post, post_id, lambda: _readable_resource(post_id))
    if body is None and data.model_fields_set <= {"body"}:
        return json_response(await _readable_resource(post_id))
    edited = await edit_post(db(), editor, post_id, data, body_html)
    return json_response(await _readable_resource(post_id), 202 if edited.holds_edit else 200)


async def _readable_resource(post_id: int) -> PostResource:
    return post_resource(await _load_post(post_id), links())


async def _load_post(post_id: int) -> ListedPost:
    """Load a post that the caller may read, with their state."""
    return (await add_viewer_state([await readable_post(post_id)]))[0]


async def readable_post(post_id: int) -> ListedPost:
    """Load a post that the caller may read.

    Raises:
        NotFoundError, GoneError: there is no such post.
    """
    post = await read(queries.listed_post, post_id)
    if post is None or not may_read_post(current_viewer(), post):
        raise unreadable(post, POST_IS_GONE)
    return post
