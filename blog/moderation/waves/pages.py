"""`/moderate/waves`: acting on many accounts at once."""

from pydantic import ValidationError
from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import MODERATING, quota
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.text.validation import messages
from blog.core.web.app import current_app, db
from blog.core.web.forms import Form
from blog.models import Permission
from blog.moderation.rules import snapshot_of
from blog.moderation.waves import queries, service
from blog.moderation.waves.jobs import ACT_ON_WAVE, UNDO_BULK_ACT
from blog.moderation.waves.schemas import SearchForm, WaveForm

blueprint = Blueprint("waves", __name__, url_prefix="/moderate/waves")
moderators_only = permission_required(Permission.MODERATE)


@blueprint.get("")
@moderators_only
async def index() -> ResponseReturnValue:
    """Show the form; with the people that a search finds, if there is one in the address."""
    values = request.args.to_dict()
    form = Form(WaveForm)
    search = Form(SearchForm, values)
    if values:
        try:
            wanted = SearchForm.model_validate(values)
        except ValidationError as error:
            search.errors = messages(error)
        else:
            names = await queries.found_names(db(), wanted)
            form.values = {"names": "\n".join(names), "since": values.get("joined_from", "")}
            if not names:
                await flash(_("No accounts match."), "info")
    return await _page(form, search)


@blueprint.post("")
@quota(MODERATING)
@moderators_only
async def act() -> ResponseReturnValue:
    """Show what an act would change, or with `act` do it."""
    form = Form(WaveForm)
    if (data := await form.submitted()) is None:
        return await _page(form, Form(SearchForm))
    try:
        rule = snapshot_of(data.rule)
        if "act" not in form.values:
            extent = await queries.extent(db(), data.names, data.beginning)
            return await _page(form, Form(SearchForm), extent)
        act_id = await service.begin(db(), required_viewer(), data, rule, ACT_ON_WAVE)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _page(form, Form(SearchForm))
    await flash(_("This is under way. Reload the page to see its progress."), "success")
    return redirect(url_for("waves.show", act_id=act_id))


@blueprint.get("/<id:act_id>")
@moderators_only
async def show(act_id: int) -> ResponseReturnValue:
    """How far an act has come, with the button that takes it back."""
    found = await queries.act_by_id(db(), act_id)
    if found is None:
        raise NotFoundError(service.NO_SUCH_ACT)
    done = await queries.progress(db(), act_id)
    until = found.created_at + service.UNDOABLE_FOR
    return await render_template("moderation/waves/act.html", act=found, done=done, until=until)


@blueprint.post("/<id:act_id>/undo")
@quota(MODERATING)
@moderators_only
async def undo(act_id: int) -> ResponseReturnValue:
    """Take an act back."""
    try:
        is_new = await service.undo(db(), required_viewer(), act_id, UNDO_BULK_ACT)
    except InvalidFieldsError as error:
        await flash(str(error), "error")
    else:
        words = _("This is being undone.") if is_new else _("Someone has already undone this.")
        await flash(words, "success" if is_new else "info")
    return redirect(url_for("waves.show", act_id=act_id))


async def _page(
    form: Form[WaveForm], search: Form[SearchForm], extent: queries.Extent | None = None
) -> ResponseReturnValue:
    page = await render_template(
        "moderation/waves/index.html", form=form, search=search, extent=extent,
        acts=await queries.newest_acts(db()), rules=current_app.site.numbered_rules,
        most=queries.MOST_COUNTED,
    )  # fmt: skip
    return page, form.status
