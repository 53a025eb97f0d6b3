"""What every schema shares, and what is wrong with an input in words for a person."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, get_args

from annotated_types import MaxLen
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticKnownError
from pydantic_core.core_schema import CoreSchema, no_info_after_validator_function

# Of a text whose field declares no limit of its own, such as the name of a choice.
LONGEST_TEXT = 1_000

NOT_UNICODE = "This is not Unicode text."
_MESSAGES = {
    "missing": "Please fill in this field.",
    "string_too_short": "Please use at least {min_length} characters.",
    "string_pattern_mismatch": "This has characters that do not belong there.",
    "string_too_long": "Please shorten this to at most {max_length:,} characters.",
    "string_unicode": NOT_UNICODE,  # JSON can write half a surrogate pair
}


# What no text may have: NUL, which no table stores, and noncharacters (Unicode Standard, 23.7),
# which no XML may have. In a description only those of the first plane are named.
_NONCHARACTERS = "".join(
    f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
# Half of a pair (Unicode Standard, 3.8), which JSON can write and UTF-8 cannot.
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_IN_TEXTS = re.compile(f"[\0\ufdd0-\ufdef{_NONCHARACTERS}]")
_DESCRIBED = r"\x00\ufdd0-\ufdef\ufffe\uffff"


def _declared_limits(declared: Any) -> Iterator[int]:
    """The limits of length in the declaration of a field, also within `Annotated[...] | None`."""
    if isinstance(declared, MaxLen):
        yield declared.max_length
    elif isinstance(declared, FieldInfo):
        for each in declared.metadata:
            yield from _declared_limits(each)
        yield from _declared_limits(declared.annotation)
    else:
        for part in get_args(declared):
            yield from _declared_limits(part)


def with_example(example: dict[str, Any]) -> ConfigDict:
    """The configuration of a model that the description of the API shows with an example.

    Args:
        example: what is sent or answered.
    """
    return ConfigDict(json_schema_extra={"examples": [example]})


class Schema(BaseModel):
    """The base of what comes in: white space around a text is dropped.

    A text that is longer than its field may be is refused before any other validator sees it.
    Some of them take a time that grows with the square of the length: Unicode normalisation
    sorts the combining marks that follow one another (Unicode Standard, 3.11), and the validator
    of e-mail addresses normalises too.
    """

    _longest: ClassVar[dict[str, int]] = {}

    model_config = ConfigDict(
        str_strip_whitespace=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    @classmethod
    def __pydantic_init_subclass__(cls, **_options: Any) -> None:
        cls._longest = {
            name: max(_declared_limits(field), default=LONGEST_TEXT)
            for name, field in cls.model_fields.items()
        }

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Let the JSON schema of a model say what holds for each of its texts."""
        reference = handler(schema)
        for described in handler.resolve_ref_schema(reference).get("properties", {}).values():
            if "string" in described.get("type", ()) and "pattern" not in described:
                described["pattern"] = rf"^[^{_DESCRIBED}]*$"
        return reference

    @field_validator("*", mode="before")
    @classmethod
    def _bounded_and_of_characters(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse a text that is too long, or has what is no character of a text."""
        if not isinstance(value, str):
            return value
        longest = cls._longest[str(info.field_name)]
        if len(value) > longest and len(value.strip()) > longest:
            raise PydanticKnownError("string_too_long", {"max_length": longest})
        if _SURROGATE.search(value):
            raise PydanticKnownError("string_unicode")
        if found := _NOT_IN_TEXTS.search(value):
            name = f"U+{ord(found[0]):04X}"
            raise ValueError(f"Please leave out {name}, which is not a character of a text.")
        return value


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("Please fill in this field.")
    return text


class _NotBlank:
    """Refuses a text that is empty or white space; its JSON schema tells, and the rest as well."""

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return no_info_after_validator_function(_not_blank, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        # What Python counts as white space, and the regular expressions of JavaScript do not.
        further = r"\x1c-\x1f\x85"
        anything = rf"[^{_DESCRIBED}]*"
        return handler(schema) | {"pattern": rf"^{anything}[^\s{further}{_DESCRIBED}]{anything}$"}


# Comes last: a limit that follows it would not be one of the text's, but of any value's.
NotBlank = _NotBlank()
RequiredText = Annotated[str, NotBlank]


def _without_space_at_the_end(value: Any) -> Any:
    return value.rstrip() if isinstance(value, str) else value


# Four spaces at the beginning of a text make code of it; so they stay.
Markdown = Annotated[
    str, StringConstraints(strip_whitespace=False), BeforeValidator(_without_space_at_the_end)
]


def messages(error: ValidationError) -> dict[str, str]:
    """The first thing that is wrong with each field, by its name; `""` stands for the whole."""
    found: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_input=False):
        field = str(problem["loc"][0]) if problem["loc"] else ""
        template = _MESSAGES.get(problem["type"])
        text = template.format(**problem.get("ctx", {})) if template else problem["msg"]
        found.setdefault(field, text.removeprefix("Value error, "))
    return found
