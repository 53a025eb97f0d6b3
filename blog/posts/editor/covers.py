"""`/edit/<id>/cover`: choose the cover of a post from all of the author's images."""

from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import confirmed_required
from blog.core.auth.quotas import UPLOADING, WRITING, quota
from blog.core.db.pagination import CursorRequest
from blog.core.errors import EditConflictError, ForbiddenError, InvalidFieldsError, NotFoundError
from blog.core.i18n import lazy_gettext
from blog.core.web.app import db, read
from blog.core.web.forms import Form
from blog.core.web.requests import requested_cursor
from blog.core.web.uploads import takes_upload
from blog.media.queries import newest, own_media
from blog.media.schemas import MediaForm
from blog.media.service import IS_GONE
from blog.media.uploads import LARGEST_UPLOAD, receive
from blog.models import PostStatus
from blog.posts.editing import edit_post
from blog.posts.editor import service
from blog.posts.editor.pages import changeable_post
from blog.posts.editor.queries import Edited
from blog.posts.editor.schemas import DraftForm
from blog.posts.editor.views import fields_of
from blog.posts.policies import is_author
from blog.posts.schemas import PostUpdate

blueprint = Blueprint("covers", __name__)

PER_PAGE = 24
IS_CHOSEN = lazy_gettext("Cover saved.")
WAS_CHANGED = lazy_gettext(
    "This post has changed in the meantime. Have a look at it, then choose the cover again."
)


@blueprint.get("/edit/<id:post_id>/cover")
@confirmed_required
async def overview(post_id: int) -> ResponseReturnValue:
    """Show the viewer's images, with a form for another one."""
    edited = await _own_post(post_id)
    return await _overview_page(edited, Form(MediaForm), requested_cursor(PER_PAGE))


@blueprint.post("/edit/<id:post_id>/cover/upload")
@takes_upload(LARGEST_UPLOAD)
@quota(UPLOADING)
@confirmed_required
async def upload(post_id: int) -> ResponseReturnValue:
    """Use an uploaded image as the cover."""
    edited = await _own_post(post_id)
    try:
        media = await receive(required_viewer())
    except InvalidFieldsError as error:
        form = Form(MediaForm, (await request.form).to_dict())
        form.refuse(error)
        return await _overview_page(edited, form, CursorRequest(PER_PAGE))
    return await _choose(edited, media.id)


@blueprint.post("/edit/<id:post_id>/cover/<id:media_id>")
@quota(WRITING)
@confirmed_required
async def choose(post_id: int, media_id: int) -> ResponseReturnValue:
    """Use one of the viewer's images as the cover."""
    edited = await _own_post(post_id)
    if await read(own_media, required_viewer().id, media_id) is None:
        raise NotFoundError(IS_GONE)
    return await _choose(edited, media_id)


async def _own_post(post_id: int) -> Edited:
    """Load a post by the viewer, whose images are offered.

    Raises:
        NotFoundError, ForbiddenError: there is no such post.
    """
    edited = await changeable_post(post_id)
    if not is_author(required_viewer(), edited.post):
        raise ForbiddenError
    return edited


async def _choose(edited: Edited, media_id: int) -> ResponseReturnValue:
    """Save the choice where the editor saves what is typed."""
    editor, (post, copy) = required_viewer(), edited
    try:
        if post.status == PostStatus.PUBLISHED:
            fields = (dict(copy.fields) if copy else fields_of(post)) | {"cover": str(media_id)}
            form = DraftForm(
                version=copy.base_version if copy else post.version,
                copy_version=copy.version if copy else 0,
            )
            await service.save_working_copy(db(), editor, post, form, fields)
        else:
            await edit_post(db(), editor, post.id, PostUpdate(cover=media_id))
    except EditConflictError:
        await flash(str(WAS_CHANGED), "error")
    else:
        await flash(str(IS_CHOSEN), "success")
    return redirect(url_for("editor.edit", post_id=post.id))


async def _overview_page(
    edited: Edited, form: Form[MediaForm], wanted: CursorRequest
) -> ResponseReturnValue:
    page = await read(newest, required_viewer().id, wanted, 0)
    html = await render_template("editor/cover.html", post=edited.post, form=form, page=page)
    return html, form.status
