"""The form for an invitation."""

from typing import Annotated

from pydantic import Field

from blog.core.text.fields import CLEAN_LINE
from blog.core.web.submissions import SubmittedForm


class InvitationForm(SubmittedForm):
    """A new invitation, with a note about who it is for."""

    note: Annotated[str, Field(max_length=120), CLEAN_LINE] = ""
