"""The viewer's bookmarks, in folders, and searching them."""

from collections.abc import Sequence

from quart import flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import confirmed_required, permission_required
from blog.core.auth.quotas import REACTING, SEARCHING, quota, spend
from blog.core.db.database_errors import is_timeout
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.text.validation import remove_forbidden
from blog.core.web.app import current_app, db, read
from blog.core.web.forms import Form
from blog.core.web.requests import local_address, requested_page
from blog.models import Permission
from blog.posts.viewer_state import state_of_list
from blog.reactions import folders
from blog.reactions.queries import NO_FOLDER, Folder, bookmarks_page, folders_of
from blog.reactions.schemas import FolderForm
from blog.search.bookmarks import BookmarkSearch, find_bookmarks
from blog.site.blueprint import blueprint

LONGEST_SEARCH = 1_000


@blueprint.get("/bookmarks")
@confirmed_required
async def bookmarks() -> ResponseReturnValue:
    """List the bookmarked posts, the latest first, of a folder (`?folder=`) or matching `?q=`."""
    return await _page(_folder_id(request.args.get("folder")), Form(FolderForm, {}))


async def _page(
    folder_id: int | None, form: Form[FolderForm], *, renames: bool = False
) -> ResponseReturnValue:
    viewer_id = required_viewer().id
    # A form that is shown again comes with the whole list.
    given = request.args.get("q", "") if request.method == "GET" else ""
    text = remove_forbidden(given).strip()[:LONGEST_SEARCH]
    if text:
        await spend(SEARCHING)
    wanted = requested_page(current_app.settings.posts_per_page)
    page, too_slow = None, False
    try:
        if text:
            asked = BookmarkSearch(text, viewer_id, folder_id, wanted)
            page = await read(find_bookmarks, asked)
    except DBAPIError as error:
        if not is_timeout(error):
            raise
        too_slow = True
    own = await read(folders_of, viewer_id)
    if page is None and not too_slow:
        page = await read(bookmarks_page, wanted, viewer_id, folder_id)
    folder, rows = _find_folder(own, folder_id), page.rows if page else ()
    if folder and not form.values:
        form.values = {"name": folder.name}
    html = await render_template(
        "site/bookmarks.html",
        page=page,
        state=await state_of_list(each.post for each in rows if each.post),
        folders=own,
        folder=folder,
        q=text,
        form=form,
        renames=renames,
    )
    return html, 503 if too_slow else form.status


@blueprint.post("/bookmarks/folders")
@quota(REACTING)
@permission_required(Permission.COMMENT)
async def add_folder() -> ResponseReturnValue:
    """Add a folder, and show it."""
    form = Form(FolderForm)
    if (data := await form.submitted()) is None:
        return await _page(None, form)
    try:
        folder_id = await folders.add_folder(db(), required_viewer(), data.name)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _page(None, form)
    return redirect(url_for("site.bookmarks", folder=folder_id))


@blueprint.post("/bookmarks/folders/<id:folder_id>/rename")
@quota(REACTING)
@permission_required(Permission.COMMENT)
async def rename_folder(folder_id: int) -> ResponseReturnValue:
    """Rename a folder."""
    form = Form(FolderForm)
    if (data := await form.submitted()) is None:
        return await _page(folder_id, form, renames=True)
    try:
        await folders.rename_folder(db(), required_viewer(), folder_id, data.name)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _page(folder_id, form, renames=True)
    await flash(_("Folder renamed."), "success")
    return redirect(url_for("site.bookmarks", folder=folder_id))


@blueprint.post("/bookmarks/folders/<id:folder_id>/delete")
@quota(REACTING)
@permission_required(Permission.COMMENT)
async def delete_folder(folder_id: int) -> ResponseReturnValue:
    """Delete a folder, but not its bookmarks."""
    await folders.delete_folder(db(), required_viewer(), folder_id)
    await flash(_("Folder deleted. Its bookmarks are kept."), "success")
    return redirect(url_for("site.bookmarks"))


@blueprint.post("/bookmarks/<id:post_id>/move")
@quota(REACTING)
@permission_required(Permission.COMMENT)
async def move_bookmark(post_id: int) -> ResponseReturnValue:
    """Move a bookmark into a folder or out of it, and return to the list."""
    form = await request.form
    folder_id = _folder_id(form.get("folder"))
    await folders.move_bookmark(db(), required_viewer(), post_id, folder_id)
    await flash(_("Bookmark moved."), "success")
    return redirect(local_address(form.get("next")) or url_for("site.bookmarks"))


def _folder_id(text: str | None) -> int | None:
    """Parse the id of a folder in a URL or a form; `None` for no folder.

    Raises:
        NotFoundError: it is not an id.
    """
    if not text:
        return None
    if len(text) > 18 or not (text.isascii() and text.isdecimal()):
        raise NotFoundError(NO_FOLDER)
    return int(text)


def _find_folder(own: Sequence[Folder], folder_id: int | None) -> Folder | None:
    """Find the folder to show.

    Raises:
        NotFoundError: there is no such folder.
    """
    if folder_id is None:
        return None
    for folder in own:
        if folder.id == folder_id:
            return folder
    raise NotFoundError(NO_FOLDER)
