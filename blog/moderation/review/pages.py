"""`/moderate/review`: held items that wait for moderators."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import MODERATING, quota
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.web.app import close_db, current_app, db
from blog.core.web.forms import Form
from blog.core.web.requests import requested_cursor
from blog.models import HeldItem, HeldKind, Permission
from blog.moderation.review import queries, service
from blog.moderation.review.schemas import ApprovalForm, RefusalForm
from blog.moderation.rules import Grounds, snapshot_of

PER_PAGE = 20
IS_DECIDED = lazy_gettext(
    "This is no longer waiting. Another moderator has decided, or its author has withdrawn it."
)

blueprint = Blueprint("review", __name__, url_prefix="/moderate/review")
moderators_only = permission_required(Permission.MODERATE)


@blueprint.get("")
@moderators_only
async def index() -> ResponseReturnValue:
    """List the held items, oldest first."""
    items = await queries.queue(db(), requested_cursor(PER_PAGE))
    covers = await queries.new_covers(db(), items.rows)
    return await render_template("moderation/review/queue.html", items=items, covers=covers)


@blueprint.post("/<id:item_id>/approve")
@quota(MODERATING)
@moderators_only
async def approve(item_id: int) -> ResponseReturnValue:
    """Publish a held item, in the `version` that the moderator has read."""
    form = Form(ApprovalForm)
    if (data := await form.submitted()) is None:
        raise InvalidFieldsError(form.errors)
    item = await queries.waiting_item(db(), item_id)
    try:
        html = await _render(item) if item else None
        is_done = await service.approve(db(), required_viewer(), item_id, data.version, html)
    except (service.NotPublishableError, InvalidFieldsError) as error:
        await flash(str(error), "error")
        return redirect(url_for("review.index", _anchor=f"held-{item_id}"))
    words = _("Published.") if is_done else str(IS_DECIDED)
    await flash(words, "success" if is_done else "info")
    return redirect(url_for("review.index"))


@blueprint.get("/<id:item_id>/refuse")
@moderators_only
async def ask_to_refuse(item_id: int) -> ResponseReturnValue:
    """Ask for the reason and the rule."""
    return await _question_page(item_id, Form(RefusalForm))


@blueprint.post("/<id:item_id>/refuse")
@quota(MODERATING)
@moderators_only
async def refuse(item_id: int) -> ResponseReturnValue:
    """Refuse to publish a held item, for a `reason` and the number of a `rule`."""
    form = Form(RefusalForm)
    if (data := await form.submitted()) is None:
        return await _question_page(item_id, form)
    try:
        grounds = Grounds(data.reason, snapshot_of(data.rule))
        item = await queries.waiting_item(db(), item_id)
        html = await _render(item) if item else None
        is_done = await service.refuse(db(), required_viewer(), item_id, grounds, html)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _question_page(item_id, form)
    words = _("Refused. We've emailed its author.") if is_done else str(IS_DECIDED)
    await flash(words, "success" if is_done else "info")
    return redirect(url_for("review.index"))


async def _render(item: HeldItem) -> str | None:
    """The HTML of what waits, which no transaction has to wait for; `None` for a post."""
    body, author_id = item.payload.get("body"), item.author_id
    await close_db()
    if item.kind == HeldKind.POST or body is None:
        return None
    if item.kind == HeldKind.EDIT:
        return await current_app.renderer.post(body, author_id)
    return await current_app.renderer.comment(body, author_id)


async def _question_page(item_id: int, form: Form[RefusalForm]) -> ResponseReturnValue:
    item = await queries.waiting_item(db(), item_id)
    if item is None:
        raise NotFoundError(IS_DECIDED)
    covers = await queries.new_covers(db(), [item])
    page = await render_template(
        "moderation/review/refuse.html",
        item=item,
        covers=covers,
        form=form,
        rules=current_app.site.numbered_rules,
    )
    return page, form.status
