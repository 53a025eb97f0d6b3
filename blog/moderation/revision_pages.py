"""The pages on which moderators hide and unhide old texts of posts."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import MODERATING, quota
from blog.core.errors import NotFoundError
from blog.core.i18n import lazy_gettext
from blog.core.web.app import db, read
from blog.core.web.forms import Form
from blog.models import Permission
from blog.moderation import revisions
from blog.moderation.schemas import ReasonForm
from blog.posts.reading import readable_post
from blog.posts.revisions.policies import may_moderate_revision
from blog.posts.revisions.queries import revision_texts
from blog.posts.revisions.reading import NO_SUCH_REVISION, require_readable

blueprint = Blueprint(
    "revision_moderation",
    __name__,
    url_prefix="/moderate/post/<id:post_id>/revisions/<id:number>/<any(hide, show):action>",
)

moderators_only = permission_required(Permission.MODERATE)
ACTIONS = {"hide": revisions.hide_revision, "show": revisions.show_revision}
DONE = {
    ("hide", True): lazy_gettext("Revision hidden."),
    ("hide", False): lazy_gettext("Someone else has already hidden this revision."),
    ("show", True): lazy_gettext("The revision is visible again."),
    ("show", False): lazy_gettext("Someone else has already unhidden this revision."),
}


@blueprint.get("")
@moderators_only
async def confirm_action(post_id: int, number: int, action: str) -> ResponseReturnValue:
    """Show the form for the reason."""
    return await _page(post_id, number, action, Form(ReasonForm))


@blueprint.post("")
@quota(MODERATING)
@moderators_only
async def perform_action(post_id: int, number: int, action: str) -> ResponseReturnValue:
    """Hide or unhide a revision."""
    form = Form(ReasonForm)
    if (data := await form.submitted()) is None:
        return await _page(post_id, number, action, form)
    moderator = required_viewer()
    is_done = await ACTIONS[action](db(), moderator, post_id, number, data.reason)
    await flash(str(DONE[action, is_done]), "success" if is_done else "info")
    return redirect(_revision_url(post_id, number))


async def _page(
    post_id: int, number: int, action: str, form: Form[ReasonForm]
) -> ResponseReturnValue:
    post = await readable_post(post_id)
    revision = require_readable(post, await read(revision_texts, post, number)).revision
    if not may_moderate_revision(required_viewer(), post, revision):
        raise NotFoundError(NO_SUCH_REVISION)
    page = await render_template(
        "moderation/action.html",
        action=action, what="revision", row=post, revision=revision, form=form,
        way_back=_revision_url(post_id, number),
    )  # fmt: skip
    return page, form.status


def _revision_url(post_id: int, number: int) -> str:
    return url_for("revisions.show", post_id=post_id, number=number)
