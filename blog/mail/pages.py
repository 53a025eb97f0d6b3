"""`/admin/mail`: the outbox, for administrators."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.permissions import admin_required
from blog.core.auth.quotas import MODERATING, quota
from blog.core.i18n import gettext as _
from blog.core.i18n import ngettext
from blog.core.web.app import db
from blog.core.web.requests import requested_page
from blog.mail import queries, service
from blog.models import EmailState

blueprint = Blueprint("mail", __name__, url_prefix="/admin/mail")

PAGE_SIZE = 50


@blueprint.get("")
@admin_required
async def outbox() -> ResponseReturnValue:
    """Show the number of messages in each state, and list the failed ones."""
    return await render_template(
        "admin/mail.html",
        summary=await queries.summary(db()),
        page=await queries.in_state(db(), EmailState.FAILED, requested_page(PAGE_SIZE)),
    )


@blueprint.post("/retry")
@quota(MODERATING)
@admin_required
async def retry_all() -> ResponseReturnValue:
    """Retry all failed messages."""
    number = await service.retry(db())
    await flash(
        ngettext("%(num)s email will be sent again.", "%(num)s emails will be sent again.", number)
        if number
        else _("There's nothing to resend."),
        "success",
    )
    return redirect(url_for("mail.outbox"))


@blueprint.post("/<id:email_id>/retry")
@quota(MODERATING)
@admin_required
async def retry(email_id: int) -> ResponseReturnValue:
    """Retry a message."""
    if await service.retry(db(), email_id):
        await flash(_("Message %(number)s will be sent again.", number=email_id), "success")
    else:
        await flash(
            _("Message %(number)s hasn't failed, or no longer exists.", number=email_id), "info"
        )
    return redirect(url_for("mail.outbox"))
