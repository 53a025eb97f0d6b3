"""The schema of the form to subscribe."""

from blog.accounts.schemas import EmailAddress
from blog.core.text.validation import Schema


class SubscribeForm(Schema):
    """The address that is to get an author's posts."""

    email: EmailAddress
