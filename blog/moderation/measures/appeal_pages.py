"""Pages for the person concerned: the measures against them, and the form for an appeal.

A link in the email leads to the form, even for people who can no longer log in.
"""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.accounts.link_pages import keep_token_secret
from blog.core.auth.identity import required_viewer
from blog.core.auth.quotas import MAILING, REPORTING, quota
from blog.core.crypto.tokens import InvalidTokenError
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.web.app import current_app, db
from blog.core.web.forms import Form
from blog.models import Measure
from blog.moderation.measures import appeals, queries
from blog.moderation.measures.mails import APPEAL, appeal_token
from blog.moderation.measures.schemas import AddressForm, AppealForm
from blog.moderation.queries import reports_by

NO_SUCH_LINK = lazy_gettext("This link isn't complete. Copy all of it from the email.")
LINK_SENT = lazy_gettext("If this account is disabled, we've emailed you the reason and the link.")

blueprint = Blueprint("appeals", __name__)
blueprint.after_request(keep_token_secret)
blueprint.add_app_template_global(appeal_token)


@blueprint.get("/auth/measures")
async def own() -> ResponseReturnValue:
    """List the measures against the viewer, and the outcomes of the viewer's reports."""
    viewer_id = required_viewer().id
    return await render_template(
        "moderation/own_measures.html",
        measures=await queries.measures_against(db(), viewer_id),
        reports=await reports_by(db(), viewer_id),
    )


@blueprint.get("/appeal")
async def ask() -> ResponseReturnValue:
    """Show the form for people who can't log in and have no link."""
    return await _ask_page(Form(AddressForm))


@blueprint.post("/appeal")
@quota(MAILING)
async def mail_link() -> ResponseReturnValue:
    """Email the link to the holder of a disabled account, by its `email`."""
    form = Form(AddressForm)
    if (data := await form.submitted()) is None:
        return await _ask_page(form)
    await appeals.mail_appeal_link(db(), data.email)
    await flash(str(LINK_SENT), "success")
    return redirect(url_for("login.login"))


async def _ask_page(form: Form[AddressForm]) -> ResponseReturnValue:
    return await render_template("moderation/ask_for_appeal.html", form=form), form.status


@blueprint.get("/appeal/<token>")
async def form(token: str) -> ResponseReturnValue:
    """Show a measure, with the form for an appeal or the state of the appeal."""
    return await _page(await _load_measure(token), Form(AppealForm))


@blueprint.post("/appeal/<token>")
@quota(REPORTING)
async def send(token: str) -> ResponseReturnValue:
    """Appeal against a measure, with a `text` for another moderator."""
    measure, sent = await _load_measure(token), Form(AppealForm)
    if (data := await sent.submitted()) is None:
        return await _page(measure, sent)
    try:
        await appeals.make_appeal(db(), measure.id, data.text)
    except InvalidFieldsError as error:
        sent.refuse(error)
        return await _page(await _load_measure(token), sent)
    await flash(_("Appeal sent. We'll email you the decision."), "success")
    return redirect(url_for("appeals.form", token=token))


async def _load_measure(token: str) -> Measure:
    try:
        content = current_app.links.read(APPEAL, token, max_age=None)
    except InvalidTokenError:
        raise NotFoundError(NO_SUCH_LINK) from None
    if (measure := await queries.measure_by_id(db(), content["measure"])) is None:
        raise NotFoundError(appeals.NO_SUCH_MEASURE)
    return measure


async def _page(measure: Measure, form: Form[AppealForm]) -> ResponseReturnValue:
    is_late = appeals.is_too_late(measure)
    page = await render_template(
        "moderation/appeal_form.html", measure=measure, form=form, is_late=is_late,
        has_another=await queries.has_another_moderator(db(), measure),
    )  # fmt: skip
    return page, form.status
