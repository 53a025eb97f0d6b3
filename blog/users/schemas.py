"""What people say about themselves."""

from blog.core.text.fields import Line, Lines
from blog.core.text.validation import Schema


class ProfileForm(Schema):
    """What a profile tells beside the username; all of it may be left empty.

    `about_me` is plain text, whose line breaks are shown.
    """

    name: Line = ""
    location: Line = ""
    about_me: Lines = ""
