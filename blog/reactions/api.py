"""Likes and bookmarks in the JSON API."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field
from quart import Response, request
from quart_schema import document_response

from blog.comments.reading import readable_comment
from blog.core.api.bodies import validate_json, validate_optional_json
from blog.core.api.collections import (
    Collection,
    CursorQuery,
    list_example,
    list_response,
    paginated,
    requested_cursor,
    requested_page,
)
from blog.core.api.links import EXAMPLE_ROOT, Links, Url, links
from blog.core.api.operations import Resource, requires_scope
from blog.core.api.problems import Problem
from blog.core.api.responses import NoContent, json_response, no_content
from blog.core.auth.identity import current_viewer, required_account, required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.errors import NotFoundError
from blog.core.text.validation import with_example
from blog.core.web.app import current_app, db, read, writes
from blog.models import Comment, Permission, Scope
from blog.posts.api import readable_post
from blog.posts.listed import ListedPost
from blog.reactions import queries, service
from blog.reactions.folders import delete_folder, rename_folder
from blog.reactions.queries import BookmarkEntry, Folder
from blog.reactions.schemas import BookmarkChange, FolderUpdate
from blog.users.api import UserList, resource

blueprint = Resource("reactions", __name__, "Likes and bookmarks.")

EXAMPLE = {
    "post_id": 17,
    "post_url": f"{EXAMPLE_ROOT}/posts/17",
    "html_url": "https://blog.example/post/17/from-the-command-line",
    "title": "From the command line",
    "author": "susan",
    "folder": "Recipes",
    "bookmarked_at": "2026-11-24T10:12:00.250000Z",
}


class BookmarkResource(BaseModel):
    """A bookmark of yours."""

    model_config = with_example(EXAMPLE)

    post_id: int
    post_url: Url
    html_url: Annotated[
        Url | None, Field(description="The page of the post. Null if it isn't available any more.")
    ]
    title: Annotated[str | None, Field(description="Null for a note.")]
    author: Annotated[str | None, Field(description="The username of the post's author.")]
    folder: Annotated[str | None, Field(description="The name of the folder that it's in.")]
    bookmarked_at: datetime


class BookmarkList(Collection):
    """Bookmarks, the newest first."""

    model_config = with_example(list_example("bookmarks", EXAMPLE))

    bookmarks: list[BookmarkResource]


EXAMPLE_OF_FOLDER = {
    "url": f"{EXAMPLE_ROOT}/bookmarks/folders/3",
    "id": 3,
    "name": "Recipes",
}


class FolderResource(BaseModel):
    """A folder of your bookmarks."""

    model_config = with_example(EXAMPLE_OF_FOLDER)
    PATH_PARAMETER: ClassVar = "folder_id"

    url: Url
    id: int
    name: str


class FolderList(Collection):
    """The folders of your bookmarks, by their names."""

    model_config = with_example(list_example("folders", EXAMPLE_OF_FOLDER))

    folders: list[FolderResource]


class BookmarkQuery(CursorQuery):
    """The query parameters of the list of bookmarks."""

    folder: Annotated[
        str | None, Field(max_length=200, description="The name of a folder, in any case.")
    ] = None


@blueprint.get("/posts/<id:post_id>/likes/")
@requires_scope(Scope.READ, anonymous=True)
@paginated(UserList)
async def list_post_likes(post_id: int) -> Response:
    """List the users who like a post, the newest like first."""
    return await _likes(await readable_post(post_id))


async def _likes(liked: ListedPost | Comment) -> Response:
    wanted = requested_page(current_app.settings.followers_per_page)
    found = await read(queries.likes_page, liked, wanted, current_viewer().filtered_for)
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


@blueprint.get("/comments/<id:comment_id>/likes/")
@requires_scope(Scope.READ, anonymous=True)
@paginated(UserList)
async def list_comment_likes(comment_id: int) -> Response:
    """List the users who like a comment, the newest like first."""
    return await _likes(await readable_comment(comment_id))


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
@validate_optional_json(BookmarkChange)
async def bookmark_post(data: BookmarkChange | None, post_id: int) -> Response:
    """Bookmark a post. Nobody else can see your bookmarks.

    With a body, the bookmark goes into a folder, or out of all; without one it stays where it is.
    """
    post = await readable_post(post_id)
    folder = data.folder if data else None
    moves = data is not None and "folder" in data.model_fields_set
    await service.bookmark_post(db(), required_viewer(), post, folder=folder, moves=moves)
    return no_content()


@blueprint.delete("/posts/<id:post_id>/bookmark")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
@permission_required(Permission.COMMENT)
async def remove_bookmark(post_id: int) -> Response:
    """Remove a bookmark, also of a post that can't be read any more."""
    await service.remove_bookmark(db(), required_viewer(), post_id)
    return no_content()


