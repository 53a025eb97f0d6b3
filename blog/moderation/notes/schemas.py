"""Schemas of notes."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from blog.core.text.validation import NotBlank
from blog.core.web.submissions import SubmittedForm
from blog.moderation.schemas import none_if_empty

LONGEST_NOTE = 2_000


class NoteForm(SubmittedForm):
    """A note about a person. `report` is the report on whose page it was written."""

    text: Annotated[str, Field(max_length=LONGEST_NOTE), NotBlank]
    report: Annotated[
        Annotated[int, Field(ge=1, lt=2**63)] | None, BeforeValidator(none_if_empty)
    ] = None
