"""The form for notifications by email."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from blog.core.i18n import lazy_gettext
from blog.core.text.validation import Schema
from blog.core.text.wall_times import NO_ZONE, zone_names
from blog.models.mail_preference import DigestPeriod, MailChoice

UNKNOWN = lazy_gettext("Please choose one of the options.")
NO_DIGEST = "never"
DIGESTS = {*DigestPeriod, NO_DIGEST}


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


def _check_zone(value: Any) -> str:
    if not isinstance(value, str) or value not in zone_names():
        raise ValueError(NO_ZONE)
    return value


Zone = Annotated[str, Field(max_length=64), BeforeValidator(_check_zone)]
Choice = Annotated[MailChoice, _one_of(set(MailChoice))]


class PreferencesForm(Schema):
    """How a person gets each kind of notification by email, and when their digest is due."""

    comment: Choice
    reply: Choice
    mention: Choice
    like: Choice
    follow: Choice
    post: Choice
    report: Choice = MailChoice.DIGEST
    digest: Annotated[str, _one_of(DIGESTS)]
    weekday: Annotated[int, _number(7)]
    hour: Annotated[int, _number(24)]
    time_zone: Zone

    def changes(self) -> dict[str, Any]:
        """The choices in the format of `change_preferences`."""
        return to_changes(self.model_dump())


def to_changes(chosen: dict[str, Any]) -> dict[str, Any]:
    """Add the columns for the period of digests to the choices. People who want no digest keep
    their period for when they do."""
    if "digest" in chosen:
        wants_digest = chosen["digest"] != NO_DIGEST
        chosen = {**chosen, "wants_digest": wants_digest}
        if not wants_digest:
            del chosen["digest"]
    return chosen
