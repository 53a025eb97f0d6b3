"""The form for notifications by mail."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from blog.core.text.validation import Schema
from blog.core.text.wall_times import NO_ZONE, zone_names
from blog.models.mail_preference import DigestPeriod, MailChoice

UNKNOWN = "Please choose one of the options."
NO_DIGEST = "never"


def _one_of(options: Any) -> BeforeValidator:
    def validate(value: Any) -> Any:
        if value not in options:
            raise ValueError(UNKNOWN)
        return value

    return BeforeValidator(validate)


def _number(below: int) -> BeforeValidator:
    def validate(value: Any) -> int:
        if not isinstance(value, str) or value not in map(str, range(below)):
            raise ValueError(UNKNOWN)
        return int(value)

    return BeforeValidator(validate)


def _period(value: Any) -> DigestPeriod | None:
    if value == NO_DIGEST:
        return None
    if value not in set(DigestPeriod):
        raise ValueError(UNKNOWN)
    return DigestPeriod(value)


def _zone(value: Any) -> str:
    if not isinstance(value, str) or value not in zone_names():
        raise ValueError(NO_ZONE)
    return value


Choice = Annotated[MailChoice, _one_of(set(MailChoice))]


class PreferencesForm(Schema):
    """How somebody gets each kind of notification by mail, and when their digest comes."""

    comment: Choice
    reply: Choice
    mention: Choice
    like: Choice
    follow: Choice
    post: Choice
    report: Choice = MailChoice.DIGEST
    digest: Annotated[DigestPeriod | None, BeforeValidator(_period)]
    weekday: Annotated[int, _number(7)]
    hour: Annotated[int, _number(24)]
    time_zone: Annotated[str, Field(max_length=64), BeforeValidator(_zone)]
