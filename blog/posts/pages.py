"""Reading posts: the home page with its tabs, and the page of each post."""

from datetime import timedelta

from quart import (
    Blueprint,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from quart.typing import ResponseReturnValue

from blog.comments.queries import comments_page
from blog.comments.schemas import CommentForm
from blog.core.auth.identity import current_user, required_account
from blog.core.db.pagination import Page, Stretch, Walk
from blog.core.errors import NotFoundError
from blog.core.web.app import current_app, read
from blog.core.web.forms import Form
from blog.core.web.requests import requested_page, requested_part
from blog.models import Post
from blog.posts import queries, walk_queries
from blog.posts.lists import PostCard
from blog.posts.policies import POLICIES, may_read_post
from blog.posts.schemas import PostForm
from blog.posts.service import POST_IS_GONE

blueprint = Blueprint("posts", __name__)
for policy in POLICIES:
    blueprint.add_app_template_global(policy)

FOLLOWED = "followed"
TAB_LIFE = timedelta(days=30)


@blueprint.get("/")
async def home() -> ResponseReturnValue:
    """The newest posts, of all or of those one follows, and a form for whoever may write."""
    return await home_page(Form(PostForm))


@blueprint.get("/all")
async def show_all() -> ResponseReturnValue:
    """Have the home page show everybody's posts."""
    return await _remember_tab("all")


@blueprint.get("/followed")
async def show_followed() -> ResponseReturnValue:
    """Have the home page show one's own posts and those of the people one follows."""
    required_account()
    return await _remember_tab(FOLLOWED)


async def _remember_tab(tab: str) -> ResponseReturnValue:
    """Keep the choice in a cookie, and go home.

    This is asked for by GET, as in Flasky: the choice is nothing but a bookmark of this
    browser, and another site that makes it choose the other tab gains nothing.
    """
    response = await make_response(redirect(url_for("posts.home")))
    response.set_cookie(
        _tab_cookie(),
        tab,
        max_age=TAB_LIFE,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return response


def _tab_cookie() -> str:
    return f"{current_app.config['COOKIE_PREFIX']}tab"


async def home_page(form: Form[PostForm], preview: str | None = None) -> ResponseReturnValue:
    """The home page.

    Args:
        form: the form in it.
        preview: what the text in the form will look like.
    """
    wanted = requested_page(current_app.settings.posts_per_page)
    reader = current_user.account
    tab = request.cookies.get(_tab_cookie()) if reader else None
    page: Page[PostCard] | Stretch[PostCard]
    if reader is None or tab != FOLLOWED:
        page = await read(queries.newest, wanted)
    elif isinstance(part := requested_part(wanted.size), Walk):
        page = await read(walk_queries.timeline_cards, reader.id, part)
    else:
        page = await read(queries.timeline, reader.id, wanted)
    if reader is None:
        return await current_app.fragments.page_for_strangers("posts/home.html", page=page)
    return await render_template(
        "posts/home.html",
        page=page,
        form=form,
        preview=preview,
        shows_followed=tab == FOLLOWED,
        published=session.pop("published", None),
    ), form.status


@blueprint.get("/post/<id:post_id>")
async def show(post_id: int) -> ResponseReturnValue:
    """One post, with a page of its comments (`?page=`; -1 is the last)."""
    post = await readable_post(post_id)
    wanted = requested_page(current_app.settings.comments_per_page, count=post.comment_count)
    comments = await read(comments_page, post, wanted)
    return await render_template(
        "posts/post.html",
        post=post,
        comments=comments,
        form=Form(CommentForm),
        published=session.pop("published", None),
    )


async def readable_post(post_id: int) -> Post:
    """A post that the visitor may know of.

    Raises:
        NotFoundError: there is none.
    """
    post = await read(queries.post_by_id, post_id)
    if post is None or not may_read_post(current_user.viewer, post):
        raise NotFoundError(POST_IS_GONE)
    return post
