"""The page of each person."""

from quart import Blueprint, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.errors import NotFoundError
from blog.posts.queries import posts_by
from blog.users import queries
from blog.web.app import current_app, db
from blog.web.requests import requested_page

blueprint = Blueprint("users", __name__)


@blueprint.get("/user/<username>")
async def profile(username: str) -> ResponseReturnValue:
    """A person's profile, and what the person wrote."""
    user = await queries.user_by_username(db(), username)
    if user is None:
        raise NotFoundError(f"Nobody here is called {username}.")
    if user.username != username:
        return redirect(url_for("users.profile", username=user.username))
    page = await posts_by(db(), user, requested_page(current_app.settings.posts_per_page))
    return await render_template("users/profile.html", user=user, page=page)
