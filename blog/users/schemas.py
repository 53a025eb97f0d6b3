"""The schema of profiles."""

from blog.core.text.fields import Line, Lines
from blog.core.text.validation import Schema


class ProfileForm(Schema):
    """The optional fields of a profile.

    `about_me` is plain text with line breaks.
    """

    name: Line = ""
    location: Line = ""
    about_me: Lines = ""
