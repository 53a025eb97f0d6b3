"""How the API's pydantic models look as JSON Schema (draft 2020-12, which OpenAPI 3.1 has)."""

from typing import Any

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
    return schemas
