"""Save in the background while people type: the editor's script sends the form, and gets JSON.

A field that isn't valid, such as a half-typed slug, doesn't keep the others from being saved: it is
left unchanged and named in the response. Nothing that the tab has not read is overwritten: the
response is then 409 with the other text.
"""

from collections.abc import Mapping
from typing import Any

from quart import Blueprint, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import confirmed_required, permission_required
from blog.core.auth.quotas import AUTOSAVING, quota
from blog.core.errors import EditConflictError, InvalidFieldsError, NotFoundError
from blog.core.web.app import close_db, db
from blog.models import Permission, PostStatus
from blog.posts.editor import queries, service
from blog.posts.editor.actions import draft_html, save_draft
from blog.posts.editor.pages import changeable_post
from blog.posts.editor.queries import Edited
from blog.posts.editor.schemas import DraftForm, validate_part
from blog.posts.editor.views import FIELDS, other_of, versions_of
from blog.posts.locking import POST_IS_GONE

blueprint = Blueprint("autosave", __name__)

# Another post may have the slug, and the image may have been deleted.
DEPEND_ON_OTHERS = {"slug", "cover"}


@blueprint.post("/write/autosave")
@quota(AUTOSAVING)
@permission_required(Permission.WRITE)
async def add() -> ResponseReturnValue:
    """Save a new post as a draft. Each tab of the editor adds one, told apart by `submission`."""
    return await _autosave(None)


@blueprint.post("/edit/<id:post_id>/autosave")
@quota(AUTOSAVING)
@confirmed_required
async def save(post_id: int) -> ResponseReturnValue:
    """Save a draft, or the working copy of a published post."""
    return await _autosave(await changeable_post(post_id))


async def _autosave(edited: Edited | None) -> ResponseReturnValue:
    fields = (await request.form).to_dict().items()
    sent = {name: text.replace("\r\n", "\n") for name, text in fields}
    form, errors = validate_part(sent)
    try:
        while (saved := await _try_to_save(edited, form, sent, errors)) is None:
            sent = {name: text for name, text in sent.items() if name not in errors}
            form, _ = validate_part(sent)
    except EditConflictError:
        if edited is None:
            raise NotFoundError(POST_IS_GONE) from None
        return await _conflict(edited.post.id, form)
    return saved | {"errors": errors}


async def _try_to_save(
    edited: Edited | None, form: DraftForm, sent: Mapping[str, str], errors: dict[str, str]
) -> dict[str, Any] | None:
    """Save the form; add a refused field of `DEPEND_ON_OTHERS` to `errors`, and return `None`."""
    try:
        return await _save(edited, form, sent)
    except InvalidFieldsError as error:
        if error.errors.keys() - (DEPEND_ON_OTHERS & sent.keys()):
            raise
        await close_db()
        errors |= error.errors
        return None


async def _save(edited: Edited | None, form: DraftForm, sent: Mapping[str, str]) -> dict[str, Any]:
    """Save the form; return what the tab needs for its next request."""
    editor = required_viewer()
    if edited is not None and edited.post.status == PostStatus.PUBLISHED:
        typed = {name: sent[name] for name in FIELDS if name in sent}
        copy = await service.save_working_copy(db(), editor, edited.post, form, typed)
        return _result(edited.post.id, edited.post.version, copy.version)
    body_html = await draft_html(form.body)
    if edited is None:
        saved = await service.create_draft(db(), editor, form, body_html, "autosave")
        if saved.is_new:
            return _result(saved.post_id, saved.version)
        # The tab missed the response to its first request, and the text has changed since.
        post_id, form = saved.post_id, form.model_copy(update={"version": 1})
    else:
        post_id = edited.post.id
    post = await save_draft(post_id, form, body_html)
    return _result(post.id, post.version)


def _result(post_id: int, version: int, copy_version: int = 0) -> dict[str, Any]:
    return {
        "version": version,
        "copy_version": copy_version,
        "address": url_for("editor.save", post_id=post_id),
        "autosave": url_for("autosave.save", post_id=post_id),
        "draft": f"edit:{post_id}",
    }


async def _conflict(post_id: int, form: DraftForm) -> ResponseReturnValue:
    """The conflicting text, and the versions that a form must name to replace it."""
    await close_db()
    edited = await queries.edited_post(db(), post_id, required_viewer().id)
    if edited is None:
        raise NotFoundError(POST_IS_GONE)
    other = other_of(edited, form.version)
    versions = {name: int(version) for name, version in versions_of(edited).items()}
    found = {
        "fields": dict(other.fields),
        "saved_at": other.saved_at.isoformat() if other.saved_at else None,
        "is_published": edited.post.status == PostStatus.PUBLISHED,
    }
    return versions | found, 409
