"""HTML forms on pydantic schemas: what was typed, and what is wrong beside each field."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError
from quart import request

from blog.errors import InvalidFieldsError
from blog.kit.validation import messages

Data = TypeVar("Data", bound=BaseModel)


@dataclass
class Form(Generic[Data]):
    """A form as a template shows it.

    Args:
        schema: what its fields must be.
        values: what stands in the fields.
        errors: what is wrong, by field; `""` stands for the form as a whole.

    Usage::

        form = Form(LoginForm)
        if (data := await form.submitted()) is not None: ...
    """

    schema: type[Data]
    values: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    async def submitted(self) -> Data | None:
        """Read the request's body: the valid data, or `None` with `errors` filled."""
        sent = (await request.form).to_dict()
        secret = {n for n, f in self.schema.model_fields.items() if f.annotation is SecretStr}
        self.values = {name: text for name, text in sent.items() if name not in secret}
        try:
            return self.schema.model_validate(sent)
        except ValidationError as error:
            self.errors = messages(error)
            return None

    def refuse(self, error: InvalidFieldsError) -> None:
        """Take over what a service found wrong with valid data."""
        self.errors = error.errors

    @property
    def status(self) -> int:
        """The status of the page that shows this form: 422 if something is wrong with it."""
        return 422 if self.errors else 200
