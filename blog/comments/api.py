"""Comments in the JSON API."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, ClassVar, NamedTuple, cast

from pydantic import BaseModel, Field
from quart import Response
from quart_schema import document_headers, document_response

from blog.comments import queries, service
from blog.comments.conversation import comments_liked_by
from blog.comments.hidden_words import comments_with_hidden_words
from blog.comments.policies import may_know_of_comment, may_read_comment
from blog.comments.reading import readable_comment
from blog.comments.schemas import (
    CommentCreate,
    CommentForm,
    CommentRemoval,
    CommentText,
    CommentUpdate,
)
from blog.comments.writes import Written
from blog.core.api.bodies import validate_json
from blog.core.api.collections import (
    Collection,
    list_example,
    list_response,
    paginated,
    requested_page,
)
from blog.core.api.idempotency import IdempotentHeaders, idempotent, submission
from blog.core.api.links import EXAMPLE_ROOT, Links, Url, links
from blog.core.api.operations import IfMatch, Resource, requires_scope
from blog.core.api.responses import NoContent, json_response, no_content, require_match
from blog.core.auth.identity import current_viewer, required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.viewer import Viewer
from blog.core.db.pagination import Page
from blog.core.text.validation import with_example
from blog.core.web.app import current_app, db, read, writes
from blog.models import Comment, Permission, Post, Scope
from blog.posts.api import readable_post
from blog.posts.listed import ListedPost
from blog.review.api import HeldResource, held_resource
from blog.users.blocking import shut_out_by_viewer

blueprint = Resource("comments", __name__, "Comments on posts.")

HIDDEN = "Null if a moderator has disabled the comment."


EXAMPLE = {
    "url": f"{EXAMPLE_ROOT}/comments/5",
    "id": 5,
    "post_url": f"{EXAMPLE_ROOT}/posts/17",
    "parent_url": None,
    "body": "So *am* I.",
    "body_html": "So <em>am</em> I.",
    "timestamp": "2026-11-24T09:42:10.125000Z",
    "edited_at": None,
    "author_url": f"{EXAMPLE_ROOT}/users/4",
    "author": "david",
    "disabled": False,
    "like_count": 1,
    "liked": True,
    "collapsed": False,
}


TEXTS = ("body", "body_html")


class CommentResource(BaseModel):
    """A comment under a post."""

    model_config = with_example(EXAMPLE)
    PATH_PARAMETER: ClassVar = "comment_id"
    NOT_EDITED: ClassVar = {"like_count", "liked", "collapsed"}

    url: Url
    id: int
    post_url: Url
    parent_url: Annotated[
        Url | None,
        Field(description="The comment that this one replies to. It may have been deleted."),
    ]
    body: Annotated[str | None, Field(description=f"The Markdown. {HIDDEN}")]
    body_html: Annotated[str | None, Field(description=f"The sanitised HTML. {HIDDEN}")]
    timestamp: Annotated[datetime, Field(description="When it was published.")]
    edited_at: Annotated[datetime | None, Field(description="When it was last edited.")]
    author_url: Url
    author: Annotated[str, Field(description="The author's username.")]
    disabled: Annotated[bool, Field(description="Whether a moderator has disabled it.")]
    like_count: int
    liked: Annotated[
        bool | None, Field(description="Whether you like it. Null without credentials.")
    ]
    collapsed: Annotated[
        bool,
        Field(
            description="Whether pages collapse it for you: you've muted or blocked its author, or "
            "hide a word that it contains."
        ),
    ]


class CommentList(Collection):
    """Comments: under a post the oldest first, of the whole site the newest first."""

    model_config = with_example(list_example("comments", EXAMPLE))

    comments: list[CommentResource]


class CommentsState(NamedTuple):
    """The viewer's relation to some comments.

    Attributes:
        liked: the ids of those that they like; `None` without a viewer.
        collapsed: of those that pages collapse for them.
    """

    liked: frozenset[int] | None
    collapsed: frozenset[int]


def resource(
    comment: Comment, post: Post | ListedPost, state: CommentsState, to: Links
) -> CommentResource:
    """The representation of a comment on `post`; its author must be loaded."""
    is_readable = may_read_comment(current_viewer(), comment, post)
    return CommentResource(
        url=to.comment(comment.id),
        id=comment.id,
        post_url=to.post(comment.post_id),
        parent_url=to.comment(comment.parent_id) if comment.parent_id else None,
        body=comment.body if is_readable else None,
        body_html=comment.body_html.rstrip("\n") if is_readable else None,
        timestamp=comment.created_at,
        edited_at=comment.edited_at,
        author_url=to.user(comment.author_id),
        author=comment.author.username,
        disabled=comment.is_disabled,
        like_count=comment.like_count,
        liked=None if state.liked is None else comment.id in state.liked,
        collapsed=comment.id in state.collapsed,
    )


@blueprint.get("/comments/")
@requires_scope(Scope.READ, anonymous=True)
@paginated(CommentList)
async def list_comments() -> Response:
    """List all comments, the newest first."""
    wanted = requested_page(current_app.settings.comments_per_page)
    return await _list_response(await read(queries.newest, wanted, current_viewer().filtered_for))


@blueprint.get("/posts/<id:post_id>/comments/")
@requires_scope(Scope.READ, anonymous=True)
@paginated(CommentList)
async def list_post_comments(post_id: int) -> Response:
    """List a post's comments, the oldest first."""
    post = await readable_post(post_id)
    wanted = requested_page(current_app.settings.comments_per_page)
    return await _list_response(await read(queries.comments_page, post, wanted), post)


