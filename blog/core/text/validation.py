"""The base class of schemas, and user-facing validation messages."""

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
from pydantic_core.core_schema import CoreSchema, ErrorType, no_info_after_validator_function

from blog.core.i18n import format_number, lazy_gettext
from blog.core.i18n import gettext as _

# For fields without a declared limit, such as the name of a choice.
LONGEST_TEXT = 1_000

NOT_VALID = lazy_gettext("This isn't a valid value.")
NOT_A_DATE = lazy_gettext("Please enter a date.")
NOT_UNICODE = lazy_gettext("This isn't valid Unicode text.")
_MESSAGES = {
    "missing": lazy_gettext("Please fill in this field."),
    "string_too_short": lazy_gettext("Please use at least %(min_length)s characters."),
    "string_pattern_mismatch": lazy_gettext("This contains characters that aren't allowed."),
    "string_too_long": lazy_gettext("Please shorten this to at most %(max_length)s characters."),
    "string_unicode": NOT_UNICODE,  # JSON can write half a surrogate pair
}
# How pydantic names the members of an enumeration.
_MEMBER = re.compile(r"<\w+\.\w+: ('[^']*')>")
# Other errors of pydantic, which our forms don't cause unless they were tampered with. A browser
# without date fields sends whatever was typed into one.
_OF_FORMS = {
    kind: NOT_A_DATE if kind.startswith(("date_", "datetime_")) else NOT_VALID
    for kind in get_args(ErrorType)
    if kind not in {*_MESSAGES, "value_error", "assertion_error"}
}


# Forbidden in all texts: NUL, which PostgreSQL cannot store, and noncharacters (Unicode Standard,
# 23.7), which XML does not allow. The JSON schema names those of the first plane only.
_NONCHARACTERS = "".join(
    f"{chr(plane | 0xFFFE)}{chr(plane | 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
)
# Unpaired surrogates (Unicode Standard, 3.8), which JSON can express and UTF-8 cannot.
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_IN_TEXTS = re.compile(f"[\0\ufdd0-\ufdef{_NONCHARACTERS}]")
DESCRIBED = r"\x00\ufdd0-\ufdef\ufffe\uffff"


def _declared_limits(declared: Any) -> Iterator[int]:
    """The length limits in a field's declaration, also within `Annotated[...] | None`."""
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
    """The configuration of a model with an example for the API description.

    Args:
        example: a request or response body.
    """
    return ConfigDict(json_schema_extra={"examples": [example]})


class Schema(BaseModel):
    """The base class of input schemas. Surrounding white space is stripped.

    A text that exceeds the limit of its field is refused before other validators run. Some of them
    take quadratic time: Unicode normalisation sorts consecutive combining marks (Unicode Standard,
    3.11), and the email validator normalises too.
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
        """Add the pattern of allowed characters to each string of the JSON schema."""
        reference = handler(schema)
        for described in handler.resolve_ref_schema(reference).get("properties", {}).values():
            if "string" in described.get("type", ()) and "pattern" not in described:
                described["pattern"] = rf"^[^{DESCRIBED}]*$"
        return reference

    @field_validator("*", mode="before")
    @classmethod
    def _check_text(cls, value: Any, info: ValidationInfo) -> Any:
        """Refuse a text that is too long or has forbidden characters."""
        if not isinstance(value, str):
            return value
        longest = cls._longest[str(info.field_name)]
        if len(value) > longest and len(value.strip()) > longest:
            raise PydanticKnownError("string_too_long", {"max_length": longest})
        return require_characters(value)


def require_characters(text: str) -> str:
    """Return `text` if it has no forbidden characters.

    Raises:
        ValueError: it has some; the message names the first.
        PydanticKnownError: it has half a surrogate pair.
    """
    if _SURROGATE.search(text):
        raise PydanticKnownError("string_unicode")
    if found := _NOT_IN_TEXTS.search(text):
        name = f"U+{ord(found[0]):04X}"
        raise ValueError(
            _(
                "This contains the character %(name)s, which isn't allowed. Please remove it.",
                name=name,
            )
        )
    return text


def remove_forbidden(text: str) -> str:
    """Remove the characters that are forbidden in all texts."""
    return _NOT_IN_TEXTS.sub("", _SURROGATE.sub("", text))


def _require_text(text: str) -> str:
    if not text.strip():
        raise ValueError(_("Please fill in this field."))
    return text


class _NotBlank:
    """Refuses empty and blank texts, and says so in the JSON schema."""

    def __get_pydantic_core_schema__(
        self, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return no_info_after_validator_function(_require_text, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        # White space in Python, but not in JavaScript's regular expressions.
        further = r"\x1c-\x1f\x85"
        anything = rf"[^{DESCRIBED}]*"
        return handler(schema) | {"pattern": rf"^{anything}[^\s{further}{DESCRIBED}]{anything}$"}


# Must come last in `Annotated`: a later limit would not apply to a string schema.
NotBlank = _NotBlank()
RequiredText = Annotated[str, NotBlank]


def _strip_end(value: Any) -> Any:
    return value.rstrip() if isinstance(value, str) else value


# Leading white space stays: four spaces start a code block.
Markdown = Annotated[str, StringConstraints(strip_whitespace=False), BeforeValidator(_strip_end)]


def _format_values(context: dict[str, Any]) -> dict[str, Any]:
    """Format the numbers among the values of a message."""
    return {
        name: format_number(value) if isinstance(value, int) else value
        for name, value in context.items()
    }


def messages(error: ValidationError, *, for_programs: bool = False) -> dict[str, str]:
    """The first error message of each field, by name; `""` is the input as a whole.

    Args:
        error: the validation error.
        for_programs: whether to use pydantic's own messages, in English, for values that our forms
            never send, such as a word for a number.
    """
    found: dict[str, str] = {}
    texts = _MESSAGES if for_programs else _OF_FORMS | _MESSAGES
    for problem in error.errors(include_url=False, include_input=False):
        field = str(problem["loc"][0]) if problem["loc"] else ""
        message, context = texts.get(problem["type"]), problem.get("ctx", {})
        if message:
            text = str(message.with_values(**_format_values(context)))
        else:
            text = _MEMBER.sub(r"\1", problem["msg"])
        found.setdefault(field, text.removeprefix("Value error, "))
    return found
