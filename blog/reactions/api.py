"""Likes and bookmarks in the JSON API."""

from quart import Response
from quart_schema import document_response

from blog.comments.reading import readable_comment
from blog.core.api.collections import list_response, paginated, requested_page
from blog.core.api.operations import Resource, requires_scope
from blog.core.api.responses import NoContent, no_content
from blog.core.auth.identity import current_viewer, required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.web.app import current_app, db, read, writes
from blog.models import Permission, Scope
from blog.posts.api import readable_post
from blog.reactions import queries, service
from blog.users.api import UserList, resource

blueprint = Resource("reactions", __name__, "Likes and bookmarks.")


@blueprint.get("/posts/<id:post_id>/likes/")
@requires_scope(Scope.READ, anonymous=True)
@paginated(UserList)
async def list_post_likes(post_id: int) -> Response:
    """List the users who like a post, the newest like first."""
    post = await readable_post(post_id)
    wanted = requested_page(current_app.settings.followers_per_page)
    found = await read(queries.likes_page, post, wanted, current_viewer().filtered_for)
    return await list_response(UserList, found, lambda row, to: resource(row.user, to))


@blueprint.put("/posts/<id:post_id>/like")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
@permission_required(Permission.COMMENT)
async def like_post(post_id: int) -> Response:
    """Like a post."""
    post = await readable_post(post_id)
    await service.like_post(await writes(), required_viewer(), post)
    return no_content()


@blueprint.delete("/posts/<id:post_id>/like")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
@permission_required(Permission.COMMENT)
async def unlike_post(post_id: int) -> Response:
    """Take a like of a post back."""
    post = await readable_post(post_id)
    await service.unlike_post(await writes(), required_viewer(), post)
    return no_content()


@blueprint.put("/comments/<id:comment_id>/like")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
@permission_required(Permission.COMMENT)
async def like_comment(comment_id: int) -> Response:
    """Like a comment."""
    comment = await readable_comment(comment_id)
    await service.like_comment(await writes(), required_viewer(), comment)
    return no_content()


@blueprint.delete("/comments/<id:comment_id>/like")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
@permission_required(Permission.COMMENT)
async def unlike_comment(comment_id: int) -> Response:
    """Take a like of a comment back."""
    comment = await readable_comment(comment_id)
    await service.unlike_comment(await writes(), required_viewer(), comment)
    return no_content()


@blueprint.put("/posts/<id:post_id>/bookmark")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
@permission_required(Permission.COMMENT)
async def bookmark_post(post_id: int) -> Response:
    """Bookmark a post. Nobody else can see your bookmarks."""
    post = await readable_post(post_id)
    await service.bookmark_post(db(), required_viewer(), post)
    return no_content()


@blueprint.delete("/posts/<id:post_id>/bookmark")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
@permission_required(Permission.COMMENT)
async def remove_bookmark(post_id: int) -> Response:
    """Remove a bookmark, also of a post that can't be read any more."""
    await service.remove_bookmark(db(), required_viewer(), post_id)
    return no_content()
