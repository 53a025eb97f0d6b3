"""The actions of the editor's buttons."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, NamedTuple

from quart import flash, make_response, redirect, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.clock import now
from blog.core.errors import EditConflictError, InvalidFieldsError, NotFoundError
from blog.core.i18n import format_date, format_day_and_time, lazy_gettext
from blog.core.i18n import gettext as _
from blog.core.text.wall_times import is_ambiguous
from blog.core.web.app import close_db, current_app, db
from blog.core.web.cookies import set_cookie
from blog.core.web.forms import Form
from blog.models import Post, PostStatus
from blog.posts.addresses import post_url
from blog.posts.alt_texts import apply_answers, ask_for_alt_texts
from blog.posts.editing import edit_post
from blog.posts.editor import queries, service
from blog.posts.editor.queries import Edited
from blog.posts.editor.schemas import ChangeForm, DraftForm, PublishForm
from blog.posts.editor.views import FIELDS, ZONE, editor_page, other_of, versions_of
from blog.posts.locking import POST_IS_GONE
from blog.posts.publication import publication_columns
from blog.posts.review import EDIT_IS_HELD, IS_HELD
from blog.posts.sent_drafts import forget_draft

ZONE_LIFE = timedelta(days=365)
SAVED = lazy_gettext("Draft saved. Only you can see it.")
UNSCHEDULED = lazy_gettext("Unscheduled. It's a draft again.")
PUBLISHED = lazy_gettext("Post published.")
CHANGES_SAVED = lazy_gettext("Changes saved. Readers will see them once you publish.")
CHANGES_PUBLISHED = lazy_gettext("Changes published.")
CHANGES_DISCARDED = lazy_gettext("Changes discarded. This is what readers see.")


class Submission(NamedTuple):
    """A valid form, and the post that it edits; `None` for a new one."""

    form: Form[Any]
    data: Any
    edited: Edited | None

    @property
    def post(self) -> Post:
        """The existing post.

        Raises:
            NotFoundError: it is a new one.
        """
        if self.edited is None:
            raise NotFoundError(POST_IS_GONE)
        return self.edited.post


class Action(NamedTuple):
    """The schema of a button's form, and the function that handles it."""

    schema: type[DraftForm]
    run: Callable[[Submission], Awaitable[ResponseReturnValue]]


async def handle_form(edited: Edited | None) -> ResponseReturnValue:
    """Run the action of the button in the current form, or show the form again with its errors.

    A form without the name of a button saves a draft, or publishes the changes of a published post,
    as it did before there were drafts.
    """
    is_published = edited is not None and edited.post.status == PostStatus.PUBLISHED
    actions, default = (PUBLISHED_ACTIONS, PUBLISH) if is_published else (UNPUBLISHED_ACTIONS, SAVE)
    fields = await request.form
    action = next((actions[name] for name in actions if name in fields), actions[default])
    form: Form[Any] = Form(action.schema)
    if (data := await form.submitted()) is None:
        return await editor_page(form, edited)
    try:
        return await action.run(Submission(form, apply_answers(form, data), edited))
    except InvalidFieldsError as error:
        form.refuse(error)
        return await editor_page(form, edited)
    except EditConflictError:
        return await _show_conflict(form, data, edited)


async def draft_html(body: str) -> str:
    """Render an unfinished text; empty if the renderer refuses it."""
    if not body.strip():
        return ""
    try:
        return await _render(body)
    except InvalidFieldsError:
        return ""


def typed_fields(form: Form[Any]) -> dict[str, str]:
    """The fields of a form that a working copy stores."""
    return {name: form.values[name] for name in FIELDS if name in form.values}


async def _render(body: str) -> str:
    return await current_app.renderer.post(body, required_viewer().id)


async def _ask_for_alt_texts(sent: Submission, body_html: str) -> ResponseReturnValue | None:
    """Ask for alternative texts before something is published."""
    post = sent.edited.post if sent.edited else None
    address = request.path
    return await ask_for_alt_texts(sent.form, sent.data, body_html, address=address, post=post)


