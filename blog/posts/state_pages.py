"""The buttons that publish, unpublish and pin a post, and share it before it is published."""

from pydantic import ValidationError
from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import confirmed_required
from blog.core.auth.quotas import WRITING, quota
from blog.core.errors import ForbiddenError, InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.text.wall_times import is_ambiguous
from blog.core.web.app import db, read
from blog.core.web.forms import Form
from blog.core.web.headers import keep_out_of_indexes, keep_private
from blog.models import Post, PostStatus
from blog.posts import previews
from blog.posts.addresses import post_url
from blog.posts.alt_texts import ask_for_alt_texts
from blog.posts.editing import ONLY_ITS_AUTHOR, edit_post
from blog.posts.editor.actions import PUBLISH
from blog.posts.editor.queries import Edited
from blog.posts.editor.schemas import PublishForm
from blog.posts.editor.views import values_of
from blog.posts.policies import may_publish_post
from blog.posts.queries import post_by_preview_key
from blog.posts.reading import readable_post
from blog.posts.review import IS_HELD
from blog.posts.schemas import StateForm

blueprint = Blueprint("post_states", __name__)
blueprint.add_app_template_global(is_ambiguous)

LINK_IS_GONE = lazy_gettext("This preview link no longer works.")
COMMENTERS = {
    "everyone": lazy_gettext("Everyone can comment on this post."),
    "followed": lazy_gettext("Only people you follow can comment on this post now."),
    "nobody": lazy_gettext("Comments are closed. Those that are there stay."),
}
STATUS_CHANGED = {
    PostStatus.PUBLISHED: lazy_gettext("Post published."),
    PostStatus.DRAFT: lazy_gettext("The post is a draft again. Only you can see it."),
}


@blueprint.post("/post/<id:post_id>/state")
@quota(WRITING)
@confirmed_required
async def change_state(post_id: int) -> ResponseReturnValue:
    """Publish or unpublish a post, pin or unpin it, or change who can comment, depending on
    `status`, `pinned` or `commenters`."""
    form = Form(StateForm)
    if (data := await form.submitted()) is None:
        raise InvalidFieldsError(form.errors)
    post = await readable_post(post_id)
    if not may_publish_post(required_viewer(), post):
        raise ForbiddenError(ONLY_ITS_AUTHOR)
    if data.status == PostStatus.PUBLISHED and (page := await _ask_for_alt_texts(post)):
        return page
    try:
        post = await edit_post(db(), required_viewer(), post_id, data.changes())
    except InvalidFieldsError as error:
        await flash(str(error), "error")
        return redirect(post_url(await readable_post(post_id)))
    if data.status == PostStatus.PUBLISHED and post.status == PostStatus.HELD:
        await flash(str(IS_HELD), "info")
    else:
        await flash(_success_message(data), "success")
    return redirect(post_url(post, _anchor="comments" if data.commenters else None))


async def _ask_for_alt_texts(post: Post) -> ResponseReturnValue | None:
    """Ask for alternative texts, with the form of the editor for this post."""
    if post.status == PostStatus.PUBLISHED:
        return None
    values = {**values_of(Edited(post, None)), PUBLISH: "true"}
    form: Form[PublishForm] = Form(PublishForm, values)
    try:
        data = PublishForm.model_validate(values)
    except ValidationError:
        return None  # An unfinished draft. The service reports what is wrong.
    address = url_for("editor.save", post_id=post.id)
    return await ask_for_alt_texts(form, data, post.body_html, address=address, post=post)


def _success_message(data: StateForm) -> str:
    if data.status in STATUS_CHANGED:
        return str(STATUS_CHANGED[data.status])
    if data.commenters:
        return str(COMMENTERS[data.commenters])
    return _("Post pinned to your profile.") if data.pinned else _("Post unpinned.")


@blueprint.post("/post/<id:post_id>/preview-link")
@quota(WRITING)
@confirmed_required
async def make_preview_link(post_id: int) -> ResponseReturnValue:
    """Create a secret link to an unpublished post, replacing the previous one."""
    await previews.make_preview_key(db(), required_viewer(), post_id)
    await flash(_("Anyone with the preview link can now read this post."), "success")
    return redirect(post_url(await readable_post(post_id)))


@blueprint.post("/post/<id:post_id>/preview-link/revoke")
@quota(WRITING)
@confirmed_required
async def revoke_preview_link(post_id: int) -> ResponseReturnValue:
    """Revoke the secret link of a post."""
    await previews.revoke_preview_key(db(), required_viewer(), post_id)
    await flash(_("The preview link no longer works."), "success")
    return redirect(post_url(await readable_post(post_id)))


@blueprint.get("/preview/<key>")
async def preview(key: str) -> ResponseReturnValue:
    """Show an unpublished post to anyone with its secret link."""
    keep_private()
    keep_out_of_indexes()
    post: Post | None = await read(post_by_preview_key, key)
    if post is None:
        raise NotFoundError(LINK_IS_GONE)
    if post.is_public:
        return redirect(post_url(post))
    return await render_template("posts/preview_link.html", post=post)
