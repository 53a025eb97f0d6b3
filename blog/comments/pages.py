"""The pages for writing, editing and deleting comments, which are shown on the page of their
post."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.comments import queries, service
from blog.comments.conversation import conversation
from blog.comments.policies import (
    POLICIES,
    may_delete_comment,
    may_edit_comment,
    may_remove_comment,
)
from blog.comments.reading import readable_comment
from blog.comments.replies import draft_name
from blog.comments.schemas import CommentForm, CommentPreviewForm, RemovalForm
from blog.comments.shown_text import shown_text
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import confirmed_required, permission_required
from blog.core.auth.quotas import PREVIEWING, WRITING, quota
from blog.core.db.pagination import PageRequest
from blog.core.errors import ForbiddenError, InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.web.app import current_app, db, writes
from blog.core.web.forms import Form
from blog.models import Comment, Permission
from blog.posts.addresses import post_url
from blog.posts.reading import readable_post_with_neighbours
from blog.posts.sent_drafts import forget_draft

blueprint = Blueprint("comments", __name__)
for helper in (*POLICIES, draft_name, shown_text):
    blueprint.add_app_template_global(helper)


@blueprint.post("/comment/preview")
@quota(PREVIEWING)
@permission_required(Permission.COMMENT)
async def preview() -> ResponseReturnValue:
    """Show what a comment will look like, as the part of a page below the form."""
    form, html = Form(CommentPreviewForm), None
    if (data := await form.submitted()) is not None:
        try:
            html = await current_app.renderer.comment(data.body, required_viewer().id)
        except InvalidFieldsError as error:
            form.refuse(error)
    return await render_template("posts/_preview.html", form=form, preview=html), form.status


@blueprint.post("/post/<id:post_id>")
@quota(WRITING)
async def write(post_id: int) -> ResponseReturnValue:
    """Publish a comment, and redirect to it, or show a preview."""
    author = required_viewer()
    form = Form(CommentForm)
    data = await form.submitted()
    try:
        if data is None:
            return await _form_page(post_id, form)
        body_html = await current_app.renderer.comment(data.body, author.id)
        if "preview" in form.values:
            return await _form_page(post_id, form, body_html)
        written = await service.write_comment(
            await writes(), author, post_id, data, body_html, session=db
        )
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _form_page(post_id, form)
    forget_draft(draft_name(post_id, data.reply_to))
    if isinstance(written, service.HeldComment):
        await flash(str(service.IS_HELD), "info")
        return redirect(url_for("own_held.index", _anchor=f"held-{written.item_id}"))
    position = written.position or await queries.position(db(), written.id)
    return redirect(_url_at_position(post_id, written.slug, written.id, position))


@blueprint.get("/comment/<id:comment_id>")
async def show(comment_id: int) -> ResponseReturnValue:
    """Redirect to the comment, on the current page of its post."""
    comment = await readable_comment(comment_id)
    return redirect(await _comment_url(comment))


@blueprint.get("/comment/<id:comment_id>/edit")
@confirmed_required
async def edit(comment_id: int) -> ResponseReturnValue:
    """Show the form with the comment's text, for its author."""
    viewer = required_viewer()
    comment = await readable_comment(comment_id)
    if not may_edit_comment(viewer, comment, comment.post):
        raise ForbiddenError(service.NOT_EDITABLE)
    form = Form(CommentForm, {"body": comment.body})
    return await render_template("comments/edit.html", comment=comment, form=form)


@blueprint.post("/comment/<id:comment_id>/edit")
@quota(WRITING)
async def save(comment_id: int) -> ResponseReturnValue:
    """Replace the comment's text."""
    viewer = required_viewer()
    form = Form(CommentForm)
    if (data := await form.submitted()) is not None:
        try:
            body_html = await current_app.renderer.comment(data.body, viewer.id)
            comment = await service.edit_comment(db(), viewer, comment_id, data, body_html)
        except InvalidFieldsError as error:
            form.refuse(error)
        else:
            if comment.holds_edit:
                await flash(str(service.EDIT_IS_HELD), "info")
            else:
                await flash(_("Comment saved."), "success")
            return redirect(await _comment_url(comment))
    comment = await readable_comment(comment_id)
    return await render_template("comments/edit.html", comment=comment, form=form), form.status


@blueprint.get("/comment/<id:comment_id>/delete")
@confirmed_required
async def ask_to_delete(comment_id: int) -> ResponseReturnValue:
    """Ask for confirmation before deleting a comment."""
    viewer = required_viewer()
    comment = await readable_comment(comment_id)
    if not may_delete_comment(viewer, comment, comment.post):
        raise ForbiddenError
    return await render_template("comments/delete.html", comment=comment)


@blueprint.post("/comment/<id:comment_id>/delete")
@quota(WRITING)
async def delete(comment_id: int) -> ResponseReturnValue:
    """Delete the comment, and redirect to its former place.

    If it is already gone, that is a success as well, but its place is unknown.
    """
    viewer = required_viewer()
    try:
        post = (await readable_comment(comment_id)).post
        place = await queries.position(db(), comment_id)
        await service.delete_comment(db(), viewer, comment_id)
    except NotFoundError:
        await flash(_("This comment has already been deleted."), "info")
        return redirect(url_for("site.home"))
    await flash(_("Comment deleted."), "success")
    page = PageRequest.holding(place - 1, current_app.settings.comments_per_page)
    return redirect(post_url(post, page=page.number, _anchor="comments"))


@blueprint.get("/comment/<id:comment_id>/remove")
@confirmed_required
async def ask_to_remove(comment_id: int) -> ResponseReturnValue:
    """Ask for confirmation before the author of a post removes a comment from it."""
    comment = await readable_comment(comment_id)
    if not may_remove_comment(required_viewer(), comment, comment.post):
        raise ForbiddenError
    form = Form(RemovalForm)
    return await render_template("comments/remove.html", comment=comment, form=form)


@blueprint.post("/comment/<id:comment_id>/remove")
@quota(WRITING)
async def remove(comment_id: int) -> ResponseReturnValue:
    """Remove a comment from the viewer's post."""
    viewer, form = required_viewer(), Form(RemovalForm)
    if (data := await form.submitted()) is None:
        comment = await readable_comment(comment_id)
        return await render_template("comments/remove.html", comment=comment, form=form), 422
    if await service.remove_comment(db(), viewer, comment_id, data.reason):
        await flash(_("Comment removed."), "success")
    return redirect(url_for("comments.show", comment_id=comment_id))


async def _form_page(
    post_id: int, form: Form[CommentForm], preview: str | None = None
) -> ResponseReturnValue:
    """The page of the post with the form, with its errors or a preview."""
    post, neighbours = await readable_post_with_neighbours(post_id)
    page = PageRequest.holding(post.comment_count, current_app.settings.comments_per_page)
    below = await conversation(post, page, form)
    html = await render_template(
        "site/post.html", post=post, neighbours=neighbours, below=below, preview=preview
    )
    return html, form.status


async def _comment_url(comment: Comment) -> str:
    position = await queries.position(db(), comment.id)
    return _url_at_position(comment.post_id, comment.post.slug, comment.id, position)


def _url_at_position(post_id: int, slug: str | None, comment_id: int, position: int) -> str:
    """The URL of the comment at `position` on its post."""
    page = PageRequest.holding(position, current_app.settings.comments_per_page)
    anchor = f"comment-{comment_id}"
    return url_for("site.post", post_id=post_id, slug=slug, page=page.number, _anchor=anchor)