@blueprint.get("/bookmarks/")
@requires_scope(Scope.READ)
@document_response(Problem, 404)
@paginated(BookmarkList, numbered=False, query=BookmarkQuery)
async def list_bookmarks() -> Response:
    """List your bookmarks, the newest first; all of them, or those in a folder."""
    wanted = requested_cursor(current_app.settings.posts_per_page)
    name, user_id = request.args.get("folder"), required_account().id
    found = await read(queries.bookmarks_of_folder, wanted, user_id, name)

    def resource_of(entry: BookmarkEntry, to: Links) -> BookmarkResource:
        post = entry.post
        return BookmarkResource(
            post_id=entry.post_id,
            post_url=to.post(entry.post_id),
            html_url=to.page_of_post(post.id, post.slug) if post else None,
            title=post.title if post else None,
            author=post.author.username if post else None,
            folder=found.folders.get(entry.folder_id),
            bookmarked_at=entry.created_at,
        )

    return await list_response(BookmarkList, found.page, resource_of, also={"folder": name})


@blueprint.get("/bookmarks/folders/")
@requires_scope(Scope.READ)
@document_response(FolderList)
async def list_bookmark_folders() -> Response:
    """List the folders of your bookmarks, by their names.

    A folder is added by a bookmark that goes into it.
    """
    found, to = await read(queries.folders_of, required_account().id), links()
    folders = [folder_resource(folder, to) for folder in found]
    return json_response(FolderList(prev=None, next=None, count=len(found), folders=folders))


@blueprint.get("/bookmarks/folders/<id:folder_id>")
@requires_scope(Scope.READ)
@document_response(FolderResource)
async def get_bookmark_folder(folder_id: int) -> Response:
    """Get a folder of your bookmarks."""
    return json_response(await _folder(folder_id))


@blueprint.patch("/bookmarks/folders/<id:folder_id>")
@requires_scope(Scope.WRITE)
@document_response(FolderResource)
@permission_required(Permission.COMMENT)
@validate_json(FolderUpdate)
async def rename_bookmark_folder(data: FolderUpdate, folder_id: int) -> Response:
    """Rename a folder of your bookmarks."""
    await rename_folder(db(), required_viewer(), folder_id, data.name)
    return json_response(await _folder(folder_id))


@blueprint.delete("/bookmarks/folders/<id:folder_id>")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
@permission_required(Permission.COMMENT)
async def delete_bookmark_folder(folder_id: int) -> Response:
    """Delete a folder of your bookmarks.

    Its bookmarks are kept, in no folder.
    """
    await delete_folder(db(), required_viewer(), folder_id)
    return no_content()


async def _folder(folder_id: int) -> FolderResource:
    found = await read(queries.folders_of, required_account().id)
    folder = next((each for each in found if each.id == folder_id), None)
    if folder is None:
        raise NotFoundError(queries.NO_FOLDER)
    return folder_resource(folder, links())


def folder_resource(folder: Folder, to: Links) -> FolderResource:
    """The representation of a folder."""
    return FolderResource(url=to.folder(folder.id), id=folder.id, name=folder.name)
