"""The schema of the profile form."""

from typing import Annotated

from pydantic import Field

from blog.core.text.fields import Line, Lines, Switch
from blog.core.text.languages import Language
from blog.core.text.validation import Schema


class ProfileForm(Schema):
    """The optional fields of a profile.

    `about_me` is plain text with line breaks.
    """

    name: Line = ""
    location: Line = ""
    about_me: Lines = ""
    language: Annotated[
        Language, Field(description="The default language of their posts, as a BCP 47 tag.")
    ] = None
    noindex: Annotated[
        Switch,
        Field(description="Whether search engines are asked not to list the profile and posts."),
    ] = False
