"""The feeds of the site and of people."""

from quart import Blueprint, Response, redirect, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.errors import NotFoundError
from blog.core.web.app import current_app, read
from blog.core.web.requests import requested_cursor
from blog.feeds.entries import Feed
from blog.feeds.ids import this_site
from blog.feeds.responses import FEED_SIZE, feed_of_posts
from blog.posts.lists import Author
from blog.posts.queries import BY_AUTHOR, NEWEST
from blog.users.queries import user_by_username

blueprint = Blueprint("feeds", __name__)


@blueprint.get("/feed.<any(atom, json):form>")
async def site(form: str) -> Response:
    """The newest posts."""
    settings = current_app.settings
    page = await read(NEWEST.texts, requested_cursor(FEED_SIZE))
    feed = Feed(
        key=("site",),
        title=settings.site_name,
        page=url_for("site.home", _external=True),
        since=(await this_site()).created_at,
        subtitle=settings.site_tagline,
        is_pushed=True,
    )
    return await feed_of_posts(form, feed, page)


@blueprint.get("/user/<username>/feed.<any(atom, json):form>")
async def person(username: str, form: str) -> ResponseReturnValue:
    """The newest posts of somebody."""
    user = await read(user_by_username, username)
    if user is None:
        raise NotFoundError(f"There's no user called {username}.")
    if user.username != username:
        address = url_for("feeds.person", username=user.username, form=form)
        query = request.query_string.decode()
        return redirect(f"{address}?{query}" if query else address, 301)
    page = await read(BY_AUTHOR.texts, requested_cursor(FEED_SIZE), user.id)
    feed = Feed(
        key=("user", user.id),
        title=f"{user.name or user.username} · {current_app.settings.site_name}",
        page=url_for("site.profile", username=user.username, _external=True),
        since=user.created_at,
        is_pushed=True,
        language=user.language,
        author=Author(user.id, user.username, user.avatar_key, user.name),
    )
    return await feed_of_posts(form, feed, page)
