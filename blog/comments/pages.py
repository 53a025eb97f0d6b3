"""The pages for writing, editing and deleting comments, which are shown on the page of their
post."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.comments import queries, service
from blog.comments.policies import (
    POLICIES,
    may_delete_comment,
    may_edit_comment,
    may_know_of_comment,
)
from blog.comments.schemas import CommentForm
from blog.core.auth.identity import current_viewer, required_viewer
from blog.core.auth.permissions import confirmed_required
from blog.core.auth.quotas import WRITING, quota
from blog.core.db.pagination import PageRequest
from blog.core.errors import ForbiddenError, InvalidFieldsError, NotFoundError
from blog.core.web.app import current_app, db, writes
from blog.core.web.forms import Form
from blog.models import Comment, Post
from blog.posts.addresses import post_url
from blog.posts.policies import unreadable
from blog.posts.reading import readable_post_with_neighbours
from blog.posts.sent_drafts import forget_draft
from blog.posts.viewer_state import viewer_state

blueprint = Blueprint("comments", __name__)
for policy in POLICIES:
    blueprint.add_app_template_global(policy)


@blueprint.post("/post/<id:post_id>")
@quota(WRITING)
async def write(post_id: int) -> ResponseReturnValue:
    """Publish a comment, and redirect to it."""
    author = required_viewer()
    form = Form(CommentForm)
    data = await form.submitted()
    try:
        if data is None:
            return await _form_again(post_id, form)
        body_html = await current_app.renderer.comment(data.body, author.id)
        written = await service.write_comment(await writes(), author, post_id, data, body_html)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _form_again(post_id, form)
    forget_draft(f"comment:{post_id}")
    return redirect(_address(post_id, written.slug, written.id, written.position))


@blueprint.get("/comment/<id:comment_id>")
async def show(comment_id: int) -> ResponseReturnValue:
    """Redirect to the comment, on the current page of its post."""
    comment = await _comment(comment_id)
    return redirect(await _place(comment.post, comment_id))


@blueprint.get("/comment/<id:comment_id>/edit")
@confirmed_required
async def edit(comment_id: int) -> ResponseReturnValue:
    """Show the form with the comment's text, for its author."""
    viewer = required_viewer()
    comment = await _comment(comment_id)
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
            await flash("Comment saved.", "success")
            return redirect(await _place(comment.post, comment_id))
    comment = await _comment(comment_id)
    return await render_template("comments/edit.html", comment=comment, form=form), form.status


@blueprint.get("/comment/<id:comment_id>/delete")
@confirmed_required
async def ask_to_delete(comment_id: int) -> ResponseReturnValue:
    """Ask for confirmation before deleting a comment."""
    viewer = required_viewer()
    comment = await _comment(comment_id)
    if not may_delete_comment(viewer, comment, comment.post):
        raise ForbiddenError
    return await render_template("comments/delete.html", comment=comment)


@blueprint.post("/comment/<id:comment_id>/delete")
@quota(WRITING)
async def delete(comment_id: int) -> ResponseReturnValue:
    """Delete the comment, and redirect to its former place.

    If it does not exist any more, that is a success as well, but its place is unknown.
    """
    viewer = required_viewer()
    try:
        post = (await _comment(comment_id)).post
        await service.delete_comment(db(), viewer, comment_id)
    except NotFoundError:
        await flash("This comment has already been deleted.", "info")
        return redirect(url_for("site.home"))
    await flash("Comment deleted.", "success")
    before = await queries.position(db(), post.id, comment_id)
    page = PageRequest.holding(before, current_app.settings.comments_per_page)
    return redirect(post_url(post, page=page.number, _anchor="comments"))


async def _comment(comment_id: int) -> Comment:
    comment = await queries.comment_by_id(db(), comment_id)
    if comment is None or not may_know_of_comment(current_viewer(), comment.post):
        raise unreadable(comment.post if comment else None, service.COMMENT_IS_GONE)
    return comment


async def _form_again(post_id: int, form: Form[CommentForm]) -> ResponseReturnValue:
    """The page for the comment, with its validation errors."""
    post, neighbours = await readable_post_with_neighbours(post_id)
    size = current_app.settings.comments_per_page
    page = await queries.comments_page(db(), post, PageRequest.holding(post.comment_count, size))
    state = await viewer_state(db(), required_viewer().id, [post_id])
    html = await render_template(
        "site/post.html", post=post, neighbours=neighbours, comments=page, state=state, form=form
    )
    return html, form.status


async def _place(post: Post, comment_id: int) -> str:
    position = await queries.position(db(), post.id, comment_id)
    return _address(post.id, post.slug, comment_id, position)


def _address(post_id: int, slug: str | None, comment_id: int, position: int) -> str:
    """The URL of the comment at `position` on its post."""
    page = PageRequest.holding(position, current_app.settings.comments_per_page)
    anchor = f"comment-{comment_id}"
    return url_for("site.post", post_id=post_id, slug=slug, page=page.number, _anchor=anchor)
