"""The OpenAPI 3.1 description of the API.

quart-schema collects the declarations of the routes (`blog.core.api.operations`): paths, models,
headers, docstrings, security. This module adds what follows from them: errors, common headers, and
links between operations.
"""

import functools
import inspect
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel
from quart import Quart, json
from quart_schema import QuartSchema
from quart_schema.openapi import OpenAPIProvider
from quart_schema.validation import DataSource
from werkzeug.routing import BaseConverter, Rule, UnicodeConverter

from blog.core.api.bodies import has_optional_body
from blog.core.api.collections import Collection, ListHeaders
from blog.core.api.json_schemas import (
    Schemas,
    content_of,
    headers_of,
    parameters_of,
    schema_name,
    schemas_of,
)
from blog.core.api.links import PREFIXES
from blog.core.api.problems import KINDS, Problem, problem_example
from blog.core.api.responses import Download, NoContent
from blog.core.web.app import current_app
from blog.core.web.requests import LARGEST_ROW_ID, PersonConverter, RowIdConverter

DESCRIBED_VERSION = "v1"
SERVERS = [
    {"url": PREFIXES["v1"], "description": "The current version."},
    {
        "url": PREFIXES["v1_0"],
        "description": "The same API under the prefix used in the book Flask Web Development.",
    },
]
SECURITY_SCHEMES = {
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": (
            "An email address or username with the password, or a token as the username "
            "with an empty password."
        ),
    },
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token."},
}
# Path parameters that are numbers, but not ids.
NUMBERS = {"number": "The number of a revision, from 1."}
IDENTIFIER = {"type": "integer", "minimum": 1, "maximum": LARGEST_ROW_ID}
PERSON = {"anyOf": [IDENTIFIER, {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9._]{0,63}$"}]}
IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The entity tag of your copy. If it's still current, the response is 304.",
    "schema": {"type": "string"},
}
HEADERS = {
    "ETag": "The entity tag of this response.",
    "RateLimit": 'Remaining requests, and seconds until the limit resets: `"default";r=299;t=1`.',
    "RateLimit-Policy": 'Allowed requests, and the seconds they are for: `"default";q=300;w=60`.',
    "Retry-After": "The number of seconds to wait before retrying.",
    "WWW-Authenticate": "The authentication schemes.",
}
COUNTED = ("RateLimit", "RateLimit-Policy")
ALWAYS = {400, 401, 403, 429, 500, 503}
# The path parameters of operations on content that moderators can hide.
HIDDEN_BY_MODERATORS = {"post_id", "comment_id"}
WITH_A_BODY = {408, 413, 415, 422}
# The response field with the id of a path parameter, until `_add_links` knows all paths.
_IDENTIFIES = "x-identifies"

Operation = dict[str, Any]


class Description(OpenAPIProvider):
    """The description of an application, built on first use.

    Args:
        tags: the tags of the operations, in order.
    """

    def __init__(self, app: Quart, extension: QuartSchema, tags: Sequence[str]) -> None:
        super().__init__(app, extension)
        self._order = list(tags)
        self._text = functools.lru_cache(maxsize=1)(self._build_text)

    def text(self) -> str:
        """The document, with the current name of the site."""
        return self._text(current_app.site.site_name)

    def _build_text(self, site_name: str) -> str:
        document = self.schema()
        document["info"] |= {"title": f"{site_name} API"}
        return json.dumps(document, sort_keys=False)

    def schema(self) -> dict[str, Any]:
        collected = super().schema()
        _add_links(collected["paths"])
        return {
            "openapi": collected["openapi"],
            "info": collected["info"],
            "servers": SERVERS,
            "tags": collected["tags"],
            "paths": collected["paths"],
            "components": {
                "securitySchemes": SECURITY_SCHEMES,
                "headers": {
                    name: {"description": description, "schema": {"type": "string"}}
                    for name, description in HEADERS.items()
                },
                "responses": {kind.name: _problem(status) for status, kind in KINDS.items()},
                "schemas": collected["components"]["schemas"]
                | schemas_of(Problem, "serialization"),
            },
        }

    def generate_rules(self) -> Iterable[Rule]:
        """Describe one version: each version is a server with the same paths."""
        rules = self._app.url_map.iter_rules()
        return sorted(
            (rule for rule in rules if rule.endpoint.startswith(f"{DESCRIBED_VERSION}.")),
            key=lambda rule: self._order.index(self._tag(rule)),
        )

    def _tag(self, rule: Rule) -> str:
        resource: Any = self._app.blueprints[rule.endpoint.rpartition(".")[0]]
        tag: str = resource.tag.name
        return tag

    def build_path_parameter(self, name: str, converter: BaseConverter) -> dict[str, Any]:
        described: dict[type[Any], dict[str, Any]] = {
            RowIdConverter: {
                "description": NUMBERS.get(name, f"The id of a {name.removesuffix('_id')}."),
                "schema": IDENTIFIER,
                "example": 1 if name in NUMBERS else 17,
            },
            PersonConverter: {
                "description": "The ID or username of a user.",
                "schema": PERSON,
                "example": "susan",
            },
            UnicodeConverter: {
                "description": "A tag, in any spelling, with a comma for each slash.",
                "schema": {"type": "string"},
                "example": "command line",
            },
        }
        return {"name": name, "in": "path", "required": True} | described[type(converter)]

    # The models are `Any`, because quart-schema also accepts those of other libraries.
    def build_querystring_parameters(self, model: Any) -> tuple[list[dict[str, Any]], Schemas]:
        return parameters_of(model, "query"), {}

    def build_headers_parameters(self, model: Any) -> tuple[list[dict[str, Any]], Schemas]:
        return parameters_of(model, "header"), {}

    def build_request_body(self, model: Any, source: DataSource) -> tuple[dict[str, Any], Schemas]:
        content = content_of(model)
        if source is DataSource.FORM_MULTIPART:
            content = {"multipart/form-data": content["application/json"]}
        return {"content": content}, schemas_of(model, "validation")

    def build_response_object(
        self, model: Any, headers_model: Any
    ) -> tuple[dict[str, Any], Schemas]:
        description = inspect.getdoc(model)
        headers = _headers(*COUNTED) | (headers_of(headers_model) if headers_model else {})
        if model in {NoContent, Download}:
            return {"description": description, "headers": headers}, {}
        if model is Problem:
            return {}, {}
        content, schemas = content_of(model), schemas_of(model, "serialization")
        if headers_model is ListHeaders:
            part, further = _with_some_fields(model, schemas)
            whole = content["application/json"]["schema"]
            content["application/json"]["schema"] = {"anyOf": [whole, part]}
            schemas |= further
        response = {
            "description": description,
            "headers": _headers("ETag") | headers,
            "content": content,
            _IDENTIFIES: _link_source(model),
        }
        return response, schemas

    def operation_id(self, method: str, path: str, func: Any) -> str | None:
        name: str = func.__name__
        return name

    def build_paths(self, rule: Rule) -> tuple[dict[str, Any], Schemas]:
        paths, schemas = super().build_paths(rule)
        is_optional = has_optional_body(self._app.view_functions[rule.endpoint])
        relative = {
            path.removeprefix(PREFIXES[DESCRIBED_VERSION]): {
                method: _complete(operation, method, has_optional_body=is_optional)
                for method, operation in operations.items()
            }
            for path, operations in paths.items()
        }
        return relative, schemas


def _complete(collected: Operation, method: str, *, has_optional_body: bool) -> Operation:
    """Complete an operation with its common parts, in reading order."""
    parameters = list(collected["parameters"])
    responses = {
        status: response for status, response in collected["responses"].items() if response
    }
    statuses = ALWAYS | {
        status for status, response in collected["responses"].items() if not response
    }
    places = {parameter["in"] for parameter in parameters}
    if "path" in places:
        statuses.add(404)
    if any(parameter["name"] in HIDDEN_BY_MODERATORS for parameter in parameters):
        statuses.add(410)
    if "query" in places:
        statuses.add(422)
    if "requestBody" in collected:
        statuses |= WITH_A_BODY
        collected["requestBody"]["required"] = not has_optional_body
    if any(parameter["name"] == "If-Match" for parameter in parameters):
        statuses.add(412)
    if method == "get":
        parameters.append(IF_NONE_MATCH)
        unchanged = "Your copy is current: it's the version in `If-None-Match`."
        responses[304] = {"description": unchanged, "headers": _headers("ETag", *COUNTED)}
    responses |= {status: _reference("responses", KINDS[status].name) for status in statuses}
    operation = {
        "operationId": collected["operationId"],
        "tags": collected["tags"],
        "summary": collected["summary"].removesuffix("."),
        "description": collected["description"].strip(),
        "security": collected["security"],
        "parameters": parameters,
        "requestBody": collected.get("requestBody"),
        "responses": {str(status): responses[status] for status in sorted(responses)},
    }
    return {key: value for key, value in operation.items() if value not in (None, "")}


def _with_some_fields(model: type[Collection], schemas: Schemas) -> tuple[Operation, Schemas]:
    """The schema of a list with fields selected by `?fields=`, and the schemas that it needs."""
    name, item = model.item()
    part, some = f"Partial{schema_name(model)}", f"Partial{schema_name(item)}"
    whole, each = schemas[schema_name(model)], schemas[schema_name(item)]
    items = {"type": "array", "items": _reference("schemas", some)}
    further = {
        part: whole | {"properties": whole["properties"] | {name: items}},
        some: {key: value for key, value in each.items() if key != "required"},
    }
    for described in further.values():
        described["description"] += " With the selected fields."
    return _reference("schemas", part), further


def _link_source(model: type[BaseModel], place: str = "") -> tuple[str, str] | None:
    """The path parameter that a response has an id for, and the field of that id."""
    if parameter := getattr(model, "PATH_PARAMETER", None):
        return parameter, f"{place}id"
    if issubclass(model, Collection):
        name, item = model.item()
        return _link_source(item, f"{name}/0/")
    return None


def _add_links(paths: dict[str, dict[str, Operation]]) -> None:
    """Add links from responses to operations (OpenAPI 3.1, "Link Object").

    A created resource links to all operations that take its id; a list links to those that read.
    """
    operations = [(method, each) for path in paths.values() for method, each in path.items()]
    for _, operation in operations:
        for status, response in operation["responses"].items():
            parameter, place = response.pop(_IDENTIFIES, None) or ("", "")
            is_made = status == "201"
            others = [
                other["operationId"]
                for method, other in operations
                if any(each["name"] == parameter for each in other["parameters"])
                and (is_made or ("/" in place and method == "get"))
            ]
            value = {parameter: f"$response.body#/{place}"}
            if others:
                response["links"] = {
                    other: {"operationId": other, "parameters": value} for other in others
                }


def _problem(status: int) -> dict[str, Any]:
    content = {
        "schema": _reference("schemas", Problem.__name__),
        "example": problem_example(status),
    }
    return {
        "description": KINDS[status].meaning,
        "headers": _headers(*KINDS[status].headers, *COUNTED),
        "content": {"application/problem+json": content},
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: _reference("headers", name) for name in names}


def _reference(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}
