"""JSON Schemas of the API's pydantic models (draft 2020-12, as in OpenAPI 3.1)."""

from typing import Any, cast

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

SUFFIX = "Resource"
REFERENCE = "#/components/schemas/{model}"

Schemas = dict[str, dict[str, Any]]


class ShortJsonSchema(GenerateJsonSchema):
    """Omits titles that repeat a name, and empty defaults."""

    def normalize_name(self, name: str) -> str:
        """Name a definition by `schema_name`."""
        return super().normalize_name(name.removesuffix(SUFFIX))

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Omit the title, which repeats the field's name."""
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Describe `T | None` as a list of types, if T has a single type."""
        inner = self.generate_inner(schema["schema"])
        if isinstance(inner.get("type"), str):
            return inner | {"type": [inner["type"], "null"]}
        return super().nullable_schema(schema)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Describe an optional field with its default, unless that is empty."""
        described = super().default_schema(schema)
        if not described.get("default"):
            described.pop("default", None)
        return described


def schema_name(model: type[BaseModel]) -> str:
    """The name of a model in the description: `Post` for `PostResource`."""
    return model.__name__.removesuffix(SUFFIX)


def schemas_of(model: type[BaseModel], mode: JsonSchemaMode) -> Schemas:
    """The JSON schemas of a model and its parts, by name.

    Args:
        model: the model of a request or response.
        mode: `validation` for requests, `serialization` for responses.
    """
    schema = model.model_json_schema(
        ref_template=REFERENCE, mode=mode, schema_generator=ShortJsonSchema
    )
    parts: Schemas = schema.pop("$defs", {})
    schemas = parts | {schema_name(model): schema}
    for described in schemas.values():
        described.pop("title", None)
        described.pop("examples", None)  # `content_of` adds them.
    return schemas


def content_of(model: type[BaseModel]) -> dict[str, Any]:
    """The description of a JSON body: its schema and the model's example.

    Args:
        model: a model with the configuration `with_example`.
    """
    [example] = cast(dict[str, Any], model.model_config["json_schema_extra"])["examples"]
    schema = {"$ref": REFERENCE.format(model=schema_name(model))}
    return {"application/json": {"schema": schema, "example": example}}


def parameters_of(model: type[BaseModel], place: str) -> list[dict[str, Any]]:
    """Describe the query parameters or headers of a model.

    Args:
        model: all of its fields are optional and have descriptions.
        place: `query` or `header`.
    """
    [schema] = schemas_of(model, "validation").values()
    parameters = []
    for name, field in schema["properties"].items():
        description = field.pop("description")
        if isinstance(field["type"], list):  # Omitted parameters are not sent as null.
            field["type"].remove("null")
            [field["type"]] = field["type"]
        shown = header_name(name) if place == "header" else name
        parameters.append({"name": shown, "in": place, "description": description, "schema": field})
    return parameters


def headers_of(model: type[BaseModel]) -> dict[str, Any]:
    """The response headers that a model describes, by name."""
    [schema] = schemas_of(model, "serialization").values()
    return {
        header_name(name): {"description": field.pop("description"), "schema": field}
        for name, field in schema["properties"].items()
    }


def header_name(field: str) -> str:
    """`If-Match` for `if_match`."""
    return "-".join(part.capitalize() for part in field.split("_"))
