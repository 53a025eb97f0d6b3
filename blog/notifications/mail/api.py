"""The choices of notifications by email in the JSON API."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from quart import Response
from quart_schema import document_response

from blog.core.api.bodies import validate_json
from blog.core.api.operations import Resource, requires_scope
from blog.core.api.responses import json_response
from blog.core.auth.identity import required_account, required_viewer
from blog.core.text.fields import WHOLE_NUMBER
from blog.core.text.validation import Schema, with_example
from blog.core.web.app import db
from blog.models import MailPreference, Scope
from blog.notifications.mail.preferences import (
    change_preferences,
    chosen_values,
    is_address_refused,
    load_preference,
)
from blog.notifications.mail.schemas import Zone, to_changes

blueprint = Resource("mail_settings", __name__, "Which notifications you get by email.")

EXAMPLE: dict[str, Any] = {
    "comment": "at_once", "reply": "at_once", "mention": "at_once", "like": "digest",
    "follow": "never", "post": "digest", "report": "digest", "digest": "weekly", "weekday": 0,
    "hour": 8, "time_zone": "Europe/Lisbon",
}  # fmt: skip

_Choice = Literal["at_once", "digest", "never"]
_Digest = Annotated[
    Literal["daily", "weekly", "never"], Field(description="How often you get a digest.")
]
_Weekday = Annotated[
    int, WHOLE_NUMBER, Field(ge=0, le=6, description="Of a weekly digest; Monday is 0.")
]
_Hour = Annotated[int, WHOLE_NUMBER, Field(ge=0, le=23, description="Of a digest.")]


class MailSettings(BaseModel):
    """By kind of notification, how you get it by email, and when your digest comes."""

    model_config = with_example(EXAMPLE | {"is_refused": False})

    comment: _Choice
    reply: _Choice
    mention: _Choice
    like: _Choice
    follow: _Choice
    post: _Choice
    report: _Choice
    digest: _Digest
    weekday: _Weekday
    hour: _Hour
    time_zone: str
    is_refused: Annotated[
        bool,
        Field(description="Whether these emails have stopped because your address refuses them."),
    ]


class MailSettingsUpdate(Schema):
    """What to change."""

    model_config = with_example(EXAMPLE)

    comment: _Choice | None = None
    reply: _Choice | None = None
    mention: _Choice | None = None
    like: _Choice | None = None
    follow: _Choice | None = None
    post: _Choice | None = None
    report: _Choice | None = None
    digest: _Digest | None = None
    weekday: _Weekday | None = None
    hour: _Hour | None = None
    time_zone: Zone | None = None


@blueprint.get("/me/mail-settings")
@requires_scope(Scope.READ)
@document_response(MailSettings)
async def get_mail_settings() -> Response:
    """Get which notifications you get by email."""
    return await _answer(await load_preference(db(), required_viewer().id))


@blueprint.patch("/me/mail-settings")
@requires_scope(Scope.WRITE)
@document_response(MailSettings)
@validate_json(MailSettingsUpdate)
async def update_mail_settings(data: MailSettingsUpdate) -> Response:
    """Change which notifications you get by email.

    What is left out stays as it is.
    """
    changes = to_changes(data.model_dump(exclude_none=True))
    return await _answer(await change_preferences(db(), required_viewer().id, changes))


async def _answer(preference: MailPreference) -> Response:
    chosen = chosen_values(preference)
    is_refused = await is_address_refused(db(), required_account())
    return json_response(MailSettings(**chosen, is_refused=is_refused))
