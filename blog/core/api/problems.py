"""What goes wrong in the API, as its description has it (RFC 9457)."""

from http import HTTPStatus
from typing import Any, NamedTuple

from blog.core.api.idempotency import SHOWN_ONCE
from blog.core.api.responses import CHANGED
from blog.core.auth.permissions import UNCONFIRMED
from blog.core.web.errors import EXPLANATIONS

_WRONG_FIELD = "Please fill in this field."


class Problem(NamedTuple):
    """An error in the description.

    Attributes:
        name: what the description calls it.
        meaning: when it is the answer.
        example: what its `detail` may be.
        headers: those that it has.
    """

    name: str
    meaning: str
    example: str
    headers: tuple[str, ...] = ()


PROBLEMS = {
    400: Problem(
        "Malformed",
        "The address, a header or the body is malformed; or a text, `body`, is missing or blank.",
        "There is no text in “body”.",
    ),
    401: Problem(
        "Unauthenticated",
        "The credentials are missing or wrong, or have expired; or a password is wanted.",
        "Please give an e-mail address and password, or a token.",
        ("WWW-Authenticate",),
    ),
    403: Problem(
        "Forbidden",
        "The account is not confirmed, or may not do this; or the token has not the scope.",
        UNCONFIRMED,
    ),
    404: Problem("NotFound", "There is no such thing, or no longer.", "There is no such person."),
    408: Problem(
        "TooSlow", "The body has not arrived within 30 seconds.", EXPLANATIONS[408].detail
    ),
    409: Problem(
        "AlreadyDone",
        "It was done before and cannot be shown again, or there are as many as may be.",
        SHOWN_ONCE,
    ),
    412: Problem("Changed", "It is not what `If-Match` names any more.", CHANGED),
    413: Problem("TooLarge", "The body is larger than 1 MiB.", EXPLANATIONS[413].detail),
    415: Problem(
        "NotJSON",
        "The body is not said to be JSON, or is compressed.",
        "Please send JSON, with Content-Type: application/json.",
    ),
    422: Problem("Invalid", "`errors` says which fields are wrong, and why.", _WRONG_FIELD),
    429: Problem(
        "TooMany",
        "There were too many requests, or too many wrong passwords.",
        EXPLANATIONS[429].detail,
        ("Retry-After",),
    ),
    500: Problem(
        "Unexpected", "Our fault: `request_id` is its id in the log.", EXPLANATIONS[500].detail
    ),
    503: Problem(
        "Unavailable", "The database does not answer.", EXPLANATIONS[503].detail, ("Retry-After",)
    ),
}
PROBLEM_SCHEMA = {
    "description": "What went wrong (RFC 9457), with the two members that clients of Flasky know.",
    "type": "object",
    "required": ["type", "title", "status", "detail", "error", "message"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string", "description": "The status in words."},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string", "description": "What happened, for a person to read."},
        "error": {"type": "string", "description": "As `title`, in lower case."},
        "message": {"type": "string", "description": "The same as `detail`."},
        "errors": {
            "type": "array",
            "description": "With 422: what is wrong with each field.",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {
                    "field": {
                        "type": "string",
                        "description": "Its name; empty for the body as a whole.",
                    },
                    "message": {"type": "string"},
                },
            },
        },
        "request_id": {"type": "string", "description": "With 500: its id in the log."},
    },
}


def problem_example(status: int) -> dict[str, Any]:
    """A problem document as the API answers it."""
    title, detail = HTTPStatus(status).phrase, PROBLEMS[status].example
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
