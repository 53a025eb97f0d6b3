"""The API's description of itself: OpenAPI 3.1.

quart-schema gathers what the views say of themselves: paths, models, docstrings. What is true of
many of them is said here: who may call, what errors look like, and which headers there are.
"""

import functools
import inspect
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from quart import Quart, json
from quart_schema import QuartSchema
from quart_schema.openapi import OpenAPIProvider
from quart_schema.validation import DataSource
from werkzeug.routing import BaseConverter, Rule

from blog.core.api.examples import EXAMPLES
from blog.core.api.idempotency import HEADER as IDEMPOTENCY_KEY
from blog.core.api.idempotency import WELL_FORMED
from blog.core.api.json_schemas import REFERENCE, Schemas, schema_name, schemas_of
from blog.core.api.links import PREFIXES
from blog.core.api.problems import PROBLEM_SCHEMA, PROBLEMS, problem_example
from blog.core.api.responses import NoContent
from blog.core.web.requests import LARGEST_ROW_ID, PersonConverter, RowIdConverter

DESCRIBED = "v1"
SERVERS = [
    {"url": PREFIXES["v1"], "description": "The current version."},
    {"url": PREFIXES["v1_0"], "description": "The same, as in Flask Web Development."},
]
SECURITY_SCHEMES = {
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": (
            "An e-mail address or username and the password; or a token as the username, with an "
            "empty password."
        ),
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token."},
}
TAGS = {
    "posts": "What people write, and what they read of others.",
    "comments": "What is said under posts.",
    "users": "People, and one's own account.",
    "follows": "Who follows whom.",
    "moderation": "What moderators do about comments.",
    "tokens": "What lets a program in, without a password.",
    "root": "Where to begin.",
}
# Blueprints whose operations stand under the tag of another.
SHARED_TAGS = {"registration": "users"}
# Reads that are one's own affair, and the one write that needs no account.
PRIVATE_READS = {
    "get_account", "issue_token", "list_tokens", "get_token",
}  # fmt: skip
OPEN_WRITES = {"create_user"}
PASSWORD_ONLY = {"issue_token", "create_token"}

