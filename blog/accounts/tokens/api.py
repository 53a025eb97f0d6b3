"""API tokens, in the JSON API. Creating one takes the password; a token can't create another."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, Field
from quart import Response
from quart_schema import document_headers, document_response
from werkzeug.exceptions import Conflict

from blog.accounts.queries import own_token, tokens_of
from blog.accounts.tokens import service as tokens_service
from blog.core.api.bodies import validate_optional_json
from blog.core.api.collections import Collection, list_example
from blog.core.api.cors import refuse_other_sites
from blog.core.api.idempotency import SHOWN_ONCE, IdempotencyKey, submission
from blog.core.api.links import EXAMPLE_ROOT, Links, Url, links
from blog.core.api.operations import CreatedHeaders, Resource, requires_scope
from blog.core.api.problems import Problem
from blog.core.api.responses import NoContent, json_response, no_content
from blog.core.auth.identity import required_account, required_viewer
from blog.core.errors import NotFoundError
from blog.core.text.fields import Line
from blog.core.text.validation import Schema, with_example
from blog.core.web.app import db
from blog.core.web.submissions import SubmittedForm, submission_key
from blog.models import ApiToken, Permission, Scope

blueprint = Resource("tokens", __name__, "Access for programs, without a password.")

ScopeName = Literal["read", "write", "moderate"]
DEFAULT_SECONDS = 3600
LONGEST_SECONDS = int(tokens_service.LONGEST_LIFE.total_seconds())


EXAMPLE = {
    "url": f"{EXAMPLE_ROOT}/tokens/9",
    "id": 9,
    "name": "nightly backup",
    "scopes": ["read"],
    "created_at": "2026-11-24T09:00:00.750000Z",
    "last_used_at": None,
    "expires_at": "2026-12-24T09:00:00.750000Z",
}
SECRET = "bsd_9c1kPpN1mVt2vS1hFhFq3mO0m5K7o9yTz0aJ8WkXw2E"  # noqa: S105 (it opens nothing)


class AccessToken(BaseModel):
    "A token without a name, as requested by a program."

    model_config = with_example({"token": SECRET, "expiration": 3600})

    token: Annotated[
        str, Field(description="The secret, to send as the username or as the bearer token.")
    ]
    expiration: Annotated[int, Field(description="The number of seconds until it expires.")]


class TokenCreate(Schema):
    "A token to create."

    model_config = with_example(
        {"name": "nightly backup", "scopes": ["read"], "expiration": 2592000}
    )

    name: Annotated[Line, Field(description="What you use it for, in your own words.")] = ""
    scopes: Annotated[
        tuple[ScopeName, ...],
        Field(min_length=1, max_length=len(Scope), description="What it can be used for."),
    ] = ("read", "write")
    expiration: Annotated[
        int, Field(ge=60, le=LONGEST_SECONDS, description="The number of seconds until it expires.")
    ] = DEFAULT_SECONDS

    @property
    def combined_scopes(self) -> Scope:
        return Scope(sum({Scope[name.upper()] for name in self.scopes}))


class TokenResource(BaseModel):
    """A token; the secret itself is not kept."""

    model_config = with_example(EXAMPLE)
    PATH_PARAMETER: ClassVar = "token_id"

    url: Url
    id: int
    name: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime


class CreatedTokenResource(TokenResource, AccessToken):
    """A new token, with its secret."""

    model_config = with_example(EXAMPLE | {"token": SECRET, "expiration": 2592000})


class TokenList(Collection):
    "Your tokens, newest first."

    model_config = with_example(list_example("tokens", EXAMPLE))

    tokens: list[TokenResource]


def _fields(token: ApiToken, to: Links) -> dict[str, object]:
    return {
        "url": to.token(token.id),
        "id": token.id,
        "name": token.name,
        "scopes": token.scope_names,
        "created_at": token.created_at,
        "last_used_at": token.last_used_at,
        "expires_at": token.expires_at,
    }


@blueprint.get("/token")
@requires_scope(Scope.READ, password=True)
@document_response(AccessToken)
async def issue_token() -> Response:
    """Issue a token for an hour, with all scopes that you may use.

    As in Flask Web Development, chapter 14.
    """
    return await _issue_default_token()


async def _issue_default_token() -> Response:
    """Issue a token without a name, for an hour, and return it.

    Raises:
        ForbiddenError: the request may come from a page of another site.
        LimitReachedError: the caller has the maximum number of tokens.
    """
    refuse_other_sites()
    viewer = required_viewer()
    scopes = Scope.READ | Scope.WRITE
    if viewer.can(Permission.MODERATE):
        scopes |= Scope.MODERATE
    life = timedelta(seconds=DEFAULT_SECONDS)
    issued = await tokens_service.issue_token(db(), viewer, name="", scopes=scopes, life=life)
    made = AccessToken(token=issued.secret, expiration=DEFAULT_SECONDS)
    return json_response(made, Cache_Control="no-store")


@blueprint.get("/tokens/")
@requires_scope(Scope.READ)
@document_response(TokenList)
async def list_tokens() -> Response:
    """List your own tokens that have not expired."""
    to = links()
    tokens = [
        TokenResource(**_fields(row, to)) for row in await tokens_of(db(), required_account())
    ]
    return json_response(TokenList(prev=None, next=None, count=len(tokens), tokens=tokens))


@blueprint.post("/tokens/")
@requires_scope(Scope.WRITE, password=True)
@document_headers(IdempotencyKey)
@document_response(Problem, 409)
@document_response(AccessToken)
@document_response(CreatedTokenResource, 201, CreatedHeaders)
@validate_optional_json(TokenCreate)
async def create_token(data: TokenCreate | None) -> Response:
    """Create a token with a name, scopes and a lifetime of your choice.

    Without a body, it issues a token for an hour, as `GET /token` does.
    """
    if data is None:
        return await _issue_default_token()
    viewer = required_viewer()
    form = SubmittedForm(submission=submission())
    try:
        issued = await tokens_service.issue_token(
            db(), viewer, name=data.name, scopes=data.combined_scopes,
            life=timedelta(seconds=data.expiration),
            submission=submission_key(form, "api token", viewer.id),
        )  # fmt: skip
    except tokens_service.AlreadyIssuedError:
        raise Conflict(str(SHOWN_ONCE)) from None
    to = links()
    made = CreatedTokenResource(
        token=issued.secret, expiration=data.expiration, **_fields(issued.token, to)
    )
    return json_response(made, 201, Location=made.url, Cache_Control="no-store")


@blueprint.get("/tokens/<id:token_id>")
@requires_scope(Scope.READ)
@document_response(TokenResource)
async def get_token(token_id: int) -> Response:
    """Get one of your own tokens."""
    token = await own_token(db(), required_account(), token_id)
    if token is None:
        raise NotFoundError(tokens_service.ALREADY_REVOKED)
    return json_response(TokenResource(**_fields(token, links())))


@blueprint.delete("/tokens/<id:token_id>")
@requires_scope(Scope.WRITE)
@document_response(NoContent, 204)
async def revoke_token(token_id: int) -> Response:
    """Revoke one of your own tokens."""
    await tokens_service.revoke_token(db(), required_viewer(), token_id)
    return no_content()
