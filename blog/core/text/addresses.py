"""URLs of other sites, as input."""

from typing import Annotated, Any

from pydantic import AnyHttpUrl, BeforeValidator, Field, TypeAdapter, ValidationError

from blog.core.i18n import lazy_gettext

LONGEST_ADDRESS = 2_000
NO_ADDRESS = lazy_gettext("Please enter a URL that starts with https:// or http://.")

_URL = TypeAdapter(AnyHttpUrl)


def _web_address(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if not (text := value.strip()):
        return None
    try:
        return str(_URL.validate_python(text))
    except ValidationError:
        raise ValueError(NO_ADDRESS) from None


def required_address(value: Any) -> Any:
    """Validate a required URL."""
    if (address := _web_address(value)) is None:
        raise ValueError(NO_ADDRESS)
    return address


# An http or https URL; `None` for an empty text.
WebAddress = Annotated[
    Annotated[str, Field(max_length=LONGEST_ADDRESS)] | None, BeforeValidator(_web_address)
]
