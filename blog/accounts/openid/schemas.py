"""Schemas of the forms of logins with other services."""

from blog.accounts.schemas import KnownPassword, Username
from blog.core.text.fields import Lines
from blog.core.text.validation import Schema


class LinkForm(Schema):
    """The password of the account to connect."""

    password: KnownPassword


class ChooseNameForm(Schema):
    """The username of a new account, and why its owner would like to join, where administrators
    decide."""

    username: Username
    application: Lines = ""
