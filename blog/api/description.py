"""The API's description of itself: OpenAPI 3.1.

quart-schema gathers what the views say of themselves: paths, schemas, docstrings. What is true of
many of them is said here: who may call, what errors look like, and which headers there are.
"""

import functools
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from quart import Quart, json
from quart_schema import QuartSchema
from quart_schema.openapi import OpenAPIProvider
from werkzeug.routing import BaseConverter, Rule

from blog.api.idempotency import HEADER as IDEMPOTENCY_KEY
from blog.api.links import PREFIXES
from blog.web.requests import LARGEST_ROW_ID, PersonConverter, RowIdConverter

DESCRIBED = "v1"
SECURITY_SCHEMES = {
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "E-mail address or username and password, or a token and no password.",
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token."},
}
TAGS = {
    "posts": "Writing and reading",
    "comments": "Comments under posts",
    "users": "People, and one's own account",
    "follows": "Who follows whom",
    "moderation": "What moderators do",
    "tokens": "Access for programs",
    "root": "Where to begin",
}
IDENTIFIER = {"type": "integer", "minimum": 1, "maximum": LARGEST_ROW_ID, "examples": [17]}
PERSON = {
    "description": "An id or a username.",
    "anyOf": [
        IDENTIFIER,
        {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9._]{0,63}$", "examples": ["susan"]},
    ],
}
PROBLEM = {
    "type": "object",
    "description": "What went wrong (RFC 9457), with what clients of Flasky look at.",
    "required": ["type", "title", "status", "detail", "error", "message"],
    "properties": {
        "type": {"type": "string", "examples": ["about:blank"]},
        "title": {"type": "string", "examples": ["Unprocessable Entity"]},
        "status": {"type": "integer", "examples": [422]},
        "detail": {"type": "string", "examples": ["Please fill in this field."]},
        "error": {"type": "string", "examples": ["unprocessable entity"]},
        "message": {"type": "string", "examples": ["Please fill in this field."]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {
                    "field": {"type": "string", "examples": ["body"]},
                    "message": {"type": "string", "examples": ["Please fill in this field."]},
                },
            },
        },
    },
}
PROBLEMS = {
    400: "The request is malformed, or a body lacks its text.",
    401: "The credentials are missing or wrong, or have expired.",
    403: "The account is not confirmed, or may not do this; or the token has not the scope.",
    404: "There is no such thing (any more).",
    409: "This was done before, and cannot be shown again.",
    412: "It is not what `If-Match` names any more.",
    413: "The body is larger than 1 MiB.",
    415: "The body is not said to be JSON.",
    422: "Something is wrong with a field, which `errors` names.",
    429: "Too many requests, or too many wrong passwords. `Retry-After` says when to go on.",
    500: "An unexpected error. Its id is in the log.",
    503: "The database does not answer.",
}
# Which operations go on from what one has made (OpenAPI 3.1, "Link Object").
GOES_ON = {
    "posts_write": ("post_id", ["posts_show", "posts_replace", "posts_change", "posts_delete",
                                "comments_under_post", "comments_write"]),
    "comments_write": ("comment_id", ["comments_show", "comments_change", "comments_delete",
                                      "moderation_disable", "moderation_enable"]),
    "users_register": ("who", ["users_show", "posts_posts_by", "posts_timeline",
                               "follows_followers", "follows_followed_by"]),
    "tokens_make_token": ("token_id", ["tokens_revoke"]),
}  # fmt: skip


class Description(OpenAPIProvider):
    """The description of one application, made when it is first asked for."""

    def __init__(self, app: Quart, extension: QuartSchema) -> None:
        super().__init__(app, extension)
        self.text = functools.cache(lambda: json.dumps(self.schema()))

    def schema(self) -> dict[str, Any]:
        described = super().schema()
        described["servers"] = [{"url": prefix} for prefix in PREFIXES.values()]
        described["components"]["schemas"]["Problem"] = PROBLEM
        described["components"]["securitySchemes"] = SECURITY_SCHEMES
        return described

    def generate_rules(self) -> Iterable[Rule]:
        """One version stands for all: each is a server of the same paths."""
        rules = self._app.url_map.iter_rules()
        return sorted(
            (rule for rule in rules if rule.endpoint.startswith(f"{DESCRIBED}.")),
            key=lambda rule: list(TAGS).index(rule.endpoint.split(".")[1]),
        )

    def build_path_parameter(self, name: str, converter: BaseConverter) -> dict[str, Any]:
        schema = {RowIdConverter: IDENTIFIER, PersonConverter: PERSON}[type(converter)]
        return {"name": name, "in": "path", "required": True, "schema": schema}

    def operation_id(self, method: str, path: str, func: Any) -> str | None:
        """Set by `build_paths`, which knows the endpoint."""
        return None

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], dict[str, Any]]:
        paths, components = super().build_paths(rule)
        _, tag, name = rule.endpoint.split(".")
        relative = {}
        for path, operations in paths.items():
            for method, operation in operations.items():
                operation["operationId"] = f"{tag}_{name}"
                operation["tags"] = [tag]
                _complete(operation, method)
            relative[path.removeprefix(PREFIXES[DESCRIBED])] = operations
        return relative, components


def _complete(operation: dict[str, Any], method: str) -> None:
    """Add what is true of all operations of a kind."""
    responses, parameters = operation["responses"], operation["parameters"]
    problems = {401, 403, 429, 500, 503}
    if method == "get":
        parameters.append(_header("If-None-Match", "The entity tag of what one has already."))
        responses[304] = {"description": "It is just what `If-None-Match` names."}
    if any(parameter["in"] == "path" for parameter in parameters):
        problems.add(404)
    if any(parameter["in"] == "query" for parameter in parameters):
        problems.add(422)
    if "requestBody" in operation:
        operation["requestBody"]["required"] = True
        problems |= {400, 413, 415, 422}
    if method in {"put", "patch", "delete"} and operation["tags"] != ["follows"]:
        parameters.append(_header("If-Match", "The entity tag of what one has read."))
        problems.add(412)
    if 201 in responses:
        parameters.append(_header(IDEMPOTENCY_KEY, "Any word that tells this request from others."))
        responses[201]["headers"] = {"Location": {"schema": {"type": "string"}}}
        responses[201]["links"] = _links(operation["operationId"])
        problems |= {409} if operation["tags"] == ["tokens"] else set()
    responses.update({status: _problem(status) for status in sorted(problems)})
    if 204 in responses:
        responses[204] = {"description": "It is done."}
    operation["responses"] = {str(status): responses[status] for status in sorted(responses)}
    is_open = method == "get" and operation["tags"] != ["tokens"]
    is_open = is_open or operation["operationId"] == "users_register"
    operation["security"] = [*([{}] if is_open else []), {"basic": []}, {"bearer": []}]


def _header(name: str, description: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": PROBLEMS[status],
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "example": {
                    "type": "about:blank",
                    "title": HTTPStatus(status).phrase,
                    "status": status,
                    "detail": PROBLEMS[status],
                    "error": HTTPStatus(status).phrase.lower(),
                    "message": PROBLEMS[status],
                },
            }
        },
    }


def _links(operation_id: str) -> dict[str, Any]:
    parameter, others = GOES_ON[operation_id]
    return {
        other: {"operationId": other, "parameters": {parameter: "$response.body#/id"}}
        for other in others
    }
