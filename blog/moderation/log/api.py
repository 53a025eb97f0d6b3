"""The public log of moderation in the JSON API."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field
from quart import Response
from quart_schema import document_querystring, document_response

from blog.core.api.collections import CursorQuery, requested, requested_cursor
from blog.core.api.links import Url, this_url
from blog.core.api.operations import Resource, requires_scope
from blog.core.api.responses import json_response
from blog.core.i18n import SOURCE, using_language
from blog.core.text.validation import with_example
from blog.core.web.app import read
from blog.models import Scope
from blog.moderation.log import queries
from blog.moderation.log.queries import PublicEntry
from blog.moderation.schemas import RuleResource

ENTRIES_PER_PAGE = 50
EXAMPLE: dict[str, Any] = {
    "number": 17,
    "at": "2026-11-24T09:42:10.125000Z",
    "summary": "Hid a post",
    "moderator": "susan",
    "person": None,
    "about": None,
    "rule": {"number": 3, "text": "No advertising"},
    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}

blueprint = Resource("moderation_log", __name__, tag="moderation")


class LogEntryResource(BaseModel):
    """An entry of the public log of moderation."""

    model_config = with_example(EXAMPLE)

    number: int
    at: datetime
    summary: Annotated[str, Field(description="What the moderator did, in English.")]
    moderator: Annotated[
        str | None, Field(description="Their username then. Null if their account was deleted.")
    ]
    person: Annotated[str | None, Field(description="The person concerned, if the log says so.")]
    about: Annotated[str | None, Field(description="What it was about, if the log says so.")]
    rule: Annotated[RuleResource | None, Field(description="The rule that it is based on.")]
    hash: Annotated[str, Field(description="Its SHA-256, which the next entry contains.")]


class ModerationLog(BaseModel):
    """Entries of the public log of moderation, the newest first."""

    model_config = with_example({"entries": [EXAMPLE], "next": None})

    entries: list[LogEntryResource]
    next: Annotated[Url | None, Field(description="The URL of the next page.")]


def resource(entry: PublicEntry) -> LogEntryResource:
    """The representation of an entry."""
    with using_language(SOURCE):
        summary = str(entry.summary)
    return LogEntryResource(
        number=entry.number,
        at=entry.at,
        summary=summary,
        moderator=entry.moderator or None,
        person=entry.person or None,
        about=entry.about or None,
        rule=RuleResource(**entry.rule) if entry.rule else None,
        hash=entry.hash,
    )


@blueprint.get("/moderation/log")
@requires_scope(Scope.READ, anonymous=True)
@document_response(ModerationLog)
@document_querystring(CursorQuery)
async def list_moderation_log() -> Response:
    """List what moderators did, the newest first.

    `/moderation/log.ndjson` has what proves that nothing was changed.
    """
    query = requested(CursorQuery)
    page = await read(queries.newest, requested_cursor(ENTRIES_PER_PAGE))
    query_values = query.model_dump(include={"per_page"}, exclude_defaults=True)
    return json_response(
        ModerationLog(
            entries=[resource(entry) for entry in page.rows],
            next=page.next_cursor and this_url(**query_values, cursor=page.next_cursor),
        )
    )
