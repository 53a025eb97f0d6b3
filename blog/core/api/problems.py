"""Problem documents in the API's description (RFC 9457)."""

from http import HTTPStatus
from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from blog.core.api.idempotency import SHOWN_ONCE
from blog.core.api.responses import CHANGED
from blog.core.auth.permissions import UNCONFIRMED
from blog.core.web.errors import EXPLANATIONS

_WRONG_FIELD = "Please fill in this field."


class FieldError(BaseModel):
    """An invalid field."""

    field: Annotated[str, Field(description="Its name; empty for the body as a whole.")]
    message: str


class Problem(BaseModel):
    """A problem document (RFC 9457), with the two members that Flasky's clients read."""

    # For the description only; `blog.core.web.errors` builds the responses. More members may be
    # added.
    model_config = ConfigDict(extra="allow")

    type: Annotated[str, Field(json_schema_extra={"format": "uri-reference"})]
    title: Annotated[str, Field(description="The status in words.")]
    status: Annotated[int, Field(ge=400, le=599)]
    detail: Annotated[str, Field(description="What happened, for a person to read.")]
    error: Annotated[str, Field(description="As `title`, in lower case.")]
    message: Annotated[str, Field(description="The same as `detail`.")]
    errors: Annotated[
        list[FieldError], Field(description="With 422: what is wrong with each field.")
    ] = []
    request_id: Annotated[str, Field(description="With 500: its id in the log.")] = ""


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
        "The address, a header or the body is malformed; or a text, `body`, is missing or blank.",
        "There is no text in “body”.",
    ),
    401: Kind(
        "Unauthenticated",
        "The credentials are missing or wrong, or have expired; or a password is wanted.",
        "Please give an e-mail address and password, or a token.",
        ("WWW-Authenticate",),
    ),
    403: Kind(
        "Forbidden",
        "The account is not confirmed, or may not do this; or the token has not the scope.",
        UNCONFIRMED,
    ),
    404: Kind("NotFound", "There is no such thing, or no longer.", "There is no such person."),
    408: Kind("TooSlow", "The body has not arrived within 30 seconds.", EXPLANATIONS[408].detail),
    409: Kind(
        "AlreadyDone",
        "It was done before and cannot be shown again, or there are as many as may be.",
        SHOWN_ONCE,
    ),
    412: Kind("Changed", "It is not what `If-Match` names any more.", CHANGED),
    413: Kind("TooLarge", "The body is larger than 1 MiB.", EXPLANATIONS[413].detail),
    415: Kind(
        "NotJSON",
        "The body is not said to be JSON, or is compressed.",
        "Please send JSON, with Content-Type: application/json.",
    ),
    422: Kind("Invalid", "`errors` says which fields are wrong, and why.", _WRONG_FIELD),
    429: Kind(
        "TooMany",
        "There were too many requests, or too many wrong passwords.",
        EXPLANATIONS[429].detail,
        ("Retry-After",),
    ),
    500: Kind(
        "Unexpected", "Our fault: `request_id` is its id in the log.", EXPLANATIONS[500].detail
    ),
    503: Kind(
        "Unavailable", "The database does not answer.", EXPLANATIONS[503].detail, ("Retry-After",)
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
