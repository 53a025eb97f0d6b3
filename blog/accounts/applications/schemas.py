"""The form for decisions about applications."""

from typing import Annotated

from pydantic import Field

from blog.core.text.fields import CLEAN_LINE
from blog.core.text.validation import Schema


class RefusalForm(Schema):
    """Why an application is refused; the applicant gets to read it."""

    reason: Annotated[str, Field(max_length=500), CLEAN_LINE] = ""
