"""Problem documents in the API's description (RFC 9457)."""

from http import HTTPStatus
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from blog.core.api.idempotency import SHOWN_ONCE
from blog.core.api.responses import CHANGED
from blog.core.errors import UnconfirmedError
from blog.core.web.errors import EXPLANATIONS, SECOND_FACTOR

_WRONG_FIELD = "Please fill in this field."


class FieldError(BaseModel):
    """An invalid field."""

    field: Annotated[str, Field(description="The name of the field; empty for the whole body.")]
    message: str


class Problem(BaseModel):
    """A problem document (RFC 9457), with the two members that Flasky's clients read."""

    # For the description only; `blog.core.web.errors` builds the responses. More members may be
    # added.
    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(json_schema_extra={"format": "uri-reference"})]
    title: Annotated[str, Field(description="The reason phrase of the status.")]
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Annotated[str, Field(description="A human-readable explanation of this problem.")]
    error: Annotated[str, Field(description="`title` in lower case.")]
    message: Annotated[str, Field(description="The same as `detail`.")]
    errors: Annotated[list[FieldError], Field(description="The invalid fields (422 only).")] = []
    request_id: Annotated[str, Field(description="The request ID in the log (500 only).")] = ""


class Kind(NamedTuple):
    """A kind of problem.

    Attributes:
        name: its name in the description.
        meaning: when it is returned.
        example: an example of its `detail`.
        headers: its headers.
    """

    name: str
    meaning: str
    example: str
    headers: tuple[str, ...] = ()


KINDS = {
    400: Kind(
        "Malformed",
        "The URL, a header or the body is malformed, or the text `body` is missing or blank.",
        "“body” is missing or empty.",
    ),
    401: Kind(
        "Unauthenticated",
        "The credentials are missing, wrong or expired, or a password is required.",
        "Please send an email address and password, or a token.",
        ("WWW-Authenticate",),
    ),
    403: Kind(
        "Forbidden",
        "The account isn't confirmed or lacks the permission, or the token lacks the scope. If the "
        "account has two-factor authentication, so that its password isn't accepted, `type` is "
        f"`{SECOND_FACTOR}`.",
        str(UnconfirmedError()),
    ),
    404: Kind(
        "NotFound", "The resource doesn't exist, or no longer exists.", "This user doesn't exist."
    ),
    408: Kind(
        "TooSlow", "The body didn't arrive within 30 seconds.", str(EXPLANATIONS[408].detail)
    ),
    409: Kind(
        "AlreadyDone",
        "It has already been done and can't be shown again, or a limit has been reached.",
        str(SHOWN_ONCE),
    ),
    410: Kind(
        "Gone",
        "The resource has been hidden.",
        "This revision was hidden by the author.",
    ),
    412: Kind("Changed", "The resource has changed since the version in `If-Match`.", str(CHANGED)),
    413: Kind("TooLarge", "The body is larger than 1 MiB.", str(EXPLANATIONS[413].detail)),
    415: Kind(
        "NotJSON",
        "The content type isn't JSON, or the body is compressed.",
        "Please send JSON, with Content-Type: application/json.",
    ),
    422: Kind(
        "Invalid", "`errors` lists the invalid fields, and what's wrong with each.", _WRONG_FIELD
    ),
    429: Kind(
        "TooMany",
        "Too many requests, or too many wrong passwords.",
        str(EXPLANATIONS[429].detail),
        ("Retry-After",),
    ),
    500: Kind(
        "Unexpected",
        "A server error. `request_id` is the request ID in the log.",
        str(EXPLANATIONS[500].detail),
    ),
    503: Kind(
        "Unavailable",
        "The database isn't responding.",
        str(EXPLANATIONS[503].detail),
        ("Retry-After",),
    ),
}


def problem_example(status: int) -> dict[str, Any]:
    """The description of a response with a problem document."""
    title, detail = HTTPStatus(status).phrase, KINDS[status].example
    example: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "error": title.lower(),
        "message": detail,
    }
    if status == 422:
        example["errors"] = [{"field": "reason", "message": detail}]
    if status == 500:
        example["request_id"] = "5f0c7a52e5d94f0a8d1b3c6e7f902a4b"
    return example
