"""The home page, and the page of each post."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.accounts.identity import required_account
from blog.errors import NotFoundError
from blog.posts import queries, service
from blog.posts.schemas import PostForm
from blog.web.app import current_app, db
from blog.web.forms import Form
from blog.web.requests import requested_page

blueprint = Blueprint("posts", __name__)


@blueprint.get("/")
async def home() -> ResponseReturnValue:
    """The newest posts, and for those who may write the form for another one."""
    return await _home(Form(PostForm))


@blueprint.post("/")
async def write() -> ResponseReturnValue:
    """Publish a post."""
    author = required_account()
    form = Form(PostForm)
    if (data := await form.submitted()) is None:
        return await _home(form)
    await service.write_post(db(), author, data)
    await flash("Your post is published.", "success")
    return redirect(url_for("posts.home"))


async def _home(form: Form[PostForm]) -> ResponseReturnValue:
    page = await queries.newest(db(), requested_page(current_app.settings.posts_per_page))
    return await render_template("posts/home.html", page=page, form=form), form.status


@blueprint.get("/post/<id:post_id>")
async def show(post_id: int) -> ResponseReturnValue:
    """One post."""
    if (post := await queries.post_by_id(db(), post_id)) is None:
        raise NotFoundError("This post does not exist, or was deleted.")
    return await render_template("posts/post.html", post=post)
