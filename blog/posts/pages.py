"""Writing, previewing, editing and deleting posts."""

from quart import Blueprint, flash, redirect, render_template, session, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import confirmed_required, permission_required
from blog.core.auth.quotas import PREVIEWING, WRITING, quota
from blog.core.errors import EditConflictError, ForbiddenError, InvalidFieldsError, NotFoundError
from blog.core.text.reading_time import reading_minutes
from blog.core.web.app import current_app, db
from blog.core.web.forms import Form
from blog.models import Permission, Post
from blog.posts import service
from blog.posts.addresses import post_url
from blog.posts.markdown_examples import EXAMPLES, Example
from blog.posts.policies import POLICIES, may_change_post
from blog.posts.reading import readable_post
from blog.posts.schemas import EditForm, PostForm

blueprint = Blueprint("posts", __name__)
# Renders the examples; it is nobody's id.
_NOBODY = 0
for policy in POLICIES:
    blueprint.add_app_template_global(policy)
blueprint.add_app_template_global(post_url)
blueprint.add_app_template_global(reading_minutes)


@blueprint.post("/preview")
@quota(PREVIEWING)
@permission_required(Permission.WRITE)
async def preview() -> ResponseReturnValue:
    """What a text will look like, as the part of a page that goes beside the form."""
    writer_id = required_viewer().id
    form, html = Form(PostForm), None
    if (data := await form.submitted()) is not None:
        try:
            html = await current_app.renderer.post(data.body, writer_id)
        except InvalidFieldsError as error:
            form.refuse(error)
    return await render_template("posts/_preview.html", form=form, preview=html), form.status


@blueprint.get("/markdown")
async def markdown() -> ResponseReturnValue:
    """What posts may be written in, with examples."""
    examples: list[tuple[Example, str]] = current_app.extensions.setdefault("examples", [])
    if len(examples) < len(EXAMPLES):
        render = current_app.renderer.post
        examples[:] = [(each, await render(each.source, _NOBODY)) for each in EXAMPLES]
    return await render_template("posts/markdown.html", examples=examples)


@blueprint.get("/edit/<id:post_id>")
@confirmed_required
async def edit(post_id: int) -> ResponseReturnValue:
    """The form with a post's text."""
    post = await _changeable_post(post_id)
    form = Form(EditForm, {"body": post.body, "version": str(post.version)})
    return await _edit_page(post, form)


@blueprint.post("/edit/<id:post_id>")
@quota(WRITING, preview=PREVIEWING)
@confirmed_required
async def save(post_id: int) -> ResponseReturnValue:
    """Replace a post's text. If it was changed meanwhile, show both texts and ask."""
    editor = required_viewer()
    form = Form(EditForm)
    if (data := await form.submitted()) is None:
        return await _edit_page(await _changeable_post(post_id), form)
    try:
        body_html = await current_app.renderer.post(data.body, editor.id)
        if "preview" in form.values:
            return await _edit_page(await _changeable_post(post_id), form, body_html)
        post = await service.edit_post(db(), editor, post_id, data, body_html, version=data.version)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _edit_page(await _changeable_post(post_id), form)
    except EditConflictError:
        post = await _changeable_post(post_id)
        # Whoever sends the form again has seen the other text.
        form.values = {**form.values, "version": str(post.version)}
        return await render_template("posts/edit.html", post=post, form=form, is_conflict=True), 409
    session["published"] = f"edit:{post_id}"
    await flash("Your changes are published.", "success")
    return redirect(post_url(post))


@blueprint.get("/delete/<id:post_id>")
@confirmed_required
async def ask_to_delete(post_id: int) -> ResponseReturnValue:
    """The question before a post is deleted."""
    return await render_template("posts/delete.html", post=await _changeable_post(post_id))


@blueprint.post("/delete/<id:post_id>")
@quota(WRITING)
@confirmed_required
async def delete(post_id: int) -> ResponseReturnValue:
    """Delete a post with its comments. If it is gone already, that is what was wanted."""
    try:
        await service.delete_post(db(), required_viewer(), post_id)
    except NotFoundError:
        await flash("The post is gone already.", "info")
    else:
        await flash("The post is deleted.", "success")
    return redirect(url_for("site.home"))


async def _changeable_post(post_id: int) -> Post:
    post = await readable_post(post_id)
    if not may_change_post(required_viewer(), post):
        raise ForbiddenError
    return post


async def _edit_page(
    post: Post, form: Form[EditForm], preview: str | None = None
) -> ResponseReturnValue:
    return await render_template(
        "posts/edit.html", post=post, form=form, preview=preview
    ), form.status
