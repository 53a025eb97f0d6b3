"""The home page: the newest posts, of all or of those one follows, and a form to write one."""

from datetime import timedelta

from quart import flash, make_response, redirect, render_template, request, session, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import current_viewer, required_account, required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import PREVIEWING, WRITING, quota
from blog.core.errors import InvalidFieldsError
from blog.core.web.app import current_app, read, writes
from blog.core.web.forms import Form
from blog.core.web.requests import requested_page
from blog.models import Permission
from blog.posts import queries, service
from blog.posts.schemas import PostForm
from blog.site.blueprint import blueprint

FOLLOWED = "followed"
TAB_LIFE = timedelta(days=30)


@blueprint.get("/")
async def home() -> ResponseReturnValue:
    """The newest posts, of all or of those one follows, and a form for whoever may write."""
    return await home_page(Form(PostForm))


@blueprint.post("/")
@quota(WRITING, preview=PREVIEWING)
@permission_required(Permission.WRITE)
async def publish() -> ResponseReturnValue:
    """Publish a post, or show what it would look like."""
    form = Form(PostForm)
    if (data := await form.submitted()) is None:
        return await home_page(form)
    author = required_viewer()
    try:
        body_html = await current_app.renderer.post(data.body, author.id)
        if "preview" in form.values:
            return await home_page(form, body_html)
        await service.write_post(await writes(), author, data, body_html)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await home_page(form)
    session["published"] = "post"
    await flash("Your post is published.", "success")
    return redirect(url_for("site.home"))


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
    response = await make_response(redirect(url_for("site.home")))
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
    viewer = current_viewer()
    tab = request.cookies.get(_tab_cookie()) if viewer.account else None
    if viewer.account is None or tab != FOLLOWED:
        page = await read(queries.NEWEST.cards, wanted)
    else:
        page = await read(queries.TIMELINE.cards, wanted, viewer.id)
    if viewer.account is None:
        return await current_app.fragments.anonymous_page("site/home.html", page=page)
    return await render_template(
        "site/home.html",
        page=page,
        form=form,
        preview=preview,
        shows_followed=tab == FOLLOWED,
        published=session.pop("published", None),
    ), form.status
