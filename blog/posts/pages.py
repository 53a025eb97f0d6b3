"""Previewing and deleting posts; `blog.posts.editor` has the pages for writing them."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import confirmed_required, permission_required
from blog.core.auth.quotas import PREVIEWING, WRITING, quota
from blog.core.errors import ForbiddenError, InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.text.outline import outline
from blog.core.text.reading_time import reading_minutes
from blog.core.web.app import current_app, db
from blog.core.web.forms import Form
from blog.models import Permission, Post
from blog.posts import service
from blog.posts.addresses import post_url
from blog.posts.markdown_examples import EXAMPLES, Example
from blog.posts.policies import POLICIES, may_change_post
from blog.posts.reading import readable_post
from blog.posts.schemas import DeletionForm, PreviewForm

blueprint = Blueprint("posts", __name__)
# The author of the examples: no account has this id.
_NOBODY = 0
for policy in POLICIES:
    blueprint.add_app_template_global(policy)
blueprint.add_app_template_global(post_url)
blueprint.add_app_template_global(reading_minutes)
blueprint.add_app_template_global(outline)


@blueprint.post("/preview")
@quota(PREVIEWING)
@permission_required(Permission.WRITE)
async def preview() -> ResponseReturnValue:
    """Show what a text will look like, as the part of a page next to the form."""
    writer_id = required_viewer().id
    form, html = Form(PreviewForm), None
    if (data := await form.submitted()) is not None:
        try:
            html = await current_app.renderer.post(data.body, writer_id)
        except InvalidFieldsError as error:
            form.refuse(error)
    return await render_template("posts/_preview.html", form=form, preview=html), form.status


@blueprint.get("/markdown")
async def markdown() -> ResponseReturnValue:
    """Show the Markdown syntax of posts, with examples."""
    examples: list[tuple[Example, str]] = current_app.extensions.setdefault("examples", [])
    if len(examples) < len(EXAMPLES):
        render = current_app.renderer.post
        examples[:] = [(each, await render(each.source, _NOBODY)) for each in EXAMPLES]
    return await render_template("posts/markdown.html", examples=examples)


@blueprint.get("/delete/<id:post_id>")
@confirmed_required
async def ask_to_delete(post_id: int) -> ResponseReturnValue:
    """Ask before deleting a post."""
    return await _deletion_page(await _changeable_post(post_id), Form(DeletionForm))


@blueprint.post("/delete/<id:post_id>")
@quota(WRITING)
@confirmed_required
async def delete(post_id: int) -> ResponseReturnValue:
    """Delete a post with its comments; deleting another person's needs a reason. If it is already
    gone, say so without an error."""
    viewer, reason, done = required_viewer(), "", _("Post deleted.")
    try:
        post = await _changeable_post(post_id)
        if post.author_id != viewer.id:
            form = Form(DeletionForm)
            if (data := await form.submitted()) is None:
                return await _deletion_page(post, form)
            reason = data.reason
            done = _("The post by %(name)s was deleted.", name=post.author.username)
        await service.delete_post(db(), viewer, post_id, reason)
    except NotFoundError:
        await flash(_("This post has already been deleted."), "info")
    else:
        await flash(done, "success")
    return redirect(url_for("site.home"))


async def _deletion_page(post: Post, form: Form[DeletionForm]) -> ResponseReturnValue:
    return await render_template("posts/delete.html", post=post, form=form), form.status


async def _changeable_post(post_id: int) -> Post:
    post = await readable_post(post_id)
    if not may_change_post(required_viewer(), post):
        raise ForbiddenError
    return post