IDENTIFIER = {"type": "integer", "minimum": 1, "maximum": LARGEST_ROW_ID}
PERSON = {"anyOf": [IDENTIFIER, {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9._]{0,63}$"}]}
PATH_PARAMETERS = {
    "post_id": ("The id of a post.", 17),
    "comment_id": ("The id of a comment.", 5),
    "token_id": ("The id of a token, which is not the token itself.", 9),
    "who": ("The id of a person, or the username.", "susan"),
}
TEXT = {"type": "string"}
HEADER_PARAMETERS = {
    "If-None-Match": {
        "description": "The entity tag of what you have; the answer is 304 if it is still that.",
        "schema": TEXT,
    },
    "If-Match": {
        "description": "The entity tag of what you have read; nothing is changed unless it is "
        "still that.",
        "schema": TEXT,
    },
    IDEMPOTENCY_KEY: {
        "description": "A word of your own. The same request with the same word gets the first "
        "answer again, for a day, and does nothing twice.",
        "schema": TEXT | {"pattern": f"^{WELL_FORMED.pattern}$"},
    },
}
HEADERS = {
    "ETag": "The entity tag of this answer.",
    "Link": 'The ways to the parts of the list beside this one: `rel="prev"` and `rel="next"`.',
    "Location": "The address of what was made.",
    "Idempotency-Replayed": "`true` where this is the first answer to the same key, once more.",
    "RateLimit": 'How many requests are left, and until when: `"default";r=299;t=1`.',
    "RateLimit-Policy": 'How many requests in how many seconds: `"default";q=300;w=60`.',
    "Retry-After": "After how many seconds to try again.",
    "WWW-Authenticate": "How to say who you are.",
}
COUNTED = ("RateLimit", "RateLimit-Policy")
ALWAYS = {400, 401, 403, 429, 500, 503}
WITH_A_BODY = {408, 413, 415, 422}
# What takes a body, and does something else without.
OPTIONAL_BODIES = {"create_token"}
# Which operations go on from what an answer shows (OpenAPI 3.1, "Link Object"): where the answer
# has the identifier, the parameter that takes it, and the operations.
GOES_ON = {
    "create_post": ("id", "post_id", ["get_post", "replace_post", "update_post",
                                      "delete_post", "list_post_comments", "create_comment"]),
    "list_posts": ("posts/0/id", "post_id", ["get_post", "list_post_comments"]),
    "create_comment": ("id", "comment_id", ["get_comment", "update_comment",
                                            "delete_comment", "disable_comment",
                                            "enable_comment"]),
    "list_comments": ("comments/0/id", "comment_id", ["get_comment"]),
    "create_user": ("id", "who", ["get_user", "list_user_posts", "list_user_timeline",
                                     "list_followers", "list_following",
                                     "follow_user"]),
    "list_users": ("users/0/id", "who", ["get_user", "list_user_posts", "follow_user"]),
    "create_token": ("id", "token_id", ["get_token", "revoke_token"]),
}  # fmt: skip


class Description(OpenAPIProvider):
    """The description of one application, made when it is first asked for."""

    def __init__(self, app: Quart, extension: QuartSchema) -> None:
        super().__init__(app, extension)
        self.text = functools.cache(lambda: json.dumps(self.schema(), sort_keys=False))

    def schema(self) -> dict[str, Any]:
        gathered = super().schema()
        return {
            "openapi": gathered["openapi"],
            "info": gathered["info"],
            "servers": SERVERS,
            "tags": gathered["tags"],
            "paths": gathered["paths"],
            "components": {
                "securitySchemes": SECURITY_SCHEMES,
                "parameters": {
                    name: {"name": name, "in": "header"} | parameter
                    for name, parameter in HEADER_PARAMETERS.items()
                },
                "headers": {
                    name: {"description": description, "schema": TEXT}
                    for name, description in HEADERS.items()
                },
                "responses": {PROBLEMS[status].name: _problem(status) for status in PROBLEMS},
                "schemas": gathered["components"]["schemas"] | {"Problem": PROBLEM_SCHEMA},
            },
        }

    def generate_rules(self) -> Iterable[Rule]:
        """One version stands for all: each is a server of the same paths."""
        rules = self._app.url_map.iter_rules()
        return sorted(
            (rule for rule in rules if rule.endpoint.startswith(f"{DESCRIBED}.")),
            key=lambda rule: list(TAGS).index(_tag(rule)),
        )

    def build_path_parameter(self, name: str, converter: BaseConverter) -> dict[str, Any]:
        description, example = PATH_PARAMETERS[name]
        return {
            "name": name,
            "in": "path",
            "description": description,
            "required": True,
            "schema": {RowIdConverter: IDENTIFIER, PersonConverter: PERSON}[type(converter)],
            "example": example,
        }

    # The models are `Any`: quart-schema would take those of other libraries too.
    def build_querystring_parameters(self, model: Any) -> tuple[list[dict[str, Any]], Schemas]:
        [schema] = schemas_of(model, "validation").values()
        parameters = []
        for name, field in schema["properties"].items():
            description = field.pop("description")
            if isinstance(field["type"], list):  # What is left out is not sent as null.
                field["type"].remove("null")
                [field["type"]] = field["type"]
            parameters.append(
                {"name": name, "in": "query", "description": description, "schema": field}
            )
        return parameters, {}

    def build_request_body(self, model: Any, source: DataSource) -> tuple[dict[str, Any], Schemas]:
        return {"content": _json(model)}, schemas_of(model, "validation")

    def build_response_object(
        self, model: Any, headers_model: Any
    ) -> tuple[dict[str, Any], Schemas]:
        description = inspect.getdoc(model)
        if model is NoContent:
            return {"description": description}, {}
        response = {"description": description, "headers": _headers("ETag")}
        return response | {"content": _json(model)}, schemas_of(model, "serialization")

    def operation_id(self, method: str, path: str, func: Any) -> str | None:
        """Set by `build_paths`, which knows the endpoint."""
        return None

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], Schemas]:
        paths, schemas = super().build_paths(rule)
        tag, name = _tag(rule), rule.endpoint.rpartition(".")[2]
        relative = {
            path.removeprefix(PREFIXES[DESCRIBED]): {
                method: _complete(operation, method, tag, name)
                for method, operation in operations.items()
            }
            for path, operations in paths.items()
        }
        return relative, schemas


