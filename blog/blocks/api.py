"""Muting and blocking people, and hiding words, in the JSON API. Only you can see what you hide."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field
from quart import Response
from quart_schema import document_response

from blog.blocks import queries, service
from blog.blocks.schemas import HiddenWordCreate
from blog.core.api.bodies import validate_json
from blog.core.api.collections import (
    Collection,
    list_example,
    list_response,
    paginated,
    requested_page,
)
from blog.core.api.links import EXAMPLE_ROOT, Links, Url, links
from blog.core.api.operations import CreatedHeaders, Resource, requires_scope
from blog.core.api.problems import Problem
from blog.core.api.responses import NoContent, json_response, no_content
from blog.core.auth.identity import required_viewer
from blog.core.errors import NotFoundError
from blog.core.i18n import lazy_gettext
from blog.core.text.validation import with_example
from blog.core.web.app import current_app, db, read
from blog.models import HiddenWord, Scope
from blog.users.api import UserList, addressed_user, resource

blueprint = Resource("blocks", __name__, "People, words and tags that you don't want to see.")

EXAMPLE = {
    "url": f"{EXAMPLE_ROOT}/me/hidden-words/8",
    "id": 8,
    "word": "boats",
    "is_tag": True,
    "created_at": "2026-11-24T09:42:10.125000Z",
}
NOT_HIDDEN = lazy_gettext("You aren't hiding this.")


class HiddenWordResource(BaseModel):
    """A word, phrase or tag that you hide."""

    model_config = with_example(EXAMPLE)
    PATH_PARAMETER: ClassVar = "word_id"

    url: Url
    id: int
    word: Annotated[str, Field(description="Without the `#` of a tag.")]
    is_tag: bool
    created_at: datetime


class HiddenWordList(Collection):
    """Words, phrases and tags that you hide."""

    model_config = with_example(list_example("words", EXAMPLE))

    words: list[HiddenWordResource]


@blueprint.put("/users/<person:user>/mute")
@requires_scope(Scope.WRITE)
@document_response(Problem, 409)
@document_response(Problem, 422)
@document_response(NoContent, 204)
async def mute_user(user: int | str) -> Response:
    """Mute a user.

    Your lists then leave out their posts. They don't learn of it.
    """
    await service.mute(db(), required_viewer(), await addressed_user(user))
    return no_content()


@blueprint.delete("/users/<person:user>/mute")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
async def unmute_user(user: int | str) -> Response:
    """Unmute a user."""
    await service.unmute(db(), required_viewer(), await addressed_user(user))
    return no_content()


@blueprint.put("/users/<person:user>/block")
@requires_scope(Scope.WRITE)
@document_response(Problem, 409)
@document_response(Problem, 422)
@document_response(NoContent, 204)
async def block_user(user: int | str) -> Response:
    """Block a user.

    Neither of you follows the other then, and neither can follow the other, or like or comment on
    the other's posts. Your lists leave out each other's posts.
    """
    await service.block(db(), required_viewer(), await addressed_user(user))
    return no_content()


@blueprint.delete("/users/<person:user>/block")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
async def unblock_user(user: int | str) -> Response:
    """Unblock a user."""
    await service.unblock(db(), required_viewer(), await addressed_user(user))
    return no_content()


@blueprint.get("/me/muted/")
@requires_scope(Scope.READ)
@paginated(UserList)
async def list_muted_users() -> Response:
    """List the users you have muted, the last first."""
    wanted = requested_page(current_app.settings.followers_per_page)
    found = await read(queries.muted, wanted, required_viewer().id)
    return await list_response(UserList, found, lambda row, to: resource(row.person, to))


@blueprint.get("/me/blocked/")
@requires_scope(Scope.READ)
@paginated(UserList)
async def list_blocked_users() -> Response:
    """List the users you have blocked, the last first."""
    wanted = requested_page(current_app.settings.followers_per_page)
    found = await read(queries.blocked, wanted, required_viewer().id)
    return await list_response(UserList, found, lambda row, to: resource(row.person, to))


@blueprint.get("/me/hidden-words/")
@requires_scope(Scope.READ)
@document_response(HiddenWordList)
async def list_hidden_words() -> Response:
    """List the words and tags that you hide."""
    to = links()
    words = [
        word_resource(word, to) for word in await read(queries.hidden_words, required_viewer().id)
    ]
    return json_response(HiddenWordList(prev=None, next=None, count=len(words), words=words))


@blueprint.post("/me/hidden-words/")
@requires_scope(Scope.WRITE)
@document_response(Problem, 409)
@document_response(HiddenWordResource, 201, CreatedHeaders)
@validate_json(HiddenWordCreate)
async def hide_word(data: HiddenWordCreate) -> Response:
    """Hide a word, a phrase or a tag.

    The pages' lists collapse the posts that have it. Doing it twice changes nothing.
    """
    hidden, _ = await service.hide_word(db(), required_viewer(), data.word)
    made = word_resource(hidden, links())
    return json_response(made, 201, Location=made.url)


@blueprint.get("/me/hidden-words/<id:word_id>")
@requires_scope(Scope.READ)
@document_response(HiddenWordResource)
async def get_hidden_word(word_id: int) -> Response:
    """Get a word or tag that you hide."""
    if (hidden := await read(queries.hidden_word, required_viewer().id, word_id)) is None:
        raise NotFoundError(NOT_HIDDEN)
    return json_response(word_resource(hidden, links()))


@blueprint.delete("/me/hidden-words/<id:word_id>")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
async def show_word(word_id: int) -> Response:
    """Stop hiding a word or tag."""
    if not await service.show_word(db(), required_viewer(), word_id):
        raise NotFoundError(NOT_HIDDEN)
    return no_content()


def word_resource(hidden: HiddenWord, to: Links) -> HiddenWordResource:
    """The representation of a hidden word."""
    return HiddenWordResource(
        url=to.hidden_word(hidden.id), id=hidden.id, word=hidden.word, is_tag=hidden.is_tag,
        created_at=hidden.created_at,
    )  # fmt: skip
