"""The moderation pages: lists of comments and posts, and moderation actions."""

from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple

from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from sqlalchemy.ext.asyncio import AsyncSession

from blog.comments.policies import may_know_of_comment
from blog.comments.queries import comment_by_id
from blog.comments.service import COMMENT_IS_GONE, POST_IS_GONE
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import MODERATING, quota
from blog.core.auth.viewer import Viewer
from blog.core.errors import ForbiddenError, InvalidFieldsError, NotFoundError
from blog.core.i18n import LazyText, lazy_gettext
from blog.core.web.app import current_app, db
from blog.core.web.forms import Form
from blog.core.web.requests import local_address, requested_cursor
from blog.models import Comment, Permission, Post
from blog.moderation import queries, service
from blog.moderation.rules import Snapshot, snapshot_of
from blog.moderation.schemas import RuleForm
from blog.posts.policies import may_moderate_post
from blog.posts.queries import post_by_id

blueprint = Blueprint("moderation", __name__, url_prefix="/moderate")

moderators_only = permission_required(Permission.MODERATE)


class Subject(NamedTuple):
    """A kind of content that can be moderated: its name, how to load it, and its URL."""

    name: str
    load: Callable[[AsyncSession, int], Awaitable[Comment | Post | None]]
    may_moderate: Callable[[Viewer, Any], bool]
    gone_text: str | LazyText
    url: Callable[[int], str]


class ModerationAction(NamedTuple):
    """A moderation action, such as hiding a post. It requires a reason; a measure also requires the
    rule it is based on."""

    subject: Subject
    take: Callable[[AsyncSession, Viewer, int, str, Snapshot | None], Awaitable[bool]]
    done_message: LazyText
    already_done_message: LazyText
    is_measure: bool


COMMENT = Subject(
    "comment", comment_by_id, lambda viewer, comment: may_know_of_comment(viewer, comment.post),
    COMMENT_IS_GONE,
    lambda row_id: url_for("comments.show", comment_id=row_id),
)  # fmt: skip
POST = Subject(
    "post", post_by_id, may_moderate_post, POST_IS_GONE,
    lambda row_id: url_for("site.post", post_id=row_id),
)  # fmt: skip
ACTIONS = {
    "disable": ModerationAction(
        COMMENT, service.disable_comment,
        lazy_gettext("Comment disabled, and its reports resolved."),
        lazy_gettext("Someone else has already disabled this comment."), True,
    ),
    "enable": ModerationAction(
        COMMENT, service.enable_comment, lazy_gettext("Comment enabled."),
        lazy_gettext("Someone else has already enabled this comment."), False,
    ),
    "hide": ModerationAction(
        POST, service.hide_post, lazy_gettext("Post hidden, and its reports resolved."),
        lazy_gettext("Someone else has already hidden this post."), True,
    ),
    "show": ModerationAction(
        POST, service.show_post, lazy_gettext("The post is visible again."),
        lazy_gettext("Someone else has already unhidden this post."), False,
    ),
}  # fmt: skip


@blueprint.get("")
@moderators_only
async def newest_comments() -> ResponseReturnValue:
    """List all comments, newest first."""
    wanted = requested_cursor(current_app.settings.comments_per_page)
    comments = await queries.newest_comments(db(), wanted)
    return await render_template("moderation/comments.html", comments=comments)


@blueprint.get("/posts")
@moderators_only
async def hidden_posts() -> ResponseReturnValue:
    """List the hidden posts, newest first."""
    wanted = requested_cursor(current_app.settings.posts_per_page)
    posts = await queries.hidden_posts(db(), wanted)
    return await render_template("moderation/posts.html", posts=posts)


@blueprint.get("/<any(disable, enable, hide, show):action>/<id:row_id>")
@moderators_only
async def confirm_action(action: str, row_id: int) -> ResponseReturnValue:
    """Show the form for the reason of a moderation action."""
    return await _action_page(action, row_id, Form(RuleForm))


@blueprint.post("/<any(disable, enable, hide, show):action>/<id:row_id>")
@quota(MODERATING)
@moderators_only
async def perform_action(action: str, row_id: int) -> ResponseReturnValue:
    """Perform a moderation action: disable or enable a comment, hide or show a post."""
    chosen, form = ACTIONS[action], Form(RuleForm)
    if (data := await form.submitted()) is None:
        return await _action_page(action, row_id, form)
    try:
        rule = snapshot_of(data.rule, is_required=chosen.is_measure)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _action_page(action, row_id, form)
    if await chosen.take(db(), required_viewer(), row_id, data.reason, rule):
        await flash(str(chosen.done_message), "success")
    else:
        await flash(str(chosen.already_done_message), "info")
    return _back(chosen.subject.url(row_id))


async def _action_page(action: str, row_id: int, form: Form[RuleForm]) -> ResponseReturnValue:
    chosen = ACTIONS[action]
    subject = chosen.subject
    row, viewer = await subject.load(db(), row_id), required_viewer()
    if row is not None and row.author_id == viewer.id:
        raise ForbiddenError(service.ABOUT_ONESELF)
    if row is None or not subject.may_moderate(viewer, row):
        raise NotFoundError(subject.gone_text)
    page = await render_template(
        "moderation/action.html", action=action, what=subject.name, row=row, form=form,
        way_back=subject.url(row_id),
        rules=current_app.site.numbered_rules if chosen.is_measure else (),
    )  # fmt: skip
    return page, form.status


def _back(otherwise: str) -> ResponseReturnValue:
    """Redirect to the list that the moderator came from (`?next=`)."""
    return redirect(local_address(request.args.get("next")) or otherwise)
