"""Who follows whom, in the JSON API."""

from collections.abc import Callable

from quart import Blueprint, Response
from quart_schema import document_response

from blog.core.api.answers import Nothing, nothing
from blog.core.api.collections import answer_list, lists, wanted_part
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.db.pagination import Page, Stretch, Walk
from blog.core.web.app import current_app, read, writes
from blog.follows import queries, service, walk_queries
from blog.models import Follow, Permission, User
from blog.users.api import UserCollection, person, resource

blueprint = Blueprint("follows", __name__)


@blueprint.get("/users/<person:who>/followers/")
@lists(UserCollection)
async def followers(who: int | str) -> Response:
    """List those who follow a person, the newest first."""
    followed, wanted = await person(who), wanted_part(current_app.settings.followers_per_page)
    follows: Page[Follow] | Stretch[Follow]
    if isinstance(wanted, Walk):
        follows = await read(walk_queries.followers, followed, wanted)
    else:
        follows = await read(queries.followers, followed, wanted)
    return await _list(follows, lambda follow: follow.follower)


@blueprint.get("/users/<person:who>/following/")
@lists(UserCollection)
async def followed_by(who: int | str) -> Response:
    """List those whom a person follows, the newest first."""
    follower, wanted = await person(who), wanted_part(current_app.settings.followers_per_page)
    follows: Page[Follow] | Stretch[Follow]
    if isinstance(wanted, Walk):
        follows = await read(walk_queries.followed_by, follower, wanted)
    else:
        follows = await read(queries.followed_by, follower, wanted)
    return await _list(follows, lambda follow: follow.followed)


@blueprint.put("/users/<person:who>/follow")
@document_response(Nothing, 204)
@permission_required(Permission.FOLLOW)
async def follow(who: int | str) -> Response:
    """Follow a person. Twice does no harm."""
    followed = await person(who)
    await service.follow(await writes(), required_viewer(), followed)
    return nothing()


@blueprint.delete("/users/<person:who>/follow")
@document_response(Nothing, 204)
@permission_required(Permission.FOLLOW)
async def unfollow(who: int | str) -> Response:
    """Follow a person no longer. Twice does no harm."""
    followed = await person(who)
    await service.unfollow(await writes(), required_viewer(), followed)
    return nothing()


async def _list(
    follows: Page[Follow] | Stretch[Follow], whom: Callable[[Follow], User]
) -> Response:
    return await answer_list(
        UserCollection, "users", follows, lambda row, to: resource(whom(row), to)
    )