async def _preview(sent: Submission) -> ResponseReturnValue:
    return await editor_page(sent.form, sent.edited, preview=await _render(sent.data.body))


async def _ensure_stored(sent: Submission, body_html: str) -> tuple[int, DraftForm]:
    """Add the post if it is new; return its id, and the form with its version."""
    if sent.edited is not None:
        return sent.post.id, sent.data
    content = sent.data.model_dump_json(exclude={"submission"})
    saved = await service.create_draft(db(), required_viewer(), sent.data, body_html, content)
    return saved.post_id, sent.data.model_copy(update={"version": saved.version})


async def _save_and_get_id(sent: Submission, status: PostStatus | None = None) -> int:
    """Save a draft, which keeps its status unless another one is given.

    Returns:
        Its id.
    """
    body_html = await draft_html(sent.data.body)
    post_id, data = await _ensure_stored(sent, body_html)
    if sent.edited is not None:
        await save_draft(post_id, data, body_html, status)
    return post_id


async def _save(sent: Submission) -> ResponseReturnValue:
    post_id = await _save_and_get_id(sent)
    await flash(str(SAVED), "success")
    return _redirect(sent, url_for("editor.edit", post_id=post_id))


async def save_draft(
    post_id: int, form: DraftForm, body_html: str, status: PostStatus | None = None
) -> Post:
    """Save an unpublished post; the form's publication time is ignored.

    Raises:
        NotFoundError, ForbiddenError, InvalidFieldsError, EditConflictError: as in `edit_post`.
    """
    wanted = form.model_copy(update={"status": status, "scheduled_for": None, "time_zone": None})
    editor = required_viewer()
    return await edit_post(db(), editor, post_id, wanted, body_html, version=form.version)


async def _unschedule(sent: Submission) -> ResponseReturnValue:
    post_id = await _save_and_get_id(sent, PostStatus.DRAFT)
    await flash(str(UNSCHEDULED), "success")
    return _redirect(sent, url_for("editor.edit", post_id=post_id))


async def _choose_cover(sent: Submission) -> ResponseReturnValue:
    """Save the form, and redirect to the page with all images."""
    return _redirect(sent, url_for("covers.overview", post_id=await _save_and_get_id(sent)))


async def _open(sent: Submission) -> ResponseReturnValue:
    """Open the editor with the text that was typed on the home page."""
    if not sent.data.body:
        return redirect(url_for("editor.write"))
    post_id = (await _ensure_stored(sent, await draft_html(sent.data.body)))[0]
    forget_draft("post")
    return redirect(url_for("editor.edit", post_id=post_id))


async def _publish(sent: Submission) -> ResponseReturnValue:
    body_html = await _render(sent.data.body)
    if page := await _ask_for_alt_texts(sent, body_html):
        return page
    post_id, data = await _ensure_stored(sent, body_html)
    post = await save_draft(post_id, data, body_html, PostStatus.PUBLISHED)
    if post.status == PostStatus.HELD:
        await flash(str(IS_HELD), "info")
    else:
        await flash(str(PUBLISHED), "success")
    return _redirect(sent, post_url(post))


async def _schedule(sent: Submission) -> ResponseReturnValue:
    wanted, body_html = sent.data, await _render(sent.data.body)
    wanted.status = PostStatus.SCHEDULED
    # Check the time first, so that nothing is stored of a post that can't be published.
    publication_columns(wanted, sent.edited and sent.edited.post, now())
    if page := await _ask_for_alt_texts(sent, body_html):
        return page
    post_id, data = await _ensure_stored(sent, body_html)
    post = await edit_post(db(), required_viewer(), post_id, data, body_html, version=data.version)
    if post.status == PostStatus.HELD:
        await flash(str(IS_HELD), "info")
    else:
        await flash(_schedule_message(post), "success")
    response = await make_response(_redirect(sent, url_for("editor.drafts")))
    set_cookie(response, ZONE, post.time_zone or "", ZONE_LIFE)
    return response


