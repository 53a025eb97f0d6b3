"""What every schema shares, and what is wrong with an input in words for a person."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

_MESSAGES = {
    "missing": "Please fill in this field.",
    "string_too_short": "Please use at least {min_length} characters.",
    "string_too_long": "Please shorten this to at most {max_length:,} characters.",
}


class Schema(BaseModel):
    """The base of what comes in: white space around a text is dropped."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore", hide_input_in_errors=True)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("Please fill in this field.")
    return text


# Comes last: a limit that follows it would not be one of the text's, but of any value's.
NotBlank = AfterValidator(_not_blank)
RequiredText = Annotated[str, NotBlank]


def messages(error: ValidationError) -> dict[str, str]:
    """The first thing that is wrong with each field, by its name; `""` stands for the whole."""
    found: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_input=False):
        field = str(problem["loc"][0]) if problem["loc"] else ""
        template = _MESSAGES.get(problem["type"])
        text = template.format(**problem.get("ctx", {})) if template else problem["msg"]
        found.setdefault(field, text.removeprefix("Value error, "))
    return found
