"""The forms for acting on a wave."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from blog.accounts.schemas import LONGEST_USERNAME
from blog.core.clock import now
from blog.core.i18n import lazy_gettext, ngettext
from blog.core.text.validation import Schema
from blog.core.text.wall_times import NO_TIME, WallTime
from blog.core.web.submissions import SubmittedForm
from blog.moderation.schemas import RuleForm

MOST_PEOPLE = 200
# Of the text with their names, of up to 64 characters in a line each.
LONGEST_NAMES = 100 * MOST_PEOPLE
NOBODY = lazy_gettext("Enter at least one username.")
NOTHING = lazy_gettext("Choose what to do.")


def _names(value: Any) -> Any:
    """One username of each line, each once."""
    if not isinstance(value, str):
        return value
    lines = (line.strip().removeprefix("@") for line in value.split("\n"))
    names = tuple(dict.fromkeys(line[:64] for line in lines if line))
    if not names:
        raise ValueError(NOBODY)
    if len(names) > MOST_PEOPLE:
        raise ValueError(
            ngettext(
                "Enter at most %(num)s person. Repeat this for the others.",
                "Enter at most %(num)s people. Repeat this for the others.",
                MOST_PEOPLE,
            )
        )
    return names


class SearchForm(Schema):
    """Whom to look for.

    Attributes:
        joined_from, joined_until: between these times (UTC).
        network_of: only those who use the site from the same network as the person with this
            username.
        reported: only those with open reports about what they wrote.
        resembling: only those of whom something waits for review because it resembles what
            moderators have removed.
    """

    joined_from: WallTime = None
    joined_until: WallTime = None
    network_of: Annotated[str, Field(max_length=LONGEST_USERNAME + 1)] = ""
    reported: bool = False
    resembling: bool = False


class WaveForm(RuleForm, SubmittedForm):
    """Whom to act on, and how. What they published from `since` on (UTC) is hidden."""

    names: Annotated[tuple[str, ...], BeforeValidator(_names), Field(max_length=LONGEST_NAMES)]
    since: WallTime = None
    hides: bool = False
    disables: bool = False
    refuses: bool = False

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not (self.hides or self.disables or self.refuses):
            raise ValueError(NOTHING)
        if self.hides and self.since is None:
            raise ValueError(NO_TIME)
        return self

    @property
    def beginning(self) -> datetime:
        """From when on what they wrote is hidden."""
        return self.since.replace(tzinfo=UTC) if self.since else now()
