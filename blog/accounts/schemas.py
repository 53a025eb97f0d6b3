"""What people send about their accounts."""

import re
from typing import Annotated

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, SecretStr, ValidationInfo, field_validator

from blog.kit.validation import RequiredText, Schema

USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9._]{0,63}", re.ASCII)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 128


def _username(text: str) -> str:
    if len(text) > 64:
        raise ValueError("Please shorten this to at most 64 characters.")
    if not USERNAME.fullmatch(text):
        raise ValueError("Use letters, digits, dots and underscores only, and begin with a letter.")
    return text


def _email(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise ValueError(f"This is not an e-mail address. {error}") from None


def _new_password(secret: SecretStr) -> SecretStr:
    length = len(secret.get_secret_value())
    if length < SHORTEST_PASSWORD:
        raise ValueError(f"Please use at least {SHORTEST_PASSWORD} characters.")
    if length > LONGEST_PASSWORD:
        raise ValueError(f"Please use at most {LONGEST_PASSWORD} characters.")
    return secret


Username = Annotated[RequiredText, AfterValidator(_username)]
EmailAddress = Annotated[RequiredText, AfterValidator(_email)]
NewPassword = Annotated[SecretStr, AfterValidator(_new_password)]


class RegisterForm(Schema):
    """A new account."""

    email: EmailAddress
    username: Username
    password: NewPassword
    password2: SecretStr

    @field_validator("password2")
    @classmethod
    def _same_twice(cls, again: SecretStr, info: ValidationInfo) -> SecretStr:
        if "password" in info.data and info.data["password"] != again:
            raise ValueError("The two passwords differ.")
        return again


class LoginForm(Schema):
    """Somebody who says who he is: by e-mail or username, and password."""

    email: RequiredText
    password: SecretStr
    remember_me: bool = False
