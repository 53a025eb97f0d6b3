"""The pages of the user's own images: uploading, describing and deleting them."""

from quart import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import UPLOADING, WRITING, quota
from blog.core.db.pagination import CursorRequest
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.text.images import tint
from blog.core.web.app import current_app, db
from blog.core.web.errors import prefers_json
from blog.core.web.forms import Form
from blog.core.web.headers import vary_by
from blog.core.web.requests import requested_cursor
from blog.core.web.uploads import takes_upload
from blog.media import queries, service
from blog.media.markdown import markdown_of
from blog.media.schemas import ImportForm, MediaForm, MediaUpdate
from blog.media.showing import image_srcset, image_url
from blog.media.sizes import size_text
from blog.media.uploads import LARGEST_UPLOAD, receive, receive_from_url
from blog.models import Media, Permission

blueprint = Blueprint("media", __name__)
for shown in (image_url, image_srcset, tint):
    blueprint.add_app_template_global(shown)

PER_PAGE = 24


@blueprint.get("/media/")
@permission_required(Permission.WRITE)
async def overview() -> ResponseReturnValue:
    """List the user's images, with the form for another one."""
    return await _overview_page(Form(MediaForm), requested_cursor(PER_PAGE))


@blueprint.post("/media/")
@takes_upload(LARGEST_UPLOAD)
@quota(UPLOADING)
@permission_required(Permission.WRITE)
async def upload() -> ResponseReturnValue:
    """Upload an image. The editor's script gets JSON; the form gets the page of images."""
    try:
        media = await receive(required_viewer())
    except InvalidFieldsError as error:
        if prefers_json():
            raise
        form = Form(MediaForm, (await request.form).to_dict())
        form.refuse(error)
        return await _overview_page(form, CursorRequest(PER_PAGE))
    return await _respond(media)


async def _respond(media: Media) -> ResponseReturnValue:
    if prefers_json():
        return _build_json(media), 201
    await flash(_("Image added. Copy its Markdown into your post."), "success")
    return redirect(url_for("media.overview", _anchor=f"media-{media.id}"))


@blueprint.post("/media/import")
@quota(UPLOADING)
@permission_required(Permission.WRITE)
async def import_image() -> ResponseReturnValue:
    """Copy an image from another site. The editor's script gets JSON, as from `upload`."""
    if not current_app.settings.import_images:
        raise NotFoundError
    form = Form(ImportForm)
    try:
        if (data := await form.submitted()) is None:
            raise InvalidFieldsError(form.errors)
        media = await receive_from_url(required_viewer(), data.url, data)
    except InvalidFieldsError as error:
        if prefers_json():
            raise
        form.refuse(error)
        return await _overview_page(Form(MediaForm), CursorRequest(PER_PAGE), import_form=form)
    return await _respond(media)


@blueprint.post("/media/<id:media_id>")
@quota(WRITING)
@permission_required(Permission.WRITE)
async def change(media_id: int) -> ResponseReturnValue:
    """Change the texts of an image."""
    form = Form(MediaUpdate)
    if (data := await form.submitted()) is None:
        raise InvalidFieldsError(form.errors)
    await service.change_media(db(), required_viewer().id, media_id, data)
    await flash(_("Image saved. Existing posts keep the texts they have."), "success")
    return redirect(url_for("media.overview", _anchor=f"media-{media_id}"))


@blueprint.post("/media/<id:media_id>/delete")
@quota(WRITING)
@permission_required(Permission.WRITE)
async def delete(media_id: int) -> ResponseReturnValue:
    """Delete an image. It isn't an error if it is already gone."""
    try:
        await service.delete_media(db(), required_viewer().id, media_id)
    except NotFoundError:
        await flash(_("This image has already been deleted."), "info")
    else:
        await flash(_("Image deleted."), "success")
    return redirect(url_for("media.overview"))


def _build_json(media: Media) -> Response:
    response = jsonify(
        id=media.id,
        markdown=markdown_of(media),
        url=image_url(media.name, media.file.variants[-1][0]),
        name=media.name,
        width=media.file.width,
        height=media.file.height,
        alt=media.alt,
    )
    vary_by(response, "Accept")
    return response


async def _overview_page(
    form: Form[MediaForm], wanted: CursorRequest, import_form: Form[ImportForm] | None = None
) -> tuple[str, int]:
    owner_id = required_viewer().id
    used = await queries.usage(db(), owner_id)
    page = await queries.newest(db(), owner_id, wanted, used.number)
    html = await render_template(
        "media/overview.html",
        form=form,
        import_form=import_form or Form(ImportForm),
        page=page,
        used=size_text(used.bytes),
        quota=size_text(current_app.site.media_quota_bytes),
        imports=current_app.settings.import_images,
        markdown_of=markdown_of,
    )
    return html, import_form.status if import_form else form.status
