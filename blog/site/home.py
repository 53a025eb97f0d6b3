"""The home page: the newest posts or the timeline, and the form for a new post."""

from collections.abc import Sequence
from datetime import timedelta

from quart import flash, make_response, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import current_viewer, required_account, required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import PREVIEWING, WRITING, quota
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import gettext as _
from blog.core.purging.keys import NEWEST, keys_of_list
from blog.core.web.anonymous_pages import anonymous_page
from blog.core.web.app import current_app, db, read, writes
from blog.core.web.cookies import cookie_name, set_cookie
from blog.core.web.forms import Form
from blog.core.web.headers import keep_out_of_indexes
from blog.core.web.requests import requested_page
from blog.core.web.shared_caches import shows
from blog.follows.common import suggested_people
from blog.models import Permission, PostStatus, User
from blog.posts import queries, service
from blog.posts.addresses import post_url
from blog.posts.alt_texts import apply_answers, ask_for_alt_texts
from blog.posts.reading import cards_for_viewer
from blog.posts.review import IS_HELD
from blog.posts.schemas import PostForm
from blog.posts.sent_drafts import forget_draft
from blog.posts.viewer_state import state_of_list
from blog.site.blueprint import blueprint

FOLLOWED = "followed"
TAB, TAB_LIFE = "tab", timedelta(days=30)


@blueprint.get("/")
async def home() -> ResponseReturnValue:
    """Show the newest posts or the timeline, and the form for users who may write."""
    return await home_page(Form(PostForm))


@blueprint.post("/")
@quota(WRITING, preview=PREVIEWING)
@permission_required(Permission.WRITE)
async def publish() -> ResponseReturnValue:
    """Publish a post, or show a preview."""
    form = Form(PostForm)
    if (data := await form.submitted()) is None:
        return await home_page(form)
    author = required_viewer()
    try:
        data = apply_answers(form, data)
        body_html = await current_app.renderer.post(data.body, author.id)
        if "preview" in form.values:
            return await home_page(form, body_html)
        address = url_for("site.publish")
        if page := await ask_for_alt_texts(form, data, body_html, address=address):
            return page
        written = await service.write_post(await writes(), db, author, data, body_html)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await home_page(form)
    forget_draft("post")
    if written.status == PostStatus.HELD:
        await flash(str(IS_HELD), "info")
    else:
        await flash(_("Post published."), "success")
    return redirect(post_url(written))


@blueprint.get("/all")
async def show_all() -> ResponseReturnValue:
    """Switch the home page to all posts."""
    return await _remember_tab("all")


@blueprint.get("/followed")
async def show_followed() -> ResponseReturnValue:
    """Switch the home page to the timeline: the user's own posts and those of users they follow."""
    required_account()
    return await _remember_tab(FOLLOWED)


async def _remember_tab(tab: str) -> ResponseReturnValue:
    """Store the choice in a cookie, and redirect to the home page.

    This is a GET, as in Flasky: the choice is only a preference of this browser, and a cross-site
    request gains nothing.
    """
    response = await make_response(redirect(url_for("site.home")))
    set_cookie(response, TAB, tab, TAB_LIFE)
    return response


async def home_page(form: Form[PostForm], preview: str | None = None) -> ResponseReturnValue:
    """Render the home page.

    Args:
        form: the form for a new post.
        preview: the rendered text of the form.
    """
    wanted = requested_page(current_app.settings.posts_per_page)
    viewer = current_viewer()
    tab = request.cookies.get(cookie_name(TAB)) if viewer.account else None
    if viewer.account is None or tab != FOLLOWED:
        page = await cards_for_viewer(queries.NEWEST, wanted)
    else:
        page = await cards_for_viewer(queries.FOLLOWED, wanted, viewer.id)
    if page.number != 1:
        keep_out_of_indexes()  # Posts move from page to page.
    if viewer.account is None:
        shows(NEWEST, further=keys_of_list(page.rows))
        return await anonymous_page("site/home.html", page, page=page)
    suggested: Sequence[User] = ()
    if tab == FOLLOWED and page.number == 1 and viewer.person.following_count == 0:
        suggested = await read(suggested_people, viewer.id)
    return await render_template(
        "site/home.html",
        page=page,
        state=await state_of_list(page.rows),
        suggested=suggested,
        form=form,
        preview=preview,
        shows_followed=tab == FOLLOWED,
    ), form.status
