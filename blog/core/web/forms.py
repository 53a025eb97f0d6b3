"""HTML forms backed by pydantic schemas, with an error message per field."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar, get_origin

from markupsafe import Markup
from pydantic import BaseModel, SecretStr, ValidationError
from quart import after_this_request, request
from quart.typing import ResponseTypes

from blog.core.errors import BusyError, InvalidFieldsError
from blog.core.text.validation import messages
from blog.core.web.csrf import hidden_input

SUBMISSION_FIELD = "submission"

Data = TypeVar("Data", bound=BaseModel)


@dataclass
class Form(Generic[Data]):
    """A form, as templates render it.

    Args:
        schema: the schema of its fields.
        values: the values of the fields.
        errors: the error messages by field; `""` is the form as a whole.

    Usage::

        form = Form(LoginForm)
        if (data := await form.submitted()) is not None: ...
    """

    schema: type[Data]
    values: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    refusal: int = 422

    async def submitted(self) -> Data | None:
        """Parse and validate the request's body; `None`, with `errors` filled, if it is invalid."""
        # Browsers send line breaks as CR LF (HTML Standard, 4.10.21.4).
        form = await request.form
        sent = {name: text.replace("\r\n", "\n") for name, text in form.to_dict().items()}
        # Checkboxes with one name are a list, like the lines of a text area.
        lists = {
            n for n, f in self.schema.model_fields.items() if get_origin(f.annotation) is tuple
        }
        sent |= {
            name: "\n".join(form.getlist(name)).replace("\r\n", "\n")
            for name in lists & sent.keys()
        }
        secret = {n for n, f in self.schema.model_fields.items() if f.annotation is SecretStr}
        self.values = {name: text for name, text in sent.items() if name not in secret}
        try:
            return self.schema.model_validate(sent)
        except ValidationError as error:
            found = messages(error)
            # In the order of the page, in which browsers send the fields.
            self.errors = {name: found[name] for name in [*sent, *found] if name in found}
            return None

    def refuse(self, error: InvalidFieldsError) -> None:
        """Show the errors that a service raised for valid data, including a rate limit."""
        self.errors = error.errors
        if isinstance(error, BusyError):
            self.refusal = error.status

            @after_this_request
            async def add_retry_after(response: ResponseTypes) -> ResponseTypes:
                response.headers["Retry-After"] = str(error.retry_after)
                return response

    @property
    def status(self) -> int:
        """The status of the page that shows this form."""
        return self.refusal if self.errors else 200


def submission_field() -> Markup:
    """The hidden input with the form's idempotency key (`core.web.submissions`)."""
    return hidden_input(SUBMISSION_FIELD, secrets.token_urlsafe(16))
