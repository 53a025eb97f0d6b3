"""Measures in the JSON API."""

from datetime import datetime
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field
from quart import Response
from quart_schema import document_response

from blog.core.api.bodies import validate_json
from blog.core.api.links import EXAMPLE_ROOT, Links, Url, links
from blog.core.api.operations import CreatedHeaders, Resource, requires_scope
from blog.core.api.responses import json_response
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.errors import NotFoundError
from blog.core.text.validation import with_example
from blog.core.web.app import db
from blog.models import Measure, MeasureKind, Permission, Scope
from blog.moderation.measures import queries, service
from blog.moderation.measures.schemas import MeasureCreate, MeasureLift
from blog.moderation.rules import snapshot_of
from blog.moderation.schemas import RuleResource
from blog.users.api import addressed_user

blueprint = Resource("measures", __name__, "Measures of moderators against people.")

EXAMPLE: dict[str, Any] = {
    "url": f"{EXAMPLE_ROOT}/moderation/measures/5",
    "id": 5,
    "kind": "limit",
    "person": "david",
    "person_url": f"{EXAMPLE_ROOT}/users/4",
    "moderator": "susan",
    "rule": {"number": 3, "text": "No advertising"},
    "reason": "Advertising under every post.",
    "created_at": "2026-11-24T09:42:10.125000Z",
    "until": None,
    "ended_at": None,
    "in_force": True,
    "post_url": None,
    "comment_url": None,
    "appealed_at": None,
    "appeal_granted": None,
}


class MeasureResource(BaseModel):
    """A measure against a person."""

    model_config = with_example(EXAMPLE)
    PATH_PARAMETER: ClassVar = "measure_id"

    url: Url
    id: int
    kind: MeasureKind
    person: Annotated[str, Field(description="The username of the person.")]
    person_url: Url
    moderator: Annotated[
        str | None,
        Field(description="The moderator who took it. Null for the operator, or if they've left."),
    ]
    rule: Annotated[RuleResource | None, Field(description="The rule, as it was then.")]
    reason: str
    created_at: datetime
    until: Annotated[datetime | None, Field(description="When a pause ends.")]
    ended_at: Annotated[datetime | None, Field(description="When it was lifted.")]
    in_force: bool
    post_url: Annotated[Url | None, Field(description="The post that it hides.")]
    comment_url: Annotated[Url | None, Field(description="The comment that it hides.")]
    appealed_at: datetime | None
    appeal_granted: Annotated[
        bool | None, Field(description="The decision on the appeal. Null until there is one.")
    ]


class MeasureList(BaseModel):
    """The newest measures against a person."""

    model_config = with_example({"measures": [EXAMPLE]})

    measures: list[MeasureResource]


def resource(measure: Measure, to: Links) -> MeasureResource:
    """The representation of a measure."""
    appeal = measure.appeal
    return MeasureResource(
        url=to.measure(measure.id),
        id=measure.id,
        kind=measure.kind,
        person=measure.person.username,
        person_url=to.user(measure.person_id),
        moderator=measure.moderator.username if measure.moderator else None,
        rule=RuleResource(**measure.rule) if measure.rule else None,
        reason=measure.reason,
        created_at=measure.created_at,
        until=measure.until,
        ended_at=measure.ended_at,
        in_force=measure.is_active,
        post_url=to.post(measure.post_id) if measure.post_id else None,
        comment_url=to.comment(measure.comment_id) if measure.comment_id else None,
        appealed_at=appeal.created_at if appeal else None,
        appeal_granted=appeal.is_granted if appeal else None,
    )


@blueprint.get("/users/<person:user>/measures/")
@requires_scope(Scope.MODERATE)
@document_response(MeasureList)
@permission_required(Permission.MODERATE)
async def list_measures(user: int | str) -> Response:
    """List the newest measures against a user."""
    person, to = await addressed_user(user), links()
    found = await queries.measures_against(db(), person.id)
    return json_response(MeasureList(measures=[resource(measure, to) for measure in found]))


@blueprint.post("/users/<person:user>/measures/")
@requires_scope(Scope.MODERATE)
@document_response(MeasureResource, 201, CreatedHeaders)
@permission_required(Permission.MODERATE)
@validate_json(MeasureCreate)
async def create_measure(data: MeasureCreate, user: int | str) -> Response:
    """Take a measure against a user, who gets an email and can appeal.

    Moderators may take measures against users, and administrators also against moderators.
    """
    person = await addressed_user(user)
    rule = snapshot_of(data.rule)
    measure = await service.take_measure(db(), required_viewer(), person.id, data, rule)
    made = await _resource(measure.id)
    return json_response(made, 201, Location=made.url)


@blueprint.get("/moderation/measures/<id:measure_id>")
@requires_scope(Scope.MODERATE)
@document_response(MeasureResource)
@permission_required(Permission.MODERATE)
async def get_measure(measure_id: int) -> Response:
    """Get a measure."""
    return json_response(await _resource(measure_id))


@blueprint.post("/moderation/measures/<id:measure_id>/lift")
@requires_scope(Scope.MODERATE)
@document_response(MeasureResource)
@permission_required(Permission.MODERATE)
@validate_json(MeasureLift)
async def lift_measure(data: MeasureLift, measure_id: int) -> Response:
    """End a measure before its time.

    A single post or comment is shown again by itself. Lifting a measure that has ended changes
    nothing.
    """
    await service.lift_measure(db(), required_viewer(), measure_id, data.reason)
    return json_response(await _resource(measure_id))


async def _resource(measure_id: int) -> MeasureResource:
    if (measure := await queries.measure_by_id(db(), measure_id)) is None:
        raise NotFoundError(service.NO_SUCH_MEASURE)
    return resource(measure, links())
