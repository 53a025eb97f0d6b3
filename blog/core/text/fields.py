"""Field types for short plain texts, numbers and times."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from blog.core.i18n import gettext as _
from blog.core.text.cleaning import clean_line, clean_lines
from blog.core.text.visibility import is_seen


def _cleaned_by(clean: Callable[[str], str]) -> BeforeValidator:
    """Clean a string before its length is checked; pydantic refuses other types."""

    def validate(value: Any) -> Any:
        return clean(value) if isinstance(value, str) else value

    return BeforeValidator(validate)


CLEAN_LINE = _cleaned_by(clean_line)
Line = Annotated[str, Field(max_length=64), CLEAN_LINE]
Lines = Annotated[str, Field(max_length=2000), _cleaned_by(clean_lines)]
Description = Annotated[str, Field(max_length=1000), CLEAN_LINE]


def _line_or_none(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    line = " ".join(clean_line(value).split())
    return line if any(map(is_seen, line)) else None


def _switch(value: Any) -> bool:
    if not isinstance(value, bool | str) or value not in SWITCH:
        raise ValueError(_("This must be true or false."))
    return SWITCH[value]


def _whole_number(value: Any) -> Any:
    if isinstance(value, bool | str) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(_("This must be a whole number."))
    return value


def _true(value: Any) -> Any:
    if value is not True:
        raise ValueError(_("This must be true."))
    return value


def _date_and_time(value: Any) -> Any:
    if not isinstance(value, str) or not _DATE_TIME.fullmatch(value):
        raise ValueError(_("This must be a time with an offset, such as 2026-11-24T09:42:10Z."))
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError(_("This time is too early or too late.")) from None


# RFC 3339, 5.6, which is `date-time` of JSON Schema. pydantic also reads Unix times.
_DATE_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)
# A time with an offset. In UTC it may be in the year 0 or 10,000, which Python cannot represent.
Moment = Annotated[AwareDatetime, BeforeValidator(_date_and_time), AfterValidator(_in_utc)]
# A single line; `None` where nothing is to be seen.
OPTIONAL_LINE = BeforeValidator(_line_or_none)
# For an `int` of JSON: 5.0 is one, too (JSON Schema 2020-12, 6.1.1), but "5" and true are not.
WHOLE_NUMBER = BeforeValidator(_whole_number)
# For a `Literal[True]` of JSON, for which pydantic takes 1, too.
TRUE = BeforeValidator(_true)
# Of JSON or, as text, of a form.
SWITCH: dict[bool | str, bool] = {True: True, False: False, "true": True, "false": False}
Switch = Annotated[bool, BeforeValidator(_switch)]
