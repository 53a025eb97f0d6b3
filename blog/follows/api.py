"""Who follows whom, in the JSON API."""

from collections.abc import Callable

from quart import Response
from quart_schema import document_response

from blog.core.api.collections import list_response, paginated, requested_page
from blog.core.api.operations import Resource, requires_scope
from blog.core.api.problems import Problem
from blog.core.api.responses import NoContent, no_content
from blog.core.auth.identity import current_viewer, required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.db.pagination import Page
from blog.core.web.app import current_app, db, read, writes
from blog.follows import queries, service
from blog.models import Follow, Permission, Scope, User
from blog.users.api import UserList, addressed_user, resource

blueprint = Resource("follows", __name__, "Followers, and the users that someone follows.")


@blueprint.get("/users/<person:user>/followers/")
@requires_scope(Scope.READ, anonymous=True)
@paginated(UserList)
async def list_followers(user: int | str) -> Response:
    """List a user's followers, the newest first."""
    followed = await addressed_user(user)
    wanted = requested_page(current_app.settings.followers_per_page)
    follows = await read(queries.followers, followed, wanted, current_viewer().filtered_for)
    return await _list(follows, lambda follow: follow.follower)


@blueprint.get("/users/<person:user>/following/")
@requires_scope(Scope.READ, anonymous=True)
@paginated(UserList)
async def list_following(user: int | str) -> Response:
    """List the users that a user follows, the newest first."""
    follower = await addressed_user(user)
    wanted = requested_page(current_app.settings.followers_per_page)
    follows = await read(queries.followed_by, follower, wanted, current_viewer().filtered_for)
    return await _list(follows, lambda follow: follow.followed)


@blueprint.put("/users/<person:user>/follow")
@requires_scope(Scope.WRITE)
@document_response(Problem, 422)
@document_response(NoContent, 204)
@permission_required(Permission.FOLLOW)
async def follow_user(user: int | str) -> Response:
    """Follow a user."""
    followed = await addressed_user(user)
    await service.follow(await writes(), required_viewer(), followed)
    return no_content()


@blueprint.delete("/users/<person:user>/follow")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
@permission_required(Permission.FOLLOW)
async def unfollow_user(user: int | str) -> Response:
    """Unfollow a user."""
    followed = await addressed_user(user)
    await service.unfollow(await writes(), required_viewer(), followed)
    return no_content()


@blueprint.put("/users/<person:user>/follow/alerts")
@requires_scope(Scope.WRITE)
@document_response(Problem, 422)
@document_response(NoContent, 204)
@permission_required(Permission.FOLLOW)
async def turn_on_alerts(user: int | str) -> Response:
    """Be notified of each new post of a user you follow."""
    followed = await addressed_user(user)
    await service.set_alerts(db(), required_viewer(), followed, notify=True)
    return no_content()


@blueprint.delete("/users/<person:user>/follow/alerts")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
@permission_required(Permission.FOLLOW)
async def turn_off_alerts(user: int | str) -> Response:
    """Stop being notified of a user's new posts."""
    followed = await addressed_user(user)
    await service.set_alerts(db(), required_viewer(), followed, notify=False)
    return no_content()


async def _list(follows: Page[Follow], whom: Callable[[Follow], User]) -> Response:
    return await list_response(UserList, follows, lambda row, to: resource(whom(row), to))
