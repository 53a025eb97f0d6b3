"""The buttons below a post and its comments, and the lists of people who like them."""

from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.comments.reading import readable_comment
from blog.core.auth.identity import current_viewer, required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import REACTING, quota
from blog.core.errors import NotFoundError
from blog.core.i18n import gettext as _
from blog.core.web.app import db, read, writes
from blog.core.web.errors import prefers_json
from blog.core.web.headers import keep_out_of_indexes
from blog.core.web.requests import local_address, requested_page
from blog.models import Comment, Permission, Post
from blog.posts.addresses import post_url
from blog.posts.reading import readable_post
from blog.posts.viewer_state import viewer_state
from blog.reactions import queries, service
from blog.reactions.policies import POLICIES

blueprint = Blueprint("reactions", __name__)
for policy in POLICIES:
    blueprint.add_app_template_global(policy)

PEOPLE_PER_PAGE = 50


@blueprint.post("/post/<id:post_id>/like")
@quota(REACTING)
@permission_required(Permission.COMMENT)
async def like(post_id: int) -> ResponseReturnValue:
    """Like a post, and return to it, or to the list that it was in."""
    post = await readable_post(post_id)
    await service.like_post(await writes(), required_viewer(), post)
    return await _redirect_to_post(post)


@blueprint.post("/post/<id:post_id>/unlike")
@quota(REACTING)
@permission_required(Permission.COMMENT)
async def unlike(post_id: int) -> ResponseReturnValue:
    """Remove a like, and return as `like` does."""
    post = await readable_post(post_id)
    await service.unlike_post(await writes(), required_viewer(), post)
    return await _redirect_to_post(post)


@blueprint.post("/post/<id:post_id>/bookmark")
@quota(REACTING)
@permission_required(Permission.COMMENT)
async def bookmark(post_id: int) -> ResponseReturnValue:
    """Bookmark a post, and return as `like` does."""
    post = await readable_post(post_id)
    await service.bookmark_post(db(), required_viewer(), post)
    return await _redirect_to_post(post, _("Saved to your bookmarks."))


@blueprint.post("/post/<id:post_id>/unbookmark")
@quota(REACTING)
@permission_required(Permission.COMMENT)
async def unbookmark(post_id: int) -> ResponseReturnValue:
    """Remove a bookmark, and return as `like` does, if the post can still be read."""
    await service.remove_bookmark(db(), required_viewer(), post_id)
    done = _("Removed from your bookmarks.")
    try:
        return await _redirect_to_post(await readable_post(post_id), done)
    except NotFoundError:
        await flash(done, "success")
        return redirect(url_for("site.bookmarks"))


@blueprint.post("/comment/<id:comment_id>/like")
@quota(REACTING)
@permission_required(Permission.COMMENT)
async def like_comment(comment_id: int) -> ResponseReturnValue:
    """Like a comment, and return to it."""
    comment = await readable_comment(comment_id)
    await service.like_comment(await writes(), required_viewer(), comment)
    return await _redirect_to_comment(comment_id)


@blueprint.post("/comment/<id:comment_id>/unlike")
@quota(REACTING)
@permission_required(Permission.COMMENT)
async def unlike_comment(comment_id: int) -> ResponseReturnValue:
    """Remove a like of a comment, and return to it."""
    comment = await readable_comment(comment_id)
    await service.unlike_comment(await writes(), required_viewer(), comment)
    return await _redirect_to_comment(comment_id)


@blueprint.get("/post/<id:post_id>/likes")
async def likes(post_id: int) -> ResponseReturnValue:
    """List the people who like a post."""
    post = await readable_post(post_id)
    return await _likes_page(post, post)


@blueprint.get("/comment/<id:comment_id>/likes")
async def comment_likes(comment_id: int) -> ResponseReturnValue:
    """List the people who like a comment."""
    comment = await readable_comment(comment_id)
    return await _likes_page(comment, comment.post, comment)


async def _likes_page(
    liked: Post | Comment, post: Post, comment: Comment | None = None
) -> ResponseReturnValue:
    keep_out_of_indexes()
    wanted, filtered_for = requested_page(PEOPLE_PER_PAGE), current_viewer().filtered_for
    page = await read(queries.likes_page, liked, wanted, filtered_for)
    return await render_template(
        "reactions/likes.html", liked=liked, post=post, comment=comment, page=page
    )


async def _redirect_to_comment(comment_id: int) -> ResponseReturnValue:
    """Redirect to the comment, on the page given in the form if there is one."""
    page = local_address((await request.form).get("next"))
    if page is None:
        return redirect(url_for("comments.show", comment_id=comment_id))
    return redirect(f"{page.partition('#')[0]}#comment-{comment_id}")


async def _redirect_to_post(post: Post, done: str = "") -> ResponseReturnValue:
    """Redirect to a post, or to its place in the list whose URL the form contains, where the
    buttons show what was done. A list's script gets only these buttons."""
    if prefers_json():
        fresh = await readable_post(post.id)
        state = await viewer_state(db(), required_viewer().id, [post.id])
        return {"html": await render_template("reactions/_of_list.html", post=fresh, state=state)}
    if (address := local_address((await request.form).get("next"))) is not None:
        return redirect(f"{address.partition('#')[0]}#react-{post.id}")
    if done:
        await flash(done, "success")
    return redirect(post_url(post, _anchor="reactions"))
