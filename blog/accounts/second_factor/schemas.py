"""Schemas of the forms of second factors."""

from blog.accounts.schemas import KnownPassword
from blog.core.text.validation import Schema


class AppForm(Schema):
    """The first code of an authenticator app.

    `setup` is the secret of the app, signed.
    """

    setup: str = ""
    code: KnownPassword
