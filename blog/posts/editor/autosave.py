"""Saving in the background while somebody types: the editor's script asks, and JSON is answered.

What is wrong with a field, such as a slug that is half typed, keeps the others from nothing: it
stays as it was and is named in the answer. Nothing is overwritten that the tab has not read: the
answer then is 409 with the other text.
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
from blog.posts.editor.schemas import DraftForm, valid_part
from blog.posts.editor.views import FIELDS, other_of, versions_of
from blog.posts.locking import POST_IS_GONE

blueprint = Blueprint("autosave", __name__)

# Another post may have the slug, and the image be deleted.
DEPEND_ON_OTHERS = {"slug", "cover"}


@blueprint.post("/write/autosave")
@quota(AUTOSAVING)
@permission_required(Permission.WRITE)
async def add() -> ResponseReturnValue:
    """Save a new post as a draft; each tab of the editor adds one, by its `submission`."""
    return await _saved(None)


@blueprint.post("/edit/<id:post_id>/autosave")
@quota(AUTOSAVING)
@confirmed_required
async def save(post_id: int) -> ResponseReturnValue:
    """Save a draft, or the working copy of a published post."""
    return await _saved(await changeable_post(post_id))


async def _saved(edited: Edited | None) -> ResponseReturnValue:
    fields = (await request.form).to_dict().items()
    sent = {name: text.replace("\r\n", "\n") for name, text in fields}
    form, wrong = valid_part(sent)
    try:
        while (saved := await _saved_or_refused(edited, form, sent, wrong)) is None:
            sent = {name: text for name, text in sent.items() if name not in wrong}
            form, _ = valid_part(sent)
    except EditConflictError:
        if edited is None:
            raise NotFoundError(POST_IS_GONE) from None
        return await _other(edited.post.id, form)
    return saved | {"errors": wrong}


async def _saved_or_refused(
    edited: Edited | None, form: DraftForm, sent: Mapping[str, str], wrong: dict[str, str]
) -> dict[str, Any] | None:
    """The answer; `None` if a field of `DEPEND_ON_OTHERS` is refused, which is added to `wrong`."""
    try:
        return await _save(edited, form, sent)
    except InvalidFieldsError as error:
        if error.errors.keys() - (DEPEND_ON_OTHERS & sent.keys()):
            raise
        await close_db()
        wrong |= error.errors
        return None


async def _save(edited: Edited | None, form: DraftForm, sent: Mapping[str, str]) -> dict[str, Any]:
    """What the tab has to know for its next request."""
    editor = required_viewer()
    if edited is not None and edited.post.status == PostStatus.PUBLISHED:
        typed = {name: sent[name] for name in FIELDS if name in sent}
        copy = await service.save_working_copy(db(), editor, edited.post, form, typed)
        return _answer(edited.post.id, edited.post.version, copy.version)
    body_html = await draft_html(form.body)
    if edited is None:
        saved = await service.create_draft(db(), editor, form, body_html, "autosave")
        if saved.is_new:
            return _answer(saved.post_id, saved.version)
        # The tab did not receive the answer to its first request, and has gone on since.
        post_id, form = saved.post_id, form.model_copy(update={"version": 1})
    else:
        post_id = edited.post.id
    post = await save_draft(post_id, form, body_html)
    return _answer(post.id, post.version)


def _answer(post_id: int, version: int, copy_version: int = 0) -> dict[str, Any]:
    return {
        "version": version,
        "copy_version": copy_version,
        "address": url_for("editor.save", post_id=post_id),
        "autosave": url_for("autosave.save", post_id=post_id),
        "draft": f"edit:{post_id}",
    }


async def _other(post_id: int, form: DraftForm) -> ResponseReturnValue:
    """What stands in the way, and the versions that a form has to name to replace it."""
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
