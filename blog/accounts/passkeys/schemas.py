"""Schemas of the forms of passkeys. The script of the page fills in `credential`."""

from typing import Annotated

from pydantic import Field

from blog.core.text.validation import NotBlank, Schema


class PasskeyName(Schema):
    """The name of a passkey."""

    name: Annotated[str, Field(max_length=64), NotBlank]


class NewPasskeyForm(PasskeyName):
    """A new passkey, with its name."""

    credential: str = ""


class PasskeyLoginForm(Schema):
    """A login with a passkey alone."""

    credential: str = ""
    remember_me: bool = False
