"""Users, and the caller's own account, in the JSON API."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field
from quart import Response, request
from quart_schema import DataSource, document_headers, document_request, document_response

from blog.core.api.bodies import read_body, validate_json
from blog.core.api.collections import (
    Collection,
    list_example,
    list_response,
    paginated,
    requested_page,
)
from blog.core.api.links import EXAMPLE_ROOT, Links, Url, links
from blog.core.api.operations import IfMatch, Resource, requires_scope
from blog.core.api.problems import Problem
from blog.core.api.responses import NoContent, json_response, no_content, require_match
from blog.core.auth.identity import current_viewer, required_account, required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import UPLOADING, quota
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.text.fields import WHOLE_NUMBER
from blog.core.text.validation import Schema, with_example
from blog.core.web.app import current_app, db, look_up, read
from blog.core.web.uploads import small_body, takes_upload
from blog.media.api import UploadedImage
from blog.media.queries import own_media
from blog.media.service import IS_GONE
from blog.media.uploads import LARGEST_UPLOAD, make_avatar, receive
from blog.models import Media, Permission, Scope, User
from blog.users import queries, service
from blog.users.schemas import ProfileForm

blueprint = Resource("users", __name__, "Users, and your own account.")


EXAMPLE = {
    "url": f"{EXAMPLE_ROOT}/users/3",
    "id": 3,
    "username": "susan",
    "name": "Susan Meyer",
    "location": "Lisbon",
    "about_me": "I write about paper, and about trams.",
    "language": "pt-PT",
    "noindex": False,
    "member_since": "2025-03-02T18:05:41.500000Z",
    "last_seen": "2026-11-24T09:30:00.250000Z",
    "avatar_url": "https://blog.example/avatar/4e07408562bedb8b.svg",
    "posts_url": f"{EXAMPLE_ROOT}/users/3/posts/",
    "followed_posts_url": f"{EXAMPLE_ROOT}/users/3/timeline/",
    "followers_url": f"{EXAMPLE_ROOT}/users/3/followers/",
    "following_url": f"{EXAMPLE_ROOT}/users/3/following/",
    "post_count": 12,
    "follower_count": 1,
    "following_count": 2,
}
EXAMPLE_OF_ACCOUNT = EXAMPLE | {
    "email": "susan@blog.example.com",
    "role": "User",
    "confirmed": True,
    "subscriber_count": 4,
}


class UserResource(BaseModel):
    """A person."""

    model_config = with_example(EXAMPLE)
    PATH_PARAMETER: ClassVar = "user"

    url: Url
    id: int
    username: str
    name: str
    location: str
    about_me: str
    language: Annotated[
        str | None, Field(description="The default language of their posts, as a BCP 47 tag.")
    ]
    noindex: Annotated[
        bool,
        Field(description="Whether search engines are asked not to list the profile and posts."),
    ]
    member_since: datetime
    last_seen: datetime
    avatar_url: Url
    posts_url: Url
    followed_posts_url: Annotated[
        Url, Field(description="The posts of the user and of those they follow.")
    ]
    followers_url: Url
    following_url: Url
    post_count: int
    follower_count: int
    following_count: int


class AccountResource(UserResource):
    "Your own account, with the fields that only you can see."

    model_config = with_example(EXAMPLE_OF_ACCOUNT)

    # Each request changes it, which must not fail the same client's `If-Match`.
    VOLATILE: ClassVar = {"last_seen"}

    email: str
    role: str
    confirmed: bool
    subscriber_count: Annotated[
        int, Field(description="How many readers get your posts by email. Nobody sees who.")
    ]


class ProfileUpdate(ProfileForm):
    "The fields of your profile to change."

    model_config = with_example({"name": "Susan Meyer", "location": "Lisbon"})


class AvatarChoice(Schema):
    """One of your images as your avatar.

    The description of the API only says this in words, because generators of clients can't handle
    two kinds of bodies (openapi-python-client 0.26 writes code that can't be imported).
    """

    media: Annotated[
        int,
        WHOLE_NUMBER,
        Field(ge=1, lt=2**63, description="The ID of one of your images."),
    ]


class AvatarUpload(BaseModel):
    """A new avatar."""

    model_config = with_example({"file": "the bytes of a file"})

    file: UploadedImage


class UserList(Collection):
    """People."""

    model_config = with_example(list_example("users", EXAMPLE))

    users: list[UserResource]


def resource(user: User, to: Links) -> UserResource:
    """The public representation of a user."""
    return UserResource(**_public_fields(user, to))


def _public_fields(user: User, to: Links) -> dict[str, object]:
    url = to.user(user.id)
    return {
        "url": url,
        "id": user.id,
        "username": user.username,
        "name": user.name,
        "location": user.location,
        "about_me": user.about_me,
        "language": user.language,
        "noindex": user.noindex,
        "member_since": user.created_at,
        "last_seen": user.last_seen_at,
        "avatar_url": to.avatar(user),
        "posts_url": f"{url}/posts/",
        "followed_posts_url": f"{url}/timeline/",
        "followers_url": f"{url}/followers/",
        "following_url": f"{url}/following/",
        "post_count": user.post_count,
        "follower_count": user.follower_count,
        "following_count": user.following_count,
    }


async def addressed_user(name: int | str) -> User:
    """Load the user in the URL, by id or username.

    Only modify the user if it is the viewer: others may be shared with other requests.

    Raises:
        NotFoundError: there is no such user.
    """
    account = current_viewer().account
    if account is not None and name in {account.id, account.username}:
        return account
    if isinstance(name, int):
        user = await look_up(queries.user_by_id, name)
    else:
        user = await look_up(queries.user_by_username, name)
    if user is None:
        raise NotFoundError(_("This user doesn't exist."))
    return user


@blueprint.get("/users/")
@requires_scope(Scope.READ, anonymous=True)
@paginated(UserList)
async def list_users() -> Response:
    """List all users, the newest first."""
    wanted = requested_page(current_app.settings.followers_per_page)
    people = await read(queries.newest, wanted, current_viewer().filtered_for)
    return await list_response(UserList, people, resource)


@blueprint.get("/users/<person:user>")
@requires_scope(Scope.READ, anonymous=True)
@document_response(UserResource)
async def get_user(user: int | str) -> Response:
    """Get a user."""
    return json_response(resource(await addressed_user(user), links()))


@blueprint.get("/me")
@requires_scope(Scope.READ)
@document_response(AccountResource)
async def get_account() -> Response:
    """Get your own account."""
    return json_response(await _account_resource())


@blueprint.patch("/me")
@requires_scope(Scope.WRITE)
@document_headers(IfMatch)
@document_response(AccountResource)
@validate_json(ProfileUpdate)
async def update_account(data: ProfileUpdate) -> Response:
    """Update your own profile.

    What is left out stays as it is.
    """
    viewer = required_viewer()
    await require_match(db(), User, viewer.id, _fresh_account_resource)
    await service.edit_profile(db(), viewer, data)
    return json_response(await _account_resource())


@blueprint.put("/me/avatar")
@takes_upload(LARGEST_UPLOAD)
@quota(UPLOADING)
@requires_scope(Scope.WRITE)
@document_response(Problem, 409)
@document_response(AccountResource)
@document_request(AvatarUpload, source=DataSource.FORM_MULTIPART)
@permission_required(Permission.WRITE)
async def set_avatar() -> Response:
    """Set your avatar.

    Send a file as for `upload_media`, or as JSON the id of one of your images: `{"media": 5}`. A
    square in its middle is taken.
    """
    viewer = required_viewer()
    if request.is_json:
        media = await _make_avatar_from((await read_body(AvatarChoice, await small_body())).media)
    else:
        media = await receive(viewer, as_avatar=True)
    return await _set_avatar(media.name)


async def _make_avatar_from(media_id: int) -> Media:
    viewer = required_viewer()
    chosen = await look_up(own_media, viewer.id, media_id)
    if chosen is None:
        raise InvalidFieldsError({"media": IS_GONE})
    return await make_avatar(viewer, chosen)


@blueprint.delete("/me/avatar")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
async def remove_avatar() -> Response:
    """Go back to the avatar that is drawn for you."""
    await service.set_avatar(db(), required_viewer(), None)
    return no_content()


async def _set_avatar(name: str) -> Response:
    await service.set_avatar(db(), required_viewer(), name)
    required_account().avatar = name
    return json_response(await _account_resource())


async def _account_resource() -> AccountResource:
    account = required_account()
    return AccountResource(
        **_public_fields(account, links()),
        email=account.email,
        role=account.role.name,
        confirmed=account.is_confirmed,
        subscriber_count=account.subscriber_count,
    )


async def _fresh_account_resource() -> AccountResource:
    """The account, read again, because it may have changed since the request was authenticated."""
    columns = [attribute.key for attribute in User.__mapper__.column_attrs]
    await db().refresh(required_account(), columns)
    return await _account_resource()
