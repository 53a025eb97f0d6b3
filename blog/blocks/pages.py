"""The buttons for muting and blocking, and the settings pages that list muted and hidden things."""

from collections.abc import Awaitable, Callable
from typing import Any

from quart import Blueprint, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from sqlalchemy.ext.asyncio import AsyncSession

from blog.blocks import queries, service
from blog.blocks.schemas import HiddenWordCreate
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import confirmed_required
from blog.core.auth.quotas import BLOCKING, quota
from blog.core.auth.viewer import Viewer
from blog.core.db.pagination import Page
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import LazyText, lazy_gettext
from blog.core.i18n import gettext as _
from blog.core.web.app import current_app, db, read
from blog.core.web.forms import Form
from blog.core.web.requests import local_address, requested_page
from blog.models import HiddenWord, User
from blog.users.blocking import shut_out
from blog.users.reading import person_called

blueprint = Blueprint("blocks", __name__)

Act = Callable[[AsyncSession, Viewer, User], Awaitable[bool]]
# By the last part of the URL: the action, and messages for when it is done, or was done before.
ACTS: dict[str, tuple[Act, LazyText, LazyText]] = {
    "mute": (
        service.mute,
        lazy_gettext("You've muted %(name)s. You won't see their posts in your lists."),
        lazy_gettext("You've already muted %(name)s."),
    ),
    "unmute": (
        service.unmute,
        lazy_gettext("You've unmuted %(name)s."),
        lazy_gettext("You haven't muted %(name)s."),
    ),
    "block": (
        service.block,
        lazy_gettext(
            "You've blocked %(name)s. They can't follow you, or like or comment on your posts."
        ),
        lazy_gettext("You've already blocked %(name)s."),
    ),
    "unblock": (
        service.unblock,
        lazy_gettext("You've unblocked %(name)s."),
        lazy_gettext("You haven't blocked %(name)s."),
    ),
}


@blueprint.get("/user/<username>/block")
@confirmed_required
async def choose(username: str) -> ResponseReturnValue:
    """Explain muting and blocking a person, with a button for each."""
    person, viewer = await person_called(username), required_viewer()
    if person.id == viewer.id:
        await flash(str(service.NOT_YOURSELF), "info")
        return redirect(url_for("site.profile", username=person.username))
    return await render_template(
        "blocks/choose.html", person=person,
        shut_out=await read(shut_out, viewer.id, (person.id,)),
        back=local_address(request.args.get("next")),
    )  # fmt: skip


@blueprint.post("/user/<username>/<any(mute, unmute, block, unblock):act>")
@quota(BLOCKING)
@confirmed_required
async def change(username: str, act: str) -> ResponseReturnValue:
    """Mute, unmute, block or unblock someone, and return to the page with the button."""
    person = await person_called(username)
    do, done, was_done = ACTS[act]
    try:
        is_changed = await do(db(), required_viewer(), person)
    except InvalidFieldsError as error:
        await flash(str(error), "error")
    else:
        text = (done if is_changed else was_done).with_values(name=person.username)
        await flash(str(text), "success" if is_changed else "info")
    back = local_address((await request.form).get("next"))
    return redirect(back or url_for("site.profile", username=person.username))


@blueprint.get("/muted")
@confirmed_required
async def muted() -> ResponseReturnValue:
    """List the people whom the viewer has muted."""
    wanted = requested_page(current_app.settings.followers_per_page)
    page: Page[Any] = await read(queries.muted, wanted, required_viewer().id)
    return await render_template("blocks/muted.html", page=page)


@blueprint.get("/blocked")
@confirmed_required
async def blocked() -> ResponseReturnValue:
    """List the people whom the viewer has blocked."""
    wanted = requested_page(current_app.settings.followers_per_page)
    page: Page[Any] = await read(queries.blocked, wanted, required_viewer().id)
    return await render_template("blocks/blocked.html", page=page)


@blueprint.get("/hidden-words")
@confirmed_required
async def words() -> ResponseReturnValue:
    """List the words and tags that the viewer hides."""
    return await _words_page(Form(HiddenWordCreate))


@blueprint.post("/hidden-words")
@quota(BLOCKING)
@confirmed_required
async def hide_word() -> ResponseReturnValue:
    """Hide a word or a tag."""
    form = Form(HiddenWordCreate)
    if (data := await form.submitted()) is None:
        return await _words_page(form)
    try:
        hidden, is_new = await service.hide_word(db(), required_viewer(), data.word)
    except InvalidFieldsError as error:
        form.refuse(error)
        return await _words_page(form)
    what = _label(hidden)
    if is_new:
        await flash(_("Posts with %(what)s will be collapsed.", what=what), "success")
    else:
        await flash(_("You're already hiding %(what)s.", what=what), "info")
    return redirect(url_for("blocks.words"))


@blueprint.post("/hidden-words/<id:word_id>/remove")
@quota(BLOCKING)
@confirmed_required
async def show_word(word_id: int) -> ResponseReturnValue:
    """Stop hiding a word or a tag."""
    if await service.show_word(db(), required_viewer(), word_id):
        await flash(_("Removed."), "success")
    else:
        await flash(_("This has already been removed."), "info")
    return redirect(url_for("blocks.words"))


def _label(hidden: HiddenWord) -> str:
    return f"#{hidden.word}" if hidden.is_tag else _("“%(title)s”", title=hidden.word)


async def _words_page(form: Form[HiddenWordCreate]) -> ResponseReturnValue:
    found = await queries.hidden_words(db(), required_viewer().id)
    page = await render_template("blocks/words.html", words=found, form=form)
    return page, form.status
