"""The page of each person, the form for one's own, and the pictures."""

from quart import Blueprint, Response, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import current_user, required_account
from blog.core.auth.permissions import confirmed_required
from blog.core.db.pagination import Page, Stretch, Walk
from blog.core.errors import NotFoundError
from blog.core.web.app import current_app, db, read
from blog.core.web.forms import Form
from blog.core.web.identicons import identicon
from blog.core.web.quotas import CHANGING_ACCOUNT, quota
from blog.core.web.requests import requested_part
from blog.follows import queries as follows
from blog.posts import walk_queries
from blog.posts.lists import PostCard
from blog.posts.queries import posts_by
from blog.users import queries, service
from blog.users.schemas import ProfileForm

blueprint = Blueprint("users", __name__)


@blueprint.get("/user/<username>")
async def profile(username: str) -> ResponseReturnValue:
    """A person's profile, and what the person wrote."""
    user = await read(queries.user_by_username, username)
    if user is None:
        raise NotFoundError(f"Nobody here is called {username}.")
    if user.username != username:
        address, query = url_for("users.profile", username=user.username), request.query_string
        return redirect(f"{address}?{query.decode()}" if query else address)
    wanted = requested_part(current_app.settings.posts_per_page)
    page: Page[PostCard] | Stretch[PostCard]
    if isinstance(wanted, Walk):
        page = await read(walk_queries.cards_by, user.id, wanted)
    else:
        page = await read(posts_by, user.id, wanted)
    reader, relation = current_user.account, None
    if reader is not None and reader.id != user.id:
        relation = await read(follows.relation, reader, user)
    return await render_template("users/profile.html", user=user, page=page, relation=relation)


@blueprint.get("/edit-profile")
@confirmed_required
async def own_profile() -> ResponseReturnValue:
    """The form for one's own profile."""
    account = required_account()
    values = {name: getattr(account, name) for name in ProfileForm.model_fields}
    return await render_template("users/edit_profile.html", form=Form(ProfileForm, values))


@blueprint.post("/edit-profile")
@quota(CHANGING_ACCOUNT)
@confirmed_required
async def edit_profile() -> ResponseReturnValue:
    """Change one's own profile."""
    account = required_account()
    form = Form(ProfileForm)
    if (data := await form.submitted()) is None:
        return await render_template("users/edit_profile.html", form=form), form.status
    await service.edit_profile(db(), account, data)
    await flash("Your profile is changed.", "success")
    return redirect(url_for("users.profile", username=account.username))


@blueprint.get("/avatar/<seed>.svg")
async def avatar(seed: str) -> ResponseReturnValue:
    """An identicon. All of it is in its address, so that it can be kept for ever."""
    try:
        picture = identicon(seed)
    except ValueError:
        raise NotFoundError from None
    response = Response(picture, content_type="image/svg+xml")
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
