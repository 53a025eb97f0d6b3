"""How the API's pydantic models look as JSON Schema (draft 2020-12, which OpenAPI 3.1 has)."""

from typing import Any, cast

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

SUFFIX = "Resource"
REFERENCE = "#/components/schemas/{model}"

Schemas = dict[str, dict[str, Any]]


class ShortJsonSchema(GenerateJsonSchema):
    """Leaves out what tells nothing: titles that repeat a name, and defaults that are empty."""

    def normalize_name(self, name: str) -> str:
        """Name a part as `schema_name` does."""
        return super().normalize_name(name.removesuffix(SUFFIX))

    def field_title_should_be_set(self, schema: Any) -> bool:
        """A title would be the field's name once more."""
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Null as one type more, where there is but one other."""
        inner = self.generate_inner(schema["schema"])
        if isinstance(inner.get("type"), str):
            return inner | {"type": [inner["type"], "null"]}
        return super().nullable_schema(schema)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """A field that may be left out, and what it is then."""
        described = super().default_schema(schema)
        if not described.get("default"):
            described.pop("default", None)
        return described


def schema_name(model: type[BaseModel]) -> str:
    """What the description calls a model: `PostResource` is `Post`, the name of the table here."""
    return model.__name__.removesuffix(SUFFIX)


def schemas_of(model: type[BaseModel], mode: JsonSchemaMode) -> Schemas:
    """The JSON schemas of a model and of those that it is made of, by their names.

    Args:
        model: what is sent or answered.
        mode: `validation` for what is sent, `serialization` for what is answered.
    """
    schema = model.model_json_schema(
        ref_template=REFERENCE, mode=mode, schema_generator=ShortJsonSchema
    )
    parts: Schemas = schema.pop("$defs", {})
    schemas = parts | {schema_name(model): schema}
    for described in schemas.values():
        described.pop("title", None)
        described.pop("examples", None)  # `example_of` has them.
    return schemas


def content_of(model: type[BaseModel]) -> dict[str, Any]:
    """A body of JSON, as OpenAPI describes it: its schema, and the example that the model has.

    Args:
        model: its configuration is `with_example`.
    """
    [example] = cast(dict[str, Any], model.model_config["json_schema_extra"])["examples"]
    schema = {"$ref": REFERENCE.format(model=schema_name(model))}
    return {"application/json": {"schema": schema, "example": example}}


def parameters_of(model: type[BaseModel], place: str) -> list[dict[str, Any]]:
    """The parameters of a request that a model describes, in the address or in headers.

    Args:
        model: each of its fields may be left out, and has a description.
        place: `query` or `header`.
    """
    [schema] = schemas_of(model, "validation").values()
    parameters = []
    for name, field in schema["properties"].items():
        description = field.pop("description")
        if isinstance(field["type"], list):  # What is left out is not sent as null.
            field["type"].remove("null")
            [field["type"]] = field["type"]
        shown = header_name(name) if place == "header" else name
        parameters.append({"name": shown, "in": place, "description": description, "schema": field})
    return parameters


def headers_of(model: type[BaseModel]) -> dict[str, Any]:
    """The headers of an answer that a model describes, by their names."""
    [schema] = schemas_of(model, "serialization").values()
    return {
        header_name(name): {"description": field.pop("description"), "schema": field}
        for name, field in schema["properties"].items()
    }


def header_name(field: str) -> str:
    """`If-Match` for `if_match`."""
    return "-".join(part.capitalize() for part in field.split("_"))