def _tag(rule: Rule) -> str:
    """The tag of an operation, by its blueprint."""
    blueprint: str = rule.endpoint.split(".")[1]
    return SHARED_TAGS.get(blueprint, blueprint)


def _complete(gathered: dict[str, Any], method: str, tag: str, name: str) -> dict[str, Any]:
    """An operation with what is true of all of its kind, in the order in which it is read."""
    places = {parameter["in"] for parameter in gathered["parameters"]}
    is_list = "query" in places
    statuses = set(ALWAYS)
    headers = []
    if "path" in places:
        statuses.add(404)
    if is_list or name == "follow_user":  # Nobody can follow himself.
        statuses.add(422)
    if "requestBody" in gathered:
        statuses |= WITH_A_BODY
        gathered["requestBody"]["required"] = name not in OPTIONAL_BODIES
    if method == "get":
        headers.append("If-None-Match")
    if method in {"put", "patch", "delete"} and tag not in {"follows", "tokens"}:
        headers.append("If-Match")
        statuses.add(412)
    if 201 in gathered["responses"]:
        headers.append(IDEMPOTENCY_KEY)
    if name == "create_token":
        statuses.add(409)
    # What was made, where something was; it is that which others go on from.
    main = max(gathered["responses"])
    responses = {
        status: _answer(response, status, name if status == main else "", is_list=is_list)
        for status, response in gathered["responses"].items()
    }
    if method == "get":
        unchanged = "You have it already: it is what `If-None-Match` names."
        responses[304] = {"description": unchanged, "headers": _headers("ETag", *COUNTED)}
    responses |= {status: _reference("responses", PROBLEMS[status].name) for status in statuses}
    operation = {
        "operationId": name,
        "tags": [tag],
        "summary": gathered["summary"].removesuffix("."),
        "description": gathered["description"].strip(),
        "security": _security(method, tag, name),
        "parameters": [
            *gathered["parameters"],
            *(_reference("parameters", header) for header in headers),
        ],
        "requestBody": gathered.get("requestBody"),
        "responses": {str(status): responses[status] for status in sorted(responses)},
    }
    return {key: value for key, value in operation.items() if value not in (None, "", [])}


def _answer(response: dict[str, Any], status: int, name: str, *, is_list: bool) -> dict[str, Any]:
    """The answer of an operation that has gone well."""
    headers = response.get("headers", {}) | _headers(*COUNTED)
    if is_list:
        headers |= _headers("Link")
    if status == 201:
        headers |= _headers("Location", "Idempotency-Replayed")
    answer = response | {"headers": headers}
    if name in GOES_ON:
        place, parameter, others = GOES_ON[name]
        answer["links"] = {
            other: {"operationId": other, "parameters": {parameter: f"$response.body#/{place}"}}
            for other in others
        }
    return answer


def _security(method: str, tag: str, name: str) -> list[dict[str, list[str]]]:
    """Who may call, by the scope that a token needs for it."""
    if name in PASSWORD_ONLY:
        return [{"basic": []}]
    is_open = name in OPEN_WRITES or (method == "get" and name not in PRIVATE_READS)
    scope = "read" if method == "get" else "moderate" if tag == "moderation" else "write"
    nobody: list[dict[str, list[str]]] = [{}] if is_open else []
    return [*nobody, {"basic": [scope]}, {"bearer": [scope]}]


def _problem(status: int) -> dict[str, Any]:
    schema = {"schema": _reference("schemas", "Problem"), "example": problem_example(status)}
    return {
        "description": PROBLEMS[status].meaning,
        "headers": _headers(*PROBLEMS[status].headers, *COUNTED),
        "content": {"application/problem+json": schema},
    }


def _json(model: type[BaseModel]) -> dict[str, Any]:
    schema = {"$ref": REFERENCE.format(model=schema_name(model))}
    return {"application/json": {"schema": schema, "example": EXAMPLES[schema_name(model)]}}


def _headers(*names: str) -> dict[str, Any]:
    return {name: _reference("headers", name) for name in names}


def _reference(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
