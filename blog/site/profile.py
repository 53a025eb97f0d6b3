"""The profile page, with the user's posts."""

from quart import redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import current_viewer
from blog.core.errors import NotFoundError
from blog.core.web.app import current_app, read
from blog.core.web.requests import requested_page
from blog.follows import queries as follows
from blog.posts.queries import BY_AUTHOR
from blog.site.blueprint import blueprint
from blog.users import queries


@blueprint.get("/user/<username>")
async def profile(username: str) -> ResponseReturnValue:
    """Show a user's profile and posts."""
    user = await read(queries.user_by_username, username)
    if user is None:
        raise NotFoundError(f"There's no user called {username}.")
    if user.username != username:
        address, query = url_for("site.profile", username=user.username), request.query_string
        return redirect(f"{address}?{query.decode()}" if query else address)
    wanted = requested_page(current_app.settings.posts_per_page)
    page = await read(BY_AUTHOR.cards, wanted, user.id)
    viewer, relation = current_viewer(), None
    if viewer.account is not None and viewer.id != user.id:
        relation = await read(follows.relation, viewer, user)
    return await render_template("site/profile.html", user=user, page=page, relation=relation)
