"""Pages for moderators: a person's record, measures against them, and appeals."""

from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import MODERATING, quota
from blog.core.errors import ForbiddenError, InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.web.app import current_app, db
from blog.core.web.forms import Form
from blog.core.web.requests import local_address, requested_cursor
from blog.core.web.submissions import submission_key
from blog.models import Measure, MeasureKind, Permission, User
from blog.moderation.answers.choice import fill_in_template
from blog.moderation.answers.queries import templates
from blog.moderation.measures import appeals, queries, service
from blog.moderation.measures.policies import POLICIES, may_decide_appeal, may_take_measures
from blog.moderation.measures.preview import count_affected, describe_effect
from blog.moderation.measures.schemas import (
    Decision,
    DecisionForm,
    MeasureForm,
    PersonMeasure,
    SentMeasureForm,
)
from blog.moderation.measures.wording import WORDING, wording
from blog.moderation.notes.queries import notes_about
from blog.moderation.rules import Snapshot, snapshot_of
from blog.moderation.schemas import ReasonForm

APPEALS_PER_PAGE = 20

blueprint = Blueprint("measures", __name__, url_prefix="/moderate")
for policy in (*POLICIES, wording):
    blueprint.add_app_template_global(policy)

blueprint.add_app_template_filter(queries.up_to)

moderators_only = permission_required(Permission.MODERATE)


@blueprint.get("/people/<id:user_id>")
@moderators_only
async def person(user_id: int) -> ResponseReturnValue:
    """Show a person's record, with the form for a measure."""
    return await _person_page(user_id, Form(SentMeasureForm))


@blueprint.post("/people/<id:user_id>")
@quota(MODERATING)
@moderators_only
async def take(user_id: int) -> ResponseReturnValue:
    """Take a measure against a person: its `kind`, the number of a `rule`, and a `reason`. Without
    `confirmed`, first show what it would do."""
    form = Form(SentMeasureForm)
    if await fill_in_template(form, "reason"):
        return await _person_page(user_id, form)
    if (data := await form.submitted()) is None or "back" in form.values:
        return await _person_page(user_id, form)
    try:
        rule = snapshot_of(data.rule)
        if "confirmed" not in form.values:
            return await _confirmation_page(user_id, form, data, rule)
        moderator = required_viewer()
        content = data.model_dump_json(exclude={"submission"})
        key = submission_key(data, moderator.id, user_id, content)
        await service.take_measure(db(), moderator, user_id, data, rule, submission=key)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _person_page(user_id, form)
    await flash(_("Done. We've emailed them the reason and how to appeal."), "success")
    return redirect(url_for("measures.person", user_id=user_id))


async def _confirmation_page(
    user_id: int, form: Form[SentMeasureForm], data: MeasureForm, rule: Snapshot | None
) -> ResponseReturnValue:
    kind, found = MeasureKind(data.kind), await _load_person(user_id)
    if not may_take_measures(required_viewer(), found):
        raise ForbiddenError
    return await render_template(
        "moderation/confirm_measure.html",
        person=found,
        words=WORDING[kind],
        until=data.until,
        rule=rule,
        preview=describe_effect(kind, await count_affected(db(), found)),
        form=form,
    )


async def _load_person(user_id: int) -> User:
    if (found := await queries.person_by_id(db(), user_id)) is None:
        raise NotFoundError(service.NO_SUCH_PERSON)
    return found


async def _person_page(user_id: int, form: Form[SentMeasureForm]) -> ResponseReturnValue:
    found = await _load_person(user_id)
    page = await render_template(
        "moderation/person.html",
        person=found,
        record=await queries.load_record(db(), found),
        measures=await queries.measures_against(db(), user_id),
        notes=await notes_about(db(), user_id),
        templates=await templates(db()),
        form=form,
        kinds=[(kind.value, WORDING[MeasureKind(kind)]) for kind in PersonMeasure],
        rules=current_app.site.numbered_rules,
    )
    return page, form.status


@blueprint.get("/measures/<id:measure_id>/lift")
@moderators_only
async def confirm_lifting(measure_id: int) -> ResponseReturnValue:
    """Ask for the reason before a measure ends."""
    return await _lifting_page(await _load_measure(measure_id), Form(ReasonForm))


@blueprint.post("/measures/<id:measure_id>/lift")
@quota(MODERATING)
@moderators_only
async def lift(measure_id: int) -> ResponseReturnValue:
    """End a measure before its time."""
    measure, form = await _load_measure(measure_id), Form(ReasonForm)
    if (data := await form.submitted()) is None:
        return await _lifting_page(measure, form)
    person_id = measure.person_id
    if await service.lift_measure(db(), required_viewer(), measure_id, data.reason):
        await flash(_("Restriction lifted."), "success")
    else:
        await flash(_("This restriction has already been lifted or has expired."), "info")
    return redirect(url_for("measures.person", user_id=person_id))


async def _lifting_page(measure: Measure, form: Form[ReasonForm]) -> ResponseReturnValue:
    page = await render_template("moderation/lift.html", measure=measure, form=form)
    return page, form.status


async def _load_measure(measure_id: int) -> Measure:
    if (found := await queries.measure_by_id(db(), measure_id)) is None:
        raise NotFoundError(service.NO_SUCH_MEASURE)
    return found


@blueprint.get("/appeals")
@moderators_only
async def open_appeals() -> ResponseReturnValue:
    """List the undecided appeals, oldest first."""
    page = await queries.open_appeals(db(), requested_cursor(APPEALS_PER_PAGE))
    return await render_template("moderation/appeals.html", appeals=page)


@blueprint.get("/appeals/<id:measure_id>")
@moderators_only
async def appeal(measure_id: int) -> ResponseReturnValue:
    """Show an appeal, with the form for the decision."""
    return await _appeal_page(measure_id, Form(DecisionForm))


@blueprint.post("/appeals/<id:measure_id>")
@quota(MODERATING)
@moderators_only
async def decide(measure_id: int) -> ResponseReturnValue:
    """Decide an appeal: `decision` is `lift` or `keep`, and `answer` is emailed to the person."""
    form = Form(DecisionForm)
    if (data := await form.submitted()) is None:
        return await _appeal_page(measure_id, form)
    try:
        is_decided = await appeals.decide_appeal(
            db(), required_viewer(), measure_id, data.answer,
            is_granted=data.decision is Decision.LIFT,
        )  # fmt: skip
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _appeal_page(measure_id, form)
    if is_decided:
        await flash(_("Decided. We've emailed them your answer."), "success")
    else:
        await flash(_("Someone else has already decided this appeal."), "info")
    return redirect(local_address(request.args.get("next")) or url_for("measures.open_appeals"))


async def _appeal_page(measure_id: int, form: Form[DecisionForm]) -> ResponseReturnValue:
    measure = await _load_measure(measure_id)
    if measure.appeal is None:
        raise NotFoundError(appeals.NO_SUCH_APPEAL)
    has_another = await queries.has_another_moderator(db(), measure)
    page = await render_template(
        "moderation/appeal.html",
        measure=measure,
        form=form,
        has_another=has_another,
        may_decide=may_decide_appeal(required_viewer(), measure, has_another=has_another),
    )
    return page, form.status
