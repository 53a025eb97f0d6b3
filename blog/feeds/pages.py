"""The feeds of the site, of people and of tags."""

from quart import Blueprint, Response, redirect, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.purging.keys import NEWEST as NEWEST_KEY
from blog.core.purging.keys import keys_of_list, tag_key, user_key
from blog.core.text.tags import address_of_tag
from blog.core.web.app import current_app, read
from blog.core.web.requests import requested_cursor
from blog.core.web.shared_caches import shows
from blog.core.web.templating import shown_tagline
from blog.feeds.entries import Feed
from blog.feeds.ids import this_site
from blog.feeds.responses import FEED_SIZE, feed_of_posts, require_feeds
from blog.posts.listed import Author
from blog.posts.queries import BY_AUTHOR, NEWEST
from blog.tags.addresses import tag_url
from blog.tags.queries import POSTS
from blog.tags.reading import addressed_tag
from blog.users.reading import person_called

blueprint = Blueprint("feeds", __name__)
blueprint.before_request(require_feeds)


@blueprint.get("/feed.<any(atom, json):form>")
async def site(form: str) -> Response:
    """The newest posts."""
    page = await read(NEWEST.texts, requested_cursor(FEED_SIZE))
    shows(NEWEST_KEY, further=keys_of_list(page.rows))
    feed = Feed(
        key=("site",),
        title=current_app.site.site_name,
        page=url_for("site.home", _external=True),
        since=(await this_site()).created_at,
        subtitle=shown_tagline(current_app.site),
        is_pushed=True,
    )
    return await feed_of_posts(form, feed, page)


@blueprint.get("/user/<username>/feed.<any(atom, json):form>")
async def person(username: str, form: str) -> ResponseReturnValue:
    """The newest posts of a person."""
    user = await person_called(username)
    if user.username != username:
        return _moved(url_for("feeds.person", username=user.username, form=form))
    page = await read(BY_AUTHOR.texts, requested_cursor(FEED_SIZE), user.id)
    shows(user_key(user.id), further=keys_of_list(page.rows))
    feed = Feed(
        key=("user", user.id),
        title=f"{user.name or user.username} · {current_app.site.site_name}",
        page=url_for("site.profile", username=user.username, _external=True),
        since=user.created_at,
        is_pushed=True,
        language=user.language,
        author=Author(user.id, user.username, user.avatar_key, user.name),
    )
    return await feed_of_posts(form, feed, page)


@blueprint.get("/tag/<tag>/feed.<any(atom, json):form>")
async def tag(tag: str, form: str) -> ResponseReturnValue:
    """The newest posts with a tag."""
    found = await addressed_tag(tag)
    if tag != (name := address_of_tag(found.name)):
        return _moved(url_for("feeds.tag", tag=name, form=form))
    page = await read(POSTS.texts, requested_cursor(FEED_SIZE), found.id)
    shows(tag_key(found.name), further=keys_of_list(page.rows))
    feed = Feed(
        key=("tag", found.id),
        title=f"#{found.name} · {current_app.site.site_name}",
        page=tag_url(found.name, _external=True),
        since=(await this_site()).created_at,
        is_pushed=True,
    )
    return await feed_of_posts(form, feed, page)


def _moved(address: str) -> ResponseReturnValue:
    """Redirect to the canonical URL of a feed."""
    query = request.query_string.decode()
    return redirect(f"{address}?{query}" if query else address, 301)
