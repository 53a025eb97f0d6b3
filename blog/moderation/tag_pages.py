"""The pages on which moderators rename, merge and block tags."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import MODERATING, quota
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.text.tags import address_of_tag
from blog.core.web.app import db, look_up
from blog.core.web.forms import Form
from blog.models import Permission, Tag
from blog.moderation import tags
from blog.moderation.schemas import ReasonForm, TagForm
from blog.tags.addresses import tag_url
from blog.tags.queries import blocked_tags, moderated_tag_at
from blog.tags.reading import NO_SUCH_TAG

blueprint = Blueprint("tag_moderation", __name__, url_prefix="/moderate/tags")

moderators_only = permission_required(Permission.MODERATE)
ACTION = "/<tag>/<any(rename, merge, block, unblock):action>"


@blueprint.get("")
@moderators_only
async def index() -> ResponseReturnValue:
    """List the blocked tags."""
    return await render_template("moderation/tags.html", tags=await blocked_tags(db()))


@blueprint.get(ACTION)
@moderators_only
async def confirm_action(tag: str, action: str) -> ResponseReturnValue:
    """Show the form for the reason, and for the name of a tag."""
    found = await _tag(tag)
    values = {"name": found.name} if action == "rename" else {}
    return await _page(found, action, Form(_schema(action), values))


@blueprint.post(ACTION)
@quota(MODERATING)
@moderators_only
async def perform_action(tag: str, action: str) -> ResponseReturnValue:
    """Rename, merge, block or unblock a tag."""
    found = await _tag(tag)
    # The loaded row changes with the action.
    tag_id, name, moderator = found.id, found.name, required_viewer()
    form = Form(_schema(action))
    if (data := await form.submitted()) is None:
        return await _page(found, action, form)
    is_done, address = True, url_for("tag_moderation.index")
    try:
        if isinstance(data, TagForm) and action == "rename":
            is_done = await tags.rename_tag(db(), moderator, tag_id, data.name, data.reason)
            address = tag_url(data.name)
            done = _("#%(tag)s is now #%(name)s.", tag=name, name=data.name)
        elif isinstance(data, TagForm):
            into = await tags.merge_tag(db(), moderator, tag_id, data.name, data.reason)
            address = tag_url(into.name)
            done = _(
                "#%(tag)s is being merged into #%(name)s. Its posts move within minutes.",
                tag=name,
                name=into.name,
            )
        elif action == "block":
            is_done = await tags.block_tag(db(), moderator, tag_id, data.reason)
            done = _("#%(tag)s is blocked.", tag=name)
        else:
            is_done = await tags.unblock_tag(db(), moderator, tag_id, data.reason)
            done = _("#%(tag)s is no longer blocked.", tag=name)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _page(found, action, form)
    await flash(done if is_done else _("Nothing has changed."), "success" if is_done else "info")
    return redirect(address)


async def _tag(address: str) -> Tag:
    if (tag := await look_up(moderated_tag_at, address)) is None:
        raise NotFoundError(NO_SUCH_TAG)
    return tag


def _schema(action: str) -> type[ReasonForm]:
    return TagForm if action in {"rename", "merge"} else ReasonForm


async def _page(tag: Tag, action: str, form: Form[ReasonForm]) -> ResponseReturnValue:
    is_listed = tag.blocked_at is None and tag.post_count > 0
    page = await render_template(
        "moderation/tag_action.html", tag=tag, action=action, form=form,
        address=address_of_tag(tag.name),
        way_back=tag_url(tag.name) if is_listed else url_for("tag_moderation.index"),
    )  # fmt: skip
    return page, form.status