def _schedule_message(post: Post) -> str:
    """The message about when a scheduled post will be published, in its time zone and in UTC."""
    wall, zone, published_at = post.scheduled_wall, post.time_zone or "", post.published_at
    if wall is None or published_at is None:
        return str(PUBLISHED)
    day, hour = format_date(wall), f"{wall:%H:%M}"
    if zone == "UTC":
        return _("Scheduled for %(date)s at %(time)s UTC.", date=day, time=hour)
    details = {"date": day, "time": hour, "zone": zone, "utc": format_day_and_time(published_at)}
    if is_ambiguous(wall, zone):
        return _(
            "Scheduled for %(date)s at %(time)s in %(zone)s (%(utc)s UTC). That time occurs twice "
            "that night, so the first one counts.",
            **details,
        )
    return _("Scheduled for %(date)s at %(time)s in %(zone)s (%(utc)s UTC).", **details)


async def _save_working_copy(sent: Submission) -> None:
    """Save the form as a working copy."""
    fields = typed_fields(sent.form)
    await service.save_working_copy(db(), required_viewer(), sent.post, sent.data, fields)


async def _save_copy(sent: Submission) -> ResponseReturnValue:
    await _save_working_copy(sent)
    await flash(str(CHANGES_SAVED), "success")
    return _redirect(sent, url_for("editor.edit", post_id=sent.post.id))


async def _choose_other_cover(sent: Submission) -> ResponseReturnValue:
    await _save_working_copy(sent)
    return _redirect(sent, url_for("covers.overview", post_id=sent.post.id))


async def _publish_changes(sent: Submission) -> ResponseReturnValue:
    body_html, editor = await _render(sent.data.body), required_viewer()
    if page := await _ask_for_alt_texts(sent, body_html):
        return page
    post = await service.publish_changes(db(), editor, sent.post.id, sent.data, body_html)
    if post.holds_edit:
        await service.save_held_changes(db(), editor, post, typed_fields(sent.form))
        await flash(str(EDIT_IS_HELD), "info")
    else:
        await flash(str(CHANGES_PUBLISHED), "success")
    return _redirect(sent, post_url(post))


async def _discard(sent: Submission) -> ResponseReturnValue:
    await service.discard_working_copy(db(), required_viewer(), sent.post.id)
    await flash(str(CHANGES_DISCARDED), "success")
    return _redirect(sent, url_for("editor.edit", post_id=sent.post.id))


def _redirect(sent: Submission, address: str) -> ResponseReturnValue:
    """Redirect to `address`, where the browser deletes its own copy of the text."""
    forget_draft(f"edit:{sent.post.id}" if sent.edited else "write")
    return redirect(address)


async def _show_conflict(
    form: Form[Any], data: DraftForm, edited: Edited | None
) -> ResponseReturnValue:
    """Show the editor with both texts."""
    if edited is None:
        # The same form was sent before, and the draft that it added has changed since.
        return redirect(url_for("editor.drafts"))
    await close_db()
    edited = await queries.edited_post(db(), edited.post.id, required_viewer().id)
    if edited is None:
        raise NotFoundError(POST_IS_GONE)
    other, versions = other_of(edited, data.version), versions_of(edited)
    # The editor who sends the form again has seen the other text, but not a working copy beside it.
    known = ["version"] if other.is_published else [*versions]
    form.values = {**form.values, **{name: versions[name] for name in known}}
    return await editor_page(form, edited, other=other)


SAVE, PREVIEW, PUBLISH = "save", "preview", "publish"
# The actions, by the name of the button.
UNPUBLISHED_ACTIONS = {
    SAVE: Action(DraftForm, _save),
    "open": Action(DraftForm, _open),
    "choose_cover": Action(DraftForm, _choose_cover),
    PREVIEW: Action(PublishForm, _preview),
    PUBLISH: Action(PublishForm, _publish),
    "schedule": Action(PublishForm, _schedule),
    "unschedule": Action(DraftForm, _unschedule),
}
PUBLISHED_ACTIONS = {
    SAVE: Action(DraftForm, _save_copy),
    "choose_cover": Action(DraftForm, _choose_other_cover),
    PREVIEW: Action(ChangeForm, _preview),
    PUBLISH: Action(ChangeForm, _publish_changes),
    "discard": Action(DraftForm, _discard),
}
