"""People, and one's own account, in the JSON API."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field
from quart import Blueprint, Response
from quart_schema import document_response

from blog.core.api.bodies import validate_json
from blog.core.api.collections import Collection, list_response, paginated, requested_page
from blog.core.api.links import Links, Url, links
from blog.core.api.responses import json_response, require_match
from blog.core.auth.identity import current_user, required_account
from blog.core.auth.permissions import confirmed_required
from blog.core.errors import NotFoundError
from blog.core.web.app import current_app, db, look_up, read
from blog.models import User
from blog.users import queries, service
from blog.users.schemas import ProfileForm

blueprint = Blueprint("users", __name__)


class UserResource(BaseModel):
    """A person."""

    url: Url
    id: int
    username: str
    name: str
    location: str
    about_me: str
    member_since: datetime
    last_seen: datetime
    avatar_url: Url
    posts_url: Url
    followed_posts_url: Annotated[
        Url, Field(description="The posts of those whom the person follows, and the person's own.")
    ]
    followers_url: Url
    following_url: Url
    post_count: int
    follower_count: int
    following_count: int


class AccountResource(UserResource):
    """One's own account: what everybody sees, and what nobody else does."""

    # Whoever changes his account is seen by that: it must not fail his own `If-Match`.
    VOLATILE: ClassVar = {"last_seen"}

    email: str
    role: str
    confirmed: bool


class ProfileUpdate(ProfileForm):
    """What is to be changed of one's own profile."""


class UserList(Collection):
    """People."""

    users: list[UserResource]


def resource(user: User, to: Links) -> UserResource:
    """A person as the API shows him to everybody."""
    return UserResource(**_public_fields(user, to))


def _public_fields(user: User, to: Links) -> dict[str, object]:
    address = to.user(user.id)
    return {
        "url": address,
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "location": user.location,
        "about_me": user.about_me,
        "member_since": user.created_at,
        "last_seen": user.last_seen_at,
        "avatar_url": to.avatar(user),
        "posts_url": f"{address}/posts/",
        "followed_posts_url": f"{address}/timeline/",
        "followers_url": f"{address}/followers/",
        "following_url": f"{address}/following/",
        "post_count": user.post_count,
        "follower_count": user.follower_count,
        "following_count": user.following_count,
    }


async def person(who: int | str) -> User:
    """The person whom an address names by id or username.

    Anybody else than the caller is only to be read.

    Raises:
        NotFoundError: there is none.
    """
    account = current_user.account
    if account is not None and who in {account.id, account.username}:
        return account
    if isinstance(who, int):
        user = await look_up(queries.user_by_id, who)
    else:
        user = await look_up(queries.user_by_username, who)
    if user is None:
        raise NotFoundError("There is no such person.")
    return user


@blueprint.get("/users/")
@paginated(UserList)
async def list_users() -> Response:
    """List all users, the newest first."""
    wanted = requested_page(current_app.settings.followers_per_page)
    return await list_response(UserList, "users", await read(queries.newest, wanted), resource)


@blueprint.get("/users/<person:who>")
@document_response(UserResource)
async def get_user(who: int | str) -> Response:
    """Get a user."""
    return json_response(resource(await person(who), links()))


@blueprint.get("/me")
@document_response(AccountResource)
async def get_account() -> Response:
    """Get your own account."""
    return json_response(await _account_resource())


@blueprint.patch("/me")
@document_response(AccountResource)
@confirmed_required
@validate_json(ProfileUpdate)
async def update_account(data: ProfileUpdate) -> Response:
    """Update your own profile.

    What is left out stays as it is."""
    account = required_account()
    await require_match(db(), User, account.id, _fresh_account_resource)
    await service.edit_profile(db(), account, data)
    return json_response(await _account_resource())


async def _account_resource() -> AccountResource:
    account = required_account()
    return AccountResource(
        **_public_fields(account, links()),
        email=account.email,
        role=account.role.name,
        confirmed=account.is_confirmed,
    )


async def _fresh_account_resource() -> AccountResource:
    """The account as it is now, which may not be as it was when the caller was recognised."""
    columns = [attribute.key for attribute in User.__mapper__.column_attrs]
    await db().refresh(required_account(), columns)
    return await _account_resource()
