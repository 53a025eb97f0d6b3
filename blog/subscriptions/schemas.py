"""The schema of the subscription form."""

from blog.accounts.schemas import EmailAddress
from blog.core.text.validation import Schema


class SubscribeForm(Schema):
    """The address that an author's posts will be sent to."""

    email: EmailAddress
