"""The moderators' lists, and what they do to comments, posts and reports."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.identity import required_account
from blog.accounts.permissions import permission_required
from blog.comments.queries import comment_by_id
from blog.comments.service import COMMENT_IS_GONE, POST_IS_GONE
from blog.errors import InvalidFieldsError, NotFoundError
from blog.models import Permission, ReportState, User
from blog.moderation import queries, reports, service
from blog.moderation.schemas import ReasonForm, RemarkForm
from blog.posts.queries import post_by_id
from blog.web.app import current_app, db
from blog.web.forms import Form
from blog.web.requests import local_address, requested_before

blueprint = Blueprint("moderation", __name__, url_prefix="/moderate")

moderators_only = permission_required(Permission.MODERATE)


class Measure(NamedTuple):
    """Something that moderators do, for a reason."""

    label: str
    take: Callable[[AsyncSession, User, int, str], Awaitable[bool]]
    taken: str
    taken_before: str


ON_COMMENTS = {
    "disable": Measure(
        "Disable", service.disable_comment, "The comment is disabled.",
        "Somebody else was quicker: this comment is disabled already.",
    ),
    "enable": Measure(
        "Enable", service.enable_comment, "The comment is shown again.",
        "Somebody else was quicker: this comment is shown already.",
    ),
}  # fmt: skip
ON_POSTS = {
    "hide": Measure(
        "Hide", service.hide_post, "The post is hidden.",
        "Somebody else was quicker: this post is hidden already.",
    ),
    "show": Measure(
        "Show", service.show_post, "The post is shown again.",
        "Somebody else was quicker: this post is shown already.",
    ),
}  # fmt: skip


@blueprint.get("")
@moderators_only
async def newest_comments() -> ResponseReturnValue:
    """Everybody's comments, the newest first."""
    size = current_app.settings.comments_per_page
    comments = await queries.newest_comments(db(), size, requested_before())
    return await render_template("moderation/comments.html", comments=comments)


@blueprint.get("/reports")
@moderators_only
async def open_reports() -> ResponseReturnValue:
    """The reports that wait for a moderator, the newest first."""
    return await _reports(are_open=True)


@blueprint.get("/reports/closed")
@moderators_only
async def closed_reports() -> ResponseReturnValue:
    """The reports that moderators have closed, the newest first."""
    return await _reports(are_open=False)


async def _reports(*, are_open: bool) -> ResponseReturnValue:
    size = current_app.settings.comments_per_page
    found = await queries.reports(db(), size, requested_before(), are_open=are_open)
    return await render_template("moderation/reports.html", reports=found, are_open=are_open)


@blueprint.get("/posts")
@moderators_only
async def hidden_posts() -> ResponseReturnValue:
    """The posts that moderators have hidden, the newest first."""
    posts = await queries.hidden_posts(
        db(), current_app.settings.posts_per_page, requested_before()
    )
    return await render_template("moderation/posts.html", posts=posts)


@blueprint.get("/<any(disable, enable):measure>/<id:comment_id>")
@moderators_only
async def ask_about_comment(measure: str, comment_id: int) -> ResponseReturnValue:
    """The question for the reason to disable or enable a comment."""
    return await _comment_form(measure, comment_id, Form(ReasonForm))


@blueprint.post("/<any(disable, enable):measure>/<id:comment_id>")
@moderators_only
async def act_on_comment(measure: str, comment_id: int) -> ResponseReturnValue:
    """Disable or enable a comment, for a `reason`."""
    form = Form(ReasonForm)
    if (data := await form.submitted()) is None:
        return await _comment_form(measure, comment_id, form)
    await _take(ON_COMMENTS[measure], comment_id, data.reason)
    return _back(url_for("comments.show", comment_id=comment_id))


async def _comment_form(
    measure: str, comment_id: int, form: Form[ReasonForm]
) -> ResponseReturnValue:
    if (comment := await comment_by_id(db(), comment_id)) is None:
        raise NotFoundError(COMMENT_IS_GONE)
    return await render_template(
        "moderation/comment.html", comment=comment, measure=ON_COMMENTS[measure], form=form
    ), form.status


@blueprint.get("/<any(hide, show):measure>/<id:post_id>")
@moderators_only
async def ask_about_post(measure: str, post_id: int) -> ResponseReturnValue:
    """The question for the reason to hide a post or show it again."""
    return await _post_form(measure, post_id, Form(ReasonForm))


@blueprint.post("/<any(hide, show):measure>/<id:post_id>")
@moderators_only
async def act_on_post(measure: str, post_id: int) -> ResponseReturnValue:
    """Hide a post or show it again, for a `reason`."""
    form = Form(ReasonForm)
    if (data := await form.submitted()) is None:
        return await _post_form(measure, post_id, form)
    await _take(ON_POSTS[measure], post_id, data.reason)
    return _back(url_for("posts.show", post_id=post_id))


async def _post_form(measure: str, post_id: int, form: Form[ReasonForm]) -> ResponseReturnValue:
    if (post := await post_by_id(db(), post_id)) is None:
        raise NotFoundError(POST_IS_GONE)
    return await render_template(
        "moderation/post.html", post=post, measure=ON_POSTS[measure], form=form
    ), form.status


@blueprint.post("/reports/<id:report_id>/resolve")
@moderators_only
async def resolve_report(report_id: int) -> ResponseReturnValue:
    """Close a report that something was done about."""
    return await _close_report(report_id, ReportState.RESOLVED)


@blueprint.post("/reports/<id:report_id>/dismiss")
@moderators_only
async def dismiss_report(report_id: int) -> ResponseReturnValue:
    """Close a report that nothing needs to be done about."""
    return await _close_report(report_id, ReportState.DISMISSED)


async def _close_report(report_id: int, state: ReportState) -> ResponseReturnValue:
    form = Form(RemarkForm)
    if (data := await form.submitted()) is None:
        raise InvalidFieldsError(form.errors)
    if await reports.close_report(db(), required_account(), report_id, state, data.reason):
        await flash(f"The report is {state}.", "success")
    else:
        await flash("Somebody else was quicker: this report is closed already.", "info")
    return _back(url_for("moderation.open_reports"))


async def _take(measure: Measure, row_id: int, reason: str) -> None:
    if await measure.take(db(), required_account(), row_id, reason):
        await flash(measure.taken, "success")
    else:
        await flash(measure.taken_before, "info")


def _back(otherwise: str) -> ResponseReturnValue:
    """To the list that the moderator came from (`?next=`)."""
    return redirect(local_address(request.args.get("next")) or otherwise)
