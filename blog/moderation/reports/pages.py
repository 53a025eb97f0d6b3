"""The pages for reporting posts and comments."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.comments.policies import may_report_comment
from blog.comments.queries import comment_by_id
from blog.comments.service import POST_IS_GONE
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import confirmed_required
from blog.core.auth.quotas import REPORTING, quota
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import gettext as _
from blog.core.web.app import db
from blog.core.web.forms import Form
from blog.models import Comment, Post
from blog.moderation.reports import service
from blog.moderation.reports.categories import choices
from blog.moderation.reports.schemas import ReportForm
from blog.posts.policies import may_report_post, unreadable
from blog.posts.queries import post_by_id

blueprint = Blueprint("reports", __name__, url_prefix="/report")


@blueprint.get("/post/<id:post_id>")
@confirmed_required
async def post(post_id: int) -> ResponseReturnValue:
    """Show the form for reporting a post."""
    return await _post_form(post_id, Form(ReportForm))


@blueprint.post("/post/<id:post_id>")
@quota(REPORTING)
@confirmed_required
async def report_post(post_id: int) -> ResponseReturnValue:
    """Report a post: a `category`, and a `reason`."""
    form = Form(ReportForm)
    if (data := await form.submitted()) is None:
        return await _post_form(post_id, form)
    try:
        is_new = await service.report_post(db(), required_viewer(), post_id, data)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _post_form(post_id, form)
    await _confirm_report(is_new)
    return redirect(url_for("site.post", post_id=post_id))


async def _post_form(post_id: int, form: Form[ReportForm]) -> ResponseReturnValue:
    reported = await post_by_id(db(), post_id)
    if reported is None or not may_report_post(required_viewer(), reported):
        raise unreadable(reported, POST_IS_GONE)
    return await _page("post", reported, form, url_for("site.post", post_id=post_id))


@blueprint.get("/comment/<id:comment_id>")
@confirmed_required
async def comment(comment_id: int) -> ResponseReturnValue:
    """Show the form for reporting a comment."""
    return await _comment_form(comment_id, Form(ReportForm))


@blueprint.post("/comment/<id:comment_id>")
@quota(REPORTING)
@confirmed_required
async def report_comment(comment_id: int) -> ResponseReturnValue:
    """Report a comment: a `category`, and a `reason`."""
    form = Form(ReportForm)
    if (data := await form.submitted()) is None:
        return await _comment_form(comment_id, form)
    try:
        is_new = await service.report_comment(db(), required_viewer(), comment_id, data)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _comment_form(comment_id, form)
    await _confirm_report(is_new)
    return redirect(url_for("comments.show", comment_id=comment_id))


async def _comment_form(comment_id: int, form: Form[ReportForm]) -> ResponseReturnValue:
    reported = await comment_by_id(db(), comment_id)
    if reported is None or not may_report_comment(reported, reported.post):
        raise unreadable(reported.post if reported else None, service.NOTHING_TO_REPORT)
    way_back = url_for("comments.show", comment_id=comment_id)
    return await _page("comment", reported, form, way_back)


async def _page(
    what: str, row: Comment | Post, form: Form[ReportForm], way_back: str
) -> ResponseReturnValue:
    page = await render_template(
        "moderation/report.html", action="report", what=what, row=row, form=form, way_back=way_back,
        categories=choices(),
    )  # fmt: skip
    return page, form.status


async def _confirm_report(is_new: bool) -> None:
    if is_new:
        await flash(_("Thanks for your report. A moderator will take a look."), "success")
    else:
        await flash(_("You've already reported this. The moderators know about it."), "info")
