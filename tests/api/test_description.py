"""The API description is valid, complete and true."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from quart import Response

import blog
from blog.core.api.links import PREFIXES
from blog.core.api.operations import Resource
from blog.core.api.responses import no_content
from blog.core.web.app import Broadside
from blog.models import Scope, User
from settings import Settings
from tests.api.support import ALL_SCOPES, Client, add_token
from tests.support import PASSWORD

Document = dict[str, Any]
Operation = tuple[str, str, Document]


@pytest.fixture
async def description(app: Broadside, anonymous: Client) -> Document:
    """The description as a client gets it."""
    answer = await anonymous.get("https://blog.test/api/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    document: Document = answer.json()
    return document


def operations_of(description: Document) -> Iterator[Operation]:
    """Each operation with its method and path."""
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            yield method, path, operation


def resolved(description: Document, part: Document) -> Document:
    """What a reference in the description leads to."""
    while "$ref" in part:
        found: Any = description
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        part = found
    return part


def contents_of(description: Document, operation: Document) -> Iterator[Document]:
    """The bodies that an operation takes and gives, each with its schema and its example."""
    for part in [operation.get("requestBody", {}), *operation["responses"].values()]:
        yield from resolved(description, part).get("content", {}).values()


async def test_the_description_is_valid_openapi(description: Document) -> None:
    schemathesis.openapi.from_dict(description).validate()
    assert description["openapi"].startswith("3.1.")


async def test_every_route_is_described(app: Broadside, description: Document) -> None:
    prefix = PREFIXES["v1"]
    routes = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule.removeprefix(prefix)))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(f"{prefix}/")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(method, path) for method, path, _ in operations_of(description)} == routes


async def test_every_example_fits_its_schema(description: Document) -> None:
    number = 0
    for _, _, operation in operations_of(description):
        for content in contents_of(description, operation):
            schema = content["schema"] | {"components": description["components"]}
            validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
            assert [error.message for error in validator.iter_errors(content["example"])] == []
            number += 1
    assert number > 30


async def test_everything_is_explained(description: Document) -> None:
    components = description["components"]
    explained = [*description["tags"], *components["headers"].values(),
                 *components["securitySchemes"].values(),
                 *components["schemas"].values()]  # fmt: skip
    for _, _, operation in operations_of(description):
        assert operation["summary"]
        explained += [*operation["parameters"], *operation["responses"].values()]
    for part in explained:
        assert resolved(description, part)["description"], part


async def test_operations_have_names_of_their_own_and_links_lead_to_them(
    description: Document,
) -> None:
    operations = [operation for _, _, operation in operations_of(description)]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    links = [
        link["operationId"]
        for operation in operations
        for response in operation["responses"].values()
        for link in response.get("links", {}).values()
    ]
    assert links
    assert set(links) <= set(names)


async def test_fields_of_forms_are_not_described(description: Document) -> None:
    assert "submission" not in str(description)
    assert "Form" not in str(description["components"]["schemas"].keys())


async def test_who_may_call_without_credentials_is_true(
    description: Document, anonymous: Client
) -> None:
    for method, path, operation in operations_of(description):
        answer = await anonymous.request(method, re.sub("{.*?}", "1", path), json={})
        is_open = {} in operation["security"]
        assert (answer.status_code != 401) == is_open, (method, path, answer.text)


async def test_a_token_needs_the_scope_that_is_described(
    description: Document, app: Broadside, susan: User
) -> None:
    for scope in Scope:
        others = ALL_SCOPES & ~scope
        async with Client(app, token=await add_token(app, susan, others)) as client:
            for method, path, operation in operations_of(description):
                needed = {name for each in operation["security"] for name in each.get("bearer", [])}
                answer = await client.request(method, re.sub("{.*?}", "4711", path), json={})
                is_refused = "have the scope" in answer.text
                if needed:
                    assert is_refused == (str(scope.name).lower() in needed), (method, path)


def test_a_route_that_declares_no_scope_is_noticed_when_the_application_starts(
    make_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    forgetful = Resource("forgetful", __name__, "Open to all by mistake.")

    @forgetful.get("/forgotten")
    async def get_forgotten() -> Response:
        """A route without declarations."""
        return no_content()

    monkeypatch.setattr(blog, "RESOURCES", (*blog.RESOURCES, forgetful))
    with pytest.raises(RuntimeError, match="get_forgotten declares no scope"):
        blog.create_app(make_settings())


async def test_the_examples_that_clients_send_are_accepted(
    description: Document, app: Broadside, anonymous: Client, susan: User
) -> None:
    """Susan's post, comment and token are made, changed and taken away by the examples alone."""
    bodies = {
        operation["operationId"]: (method, path, content["example"])
        for method, path, operation in operations_of(description)
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json"  # And not a file: see tests/media/test_uploads.py.
    }
    del bodies["update_media"], bodies["update_notification"]  # There are none.
    made = bodies.pop("create_user")
    assert (await anonymous.request(*made[:2], json=made[2])).status_code == 422  # There is one.
    async with Client(app, auth=(susan.email, PASSWORD)) as client:
        # Susan is no moderator, and the comment is her own. The bookmark makes the folder.
        refused = {
            "disable_comment", "enable_comment", "remove_comment", "close_report",
            "create_measure", "lift_measure",
        }  # fmt: skip
        first = ("create_", "bookmark_post")
        for name in sorted(bodies, key=lambda name: not name.startswith(first)):
            method, path, example = bodies[name]
            answer = await client.request(method, re.sub("{.*?}", "1", path), json=example)
            expected = 403 if name in refused else 201 if method == "post" else 200
            expected = 204 if name.startswith(("bookmark_", "report_")) else expected
            assert answer.status_code == expected, (name, answer.text)
