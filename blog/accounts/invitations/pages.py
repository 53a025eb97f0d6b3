"""`/invitations`: the viewer's own; and for moderators, who invited whom."""

from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.accounts.invitations import queries, service
from blog.accounts.invitations.links import invitation_link
from blog.accounts.invitations.schemas import InvitationForm
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import confirmed_required, permission_required
from blog.core.auth.quotas import WRITING, quota
from blog.core.clock import now
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.web.app import current_app, db
from blog.core.web.forms import Form
from blog.models import Permission, User
from blog.users.queries import user_by_username

blueprint = Blueprint("invitations", __name__)


@blueprint.get("/invitations")
@confirmed_required
async def overview() -> ResponseReturnValue:
    """List the viewer's invitations, with the form for another one."""
    return await _overview(Form(InvitationForm))


@blueprint.post("/invitations")
@quota(WRITING)
@confirmed_required
async def invite() -> ResponseReturnValue:
    """Create an invitation."""
    form = Form(InvitationForm)
    if (data := await form.submitted()) is None:
        return await _overview(form)
    try:
        invitation = await service.invite(db(), required_viewer(), data, current_app.site)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _overview(form, status=error.status)
    await flash(_("Here's your invitation. Copy its link and send it to one person."), "success")
    return redirect(url_for("invitations.overview", _anchor=f"invitation-{invitation.id}"))


@blueprint.post("/invitations/<id:invitation_id>/revoke")
@quota(WRITING)
@confirmed_required
async def revoke(invitation_id: int) -> ResponseReturnValue:
    """Withdraw one of the viewer's invitations."""
    if await service.withdraw(db(), required_viewer(), invitation_id):
        await flash(
            _("The invitation has been withdrawn. Its link doesn't work any more."), "success"
        )
    else:
        await flash(_("This invitation had already been used or withdrawn."), "info")
    return redirect(url_for("invitations.overview"))


@blueprint.post("/invitations/<any(show, hide):choice>-inviter")
@quota(WRITING)
@confirmed_required
async def show_inviter(choice: str) -> ResponseReturnValue:
    """Choose whether the viewer's profile says who invited them."""
    await service.show_inviter(db(), required_viewer(), shown=choice == "show")
    await flash(_("Profile saved."), "success")
    return redirect(url_for("invitations.overview"))


@blueprint.get("/moderate/invitations")
@permission_required(Permission.MODERATE)
async def tree() -> ResponseReturnValue:
    """Who invited whom: the newest people, or those around `?username=`."""
    user, above = None, list[User]()
    if username := request.args.get("username", ""):
        user = await user_by_username(db(), username)
        if user is None:
            raise NotFoundError(_("This user doesn't exist."))
        above = list(await queries.inviters_of(db(), user))
    invited = await queries.invited_by(db(), user)
    return await render_template(
        "invitations/tree.html", user=user, above=above, invited=invited, most=queries.SHOWN
    )


async def _overview(form: Form[InvitationForm], status: int | None = None) -> ResponseReturnValue:
    viewer, site = required_viewer(), current_app.site
    made = await queries.count_recent_invitations(db(), viewer.id)
    invitations = await queries.invitations_of(db(), viewer.id)
    inviter = None
    if (inviter_id := viewer.person.invited_by_id) is not None:
        inviter = await queries.inviter_name(db(), inviter_id)
    page = await render_template(
        "invitations/overview.html",
        inviter=inviter,
        form=form,
        invitations=invitations,
        left=service.remaining_invitations(viewer, site, made),
        link_of=lambda invitation: invitation_link(current_app.links, invitation.id),
        now=now(),
        PERIOD=queries.PERIOD.days,
    )
    return page, status or form.status
