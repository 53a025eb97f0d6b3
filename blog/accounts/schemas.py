"""Schemas of account forms and API requests."""

import re
from datetime import timedelta
from typing import Annotated, Any

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)

from blog.core.crypto.weak_passwords import (
    LONGEST_PASSWORD,
    SHORTEST_PASSWORD,
    is_common,
    is_regular,
)
from blog.core.i18n import gettext as _
from blog.core.text.fields import Lines
from blog.core.text.validation import NotBlank, Schema, with_example
from blog.core.web.submissions import SubmittedForm

# RFC 5321, 4.5.3.1.3, without the angle brackets.
LONGEST_EMAIL = 254
LONGEST_USERNAME = 64
LONGEST_INVITATION = 300
USERNAME = re.compile(r"[A-Za-z]([A-Za-z0-9._]{0,62}[A-Za-z0-9_])?", re.ASCII)


def _validate_username(text: str) -> str:
    if not USERNAME.fullmatch(text):
        raise ValueError(
            _(
                "Use only letters, digits, dots and underscores. Start with a letter, and "
                "don't end with a dot."
            )
        )
    return text


def _validate_email(text: str) -> str:
    try:
        return validate_email(text, check_deliverability=False, strict=True).normalized.lower()
    except EmailNotValidError as error:
        raise ValueError(_("This isn't an email address. %(reason)s", reason=error)) from None


def _wrap_secret(value: Any) -> Any:
    """Keep the spaces around a password, which `Schema` would strip."""
    return SecretStr(value) if isinstance(value, str) else value


def _require_password(secret: SecretStr) -> SecretStr:
    password = secret.get_secret_value()
    if not password:
        raise ValueError(_("Please fill in this field."))
    return secret


def _validate_new_password(secret: SecretStr) -> SecretStr:
    password = secret.get_secret_value()
    if len(password) < SHORTEST_PASSWORD:
        raise ValueError(_("Please use at least %(least)s characters.", least=SHORTEST_PASSWORD))
    if is_common(password):
        raise ValueError(_("This password is too common. Please choose another one."))
    if is_regular(password):
        raise ValueError(
            _(
                "This password is too simple: it repeats characters or counts up. Please "
                "choose another one."
            )
        )
    return secret


Username = Annotated[
    str,
    Field(max_length=LONGEST_USERNAME),
    NotBlank,
    AfterValidator(_validate_username),
    Field(
        description=(
            "Starts with a letter, doesn't end with a dot, and can't be mistaken for another "
            "username."
        ),
        json_schema_extra={"pattern": f"^{USERNAME.pattern}$"},
    ),
]
EmailAddress = Annotated[
    str,
    Field(max_length=LONGEST_EMAIL),
    NotBlank,
    AfterValidator(_validate_email),
    Field(
        json_schema_extra={
            "format": "email",
            "pattern": r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
        }
    ),
]
TypedPassword = Annotated[
    SecretStr, Field(max_length=LONGEST_PASSWORD), BeforeValidator(_wrap_secret)
]
KnownPassword = Annotated[TypedPassword, AfterValidator(_require_password)]
NewPassword = Annotated[
    KnownPassword,
    AfterValidator(_validate_new_password),
    Field(
        description="Must not be a common or easily guessed password.",
        json_schema_extra={
            "minLength": SHORTEST_PASSWORD,
            "pattern": r"^[^\x00]*$",
        },
    ),
]


class NewPasswordForm(Schema):
    """A new password, typed twice."""

    password: NewPassword
    password2: TypedPassword

    @field_validator("password2")
    @classmethod
    def _refuse_mismatch(cls, again: SecretStr, info: ValidationInfo) -> SecretStr:
        if "password" in info.data and info.data["password"] != again:
            raise ValueError(_("The passwords don't match."))
        return again


class ResetPasswordForm(NewPasswordForm):
    """A new password, set by a link in a mail, and whether to disconnect accounts of other
    services."""

    disconnect: bool = False


_EXAMPLE = {
    "email": "susan@blog.example.com",
    "username": "susan",
    "password": "paper and trams",
}


class UserCreate(Schema):
    """A new account, with the invitation or application that a site may ask for."""

    model_config = with_example(_EXAMPLE)

    email: EmailAddress
    username: Username
    password: NewPassword
    invitation: Annotated[
        str,
        Field(
            max_length=LONGEST_INVITATION,
            description="The token of the link, where you need an invitation.",
        ),
    ] = ""
    application: Annotated[
        Lines, Field(description="Why you would like to join, where administrators decide.")
    ] = ""


class RegisterForm(NewPasswordForm, UserCreate, SubmittedForm):
    """A new account, with the password typed twice because it is not visible."""


class LoginForm(Schema):
    """The login form: email address or username, and password."""

    email: Annotated[str, Field(max_length=LONGEST_EMAIL), NotBlank]
    password: KnownPassword
    remember_me: bool = False


def _require_unless_passkey(secret: SecretStr, info: ValidationInfo) -> SecretStr:
    """Require a field, unless the script of the page has filled in the response of a passkey."""
    return secret if info.data.get("credential") else _require_password(secret)


RequiredWithoutPasskey = Annotated[
    TypedPassword, AfterValidator(_require_unless_passkey), Field(validate_default=True)
]


class SecondFactorForm(Schema):
    """The second step of a login: a code or a passkey, and whether to skip it in this browser from
    now on."""

    credential: str = ""
    code: RequiredWithoutPasskey = SecretStr("")
    trust: bool = False


class IdentityForm(Schema):
    """The form in which users prove again who they are: by a passkey, or by the password and, with
    a second factor, a code."""

    credential: str = ""
    password: RequiredWithoutPasskey = SecretStr("")
    code: TypedPassword = SecretStr("")


class ChangePasswordForm(NewPasswordForm):
    """A new password, with the old one."""

    old_password: KnownPassword


class ForgottenPasswordForm(Schema):
    """The email address of an account with a forgotten password."""

    email: EmailAddress


class ChangeEmailForm(Schema):
    """A new address, with the password, unless the session has a stronger proof."""

    email: EmailAddress
    password: TypedPassword = SecretStr("")


# The lifetimes to choose from.
TOKEN_LIVES = {
    "1 hour": timedelta(hours=1),
    "1 day": timedelta(days=1),
    "7 days": timedelta(days=7),
    "30 days": timedelta(days=30),
    "90 days": timedelta(days=90),
    "1 year": timedelta(days=365),
}


def _parse_lifetime(choice: Any) -> timedelta:
    if choice not in TOKEN_LIVES:
        raise ValueError(_("Please choose one of the options."))
    return TOKEN_LIVES[choice]


class EndAllForm(Schema):
    """Whether to revoke API tokens when logging out everywhere."""

    tokens: bool = False


class TokenForm(SubmittedForm):
    """A new API token, with the password, unless the session has a stronger proof."""

    password: TypedPassword = SecretStr("")
    name: Annotated[str, Field(max_length=64), NotBlank]
    read: bool = False
    write: bool = False
    moderate: bool = False
    life: Annotated[timedelta, BeforeValidator(_parse_lifetime)]