@blueprint.post("/posts/<id:post_id>/comments/")
@requires_scope(Scope.WRITE)
@document_response(CommentResource, 201, IdempotentHeaders)
@document_response(HeldResource, 202, IdempotentHeaders)
@permission_required(Permission.COMMENT)
@validate_json(CommentCreate)
@idempotent
async def create_comment(data: CommentCreate, post_id: int) -> Response:
    """Publish a comment under a post, or a reply to one.

    If the site holds it for review, the response is 202: it's published once a moderator approves.
    """
    form = CommentForm(body=data.body, reply_to=data.reply_to, submission=submission())
    author = required_viewer()
    body_html = await current_app.renderer.comment(data.body, author.id)
    written = await service.write_comment(
        await writes(), author, post_id, form, body_html, session=db
    )
    if isinstance(written, service.HeldComment):
        held = await held_resource(written.item_id)
        return json_response(held, 202, Location=held.url)
    if written.created_at is None:
        made = await comment_resource(written.id)
    else:
        made = _new_resource(written, author, post_id, data, body_html)
    return json_response(made, 201, Location=made.url)


@blueprint.get("/comments/<id:comment_id>")
@requires_scope(Scope.READ, anonymous=True)
@document_response(CommentResource)
async def get_comment(comment_id: int) -> Response:
    """Get a comment."""
    return json_response(await comment_resource(comment_id))


@blueprint.patch("/comments/<id:comment_id>")
@requires_scope(Scope.WRITE)
@document_headers(IfMatch)
@document_response(CommentResource)
@document_response(CommentResource, 202)
@validate_json(CommentUpdate)
async def update_comment(data: CommentUpdate, comment_id: int) -> Response:
    """Update a comment.

    Only its author may, within 15 minutes. If the site holds the change for review, the response is
    202 with the comment as readers see it until then.
    """
    editor, body_html = required_viewer(), ""
    if data.body is not None:
        # Render first: checking If-Match locks the comment.
        body_html = await current_app.renderer.comment(data.body, editor.id)
    await require_match(db(), Comment, comment_id, lambda: comment_resource(comment_id))
    if data.body is not None:
        form = CommentText(body=data.body)
        edited = await service.edit_comment(db(), editor, comment_id, form, body_html)
        if edited.holds_edit:
            return json_response(await comment_resource(comment_id), 202)
    return json_response(await comment_resource(comment_id))


@blueprint.delete("/comments/<id:comment_id>")
@requires_scope(Scope.WRITE)
@document_headers(IfMatch)
@document_response(NoContent, 204)
async def delete_comment(comment_id: int) -> Response:
    """Delete a comment.

    Only its author may.
    """
    await require_match(db(), Comment, comment_id, lambda: comment_resource(comment_id))
    await service.delete_comment(db(), required_viewer(), comment_id)
    return no_content()


@blueprint.post("/comments/<id:comment_id>/remove")
@requires_scope(Scope.WRITE)
@document_response(CommentResource)
@validate_json(CommentRemoval)
async def remove_comment(data: CommentRemoval, comment_id: int) -> Response:
    """Remove someone's comment from under your post.

    Only its author and moderators can read it then, and moderators can undo it.
    """
    await service.remove_comment(db(), required_viewer(), comment_id, data.reason)
    return json_response(await comment_resource(comment_id))


def _new_resource(
    written: Written, author: Viewer, post_id: int, data: CommentCreate, body_html: str
) -> CommentResource:
    """The representation of a comment that was just published."""
    to = links()
    return CommentResource(
        url=to.comment(written.id),
        id=written.id,
        post_url=to.post(post_id),
        parent_url=to.comment(data.reply_to) if data.reply_to else None,
        body=data.body,
        body_html=body_html.rstrip("\n"),
        timestamp=cast(datetime, written.created_at),
        edited_at=None,
        author_url=to.user(author.id),
        author=author.username,
        disabled=False,
        like_count=0,
        liked=False,
        collapsed=False,
    )


async def comment_resource(comment_id: int) -> CommentResource:
    """The representation of a comment.

    Raises:
        NotFoundError, GoneError: there is no such comment.
    """
    comment = await readable_comment(comment_id)
    return resource(comment, comment.post, await _load_state([comment]), links())


async def comment_resources(comments: Sequence[Comment]) -> list[CommentResource]:
    """The representations of comments that are loaded with their posts."""
    if not comments:
        return []
    state, to = await _load_state(comments), links()
    return [resource(each, each.post, state, to) for each in comments]


async def _list_response(comments: Page[Comment], post: ListedPost | None = None) -> Response:
    """The response with a page of comments, on one post or on the whole site with their posts.

    Lists of the whole site leave out comments on hidden posts and by people whom moderators have
    limited, so a page may have fewer than requested: page boundaries are the same for all viewers.
    """
    rows = [row for row in comments.rows if may_know_of_comment(current_viewer(), post or row.post)]
    if post is None:
        rows = [row for row in rows if row.author.limited_at is None]
    comments = replace(comments, rows=tuple(rows))
    state = await _load_state(rows)
    return await list_response(
        CommentList, comments, lambda row, to: resource(row, post or row.post, state, to),
        texts=TEXTS,
    )  # fmt: skip


async def _load_state(comments: Sequence[Comment]) -> CommentsState:
    """Load the current viewer's relation to these comments."""
    if not (viewer_id := current_viewer().id):
        return CommentsState(None, frozenset())
    ids = tuple(each.id for each in comments)
    shut_out = await shut_out_by_viewer([each.author_id for each in comments])
    hidden_ids = {each.id for each in comments if each.author_id in shut_out}
    return CommentsState(
        await read(comments_liked_by, viewer_id, ids),
        frozenset(hidden_ids | (await comments_with_hidden_words(ids)).keys()),
    )
