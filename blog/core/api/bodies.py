"""Parse JSON bodies into pydantic schemas."""

import functools
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Concatenate, NoReturn, ParamSpec, TypeVar

from pydantic import BaseModel, ValidationError
from quart import request
from quart.typing import ResponseReturnValue
from quart_schema import document_request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from blog.core.errors import InvalidFieldsError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.text.validation import messages

Data = TypeVar("Data", bound=BaseModel)
Arguments = ParamSpec("Arguments")
Answer = Awaitable[ResponseReturnValue]

_OPTIONAL = "_broadside_optional_body"
NO_OBJECT = lazy_gettext("Please send a JSON object.")


def validate_json(
    schema: type[Data],
) -> Callable[[Callable[Concatenate[Data, Arguments], Answer]], Callable[Arguments, Answer]]:
    """Pass the validated body to a view as its first argument.

    The view then raises the errors of `read_body`.

    Args:
        schema: the schema of the body.
    """

    def decorate(
        view: Callable[Concatenate[Data, Arguments], Answer],
    ) -> Callable[Arguments, Answer]:
        @functools.wraps(view)
        async def with_body(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Any:
            return await view(await read_body(schema), *args, **kwargs)

        documented: Callable[Arguments, Answer] = document_request(schema)(with_body)
        return documented

    return decorate


def validate_optional_json(
    schema: type[Data],
) -> Callable[[Callable[Concatenate[Data | None, Arguments], Answer]], Callable[Arguments, Answer]]:
    """Like `validate_json`, but the view gets `None` for a request without a body."""

    def decorate(
        view: Callable[Concatenate[Data | None, Arguments], Answer],
    ) -> Callable[Arguments, Answer]:
        @functools.wraps(view)
        async def with_body(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Any:
            body = await read_body(schema) if await _raw_body() else None
            return await view(body, *args, **kwargs)

        setattr(with_body, _OPTIONAL, True)
        documented: Callable[Arguments, Answer] = document_request(schema)(with_body)
        return documented

    return decorate


def has_optional_body(view: Callable[..., Any]) -> bool:
    """Whether a view uses `validate_optional_json`."""
    return hasattr(view, _OPTIONAL)


async def read_body(schema: type[Data], raw: bytes | None = None) -> Data:
    """Parse the body of the current request.

    Args:
        raw: the body, if it was read already.

    Raises:
        UnsupportedMediaType: its content type is not JSON.
        BadRequest: it is not valid JSON (RFC 8259), or the required text `body` is missing:
            Flasky's clients expect 400 there.
        InvalidFieldsError: a field is invalid.
    """
    if not request.is_json:
        raise UnsupportedMediaType(_("Please send JSON, with Content-Type: application/json."))
    document = _parse(await _raw_body() if raw is None else raw)
    if not isinstance(document, Mapping):
        raise InvalidFieldsError({"": NO_OBJECT})
    if "body" in schema.model_fields and schema.model_fields["body"].is_required():
        body = document.get("body", "")
        if isinstance(body, str) and not body.strip():
            raise BadRequest(_("“body” is missing or empty."))
    try:
        return schema.model_validate(document)
    except ValidationError as error:
        raise InvalidFieldsError(messages(error, for_programs=True)) from None


async def _raw_body() -> bytes:
    return await request.get_data(cache=True, as_text=False, parse_form_data=False)


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(
            raw.decode(), parse_constant=_refuse_constant, object_pairs_hook=_refuse_duplicates
        )
    except UnicodeDecodeError:
        raise BadRequest(_("The body isn't valid UTF-8.")) from None
    except (ValueError, RecursionError):
        raise BadRequest(_("The body isn't valid JSON.")) from None


def _refuse_constant(name: str) -> NoReturn:
    """Refuse `NaN` and `Infinity`, which Python accepts and JSON does not have."""
    raise ValueError(name)


def _refuse_duplicates(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse repeated names, because parsers differ in which one they take (RFC 8259, 4)."""
    document = dict(members)
    if len(document) != len(members):
        raise ValueError
    return document
