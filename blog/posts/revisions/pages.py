"""The history of a post: `/post/<id>/revisions`, and a page for each text of it."""

from typing import Any

from quart import Blueprint, Response, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import current_viewer, required_viewer
from blog.core.auth.permissions import confirmed_required
from blog.core.auth.quotas import WRITING, quota
from blog.core.db.pagination import CursorRequest, PageRequest
from blog.core.errors import EditConflictError, ForbiddenError, InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.web.app import close_db, current_app, db, look_up, read
from blog.core.web.forms import Form
from blog.core.web.headers import keep_out_of_indexes
from blog.core.web.requests import requested_page
from blog.models import Post
from blog.posts.addresses import post_url
from blog.posts.editor.pages import changeable_post
from blog.posts.editor.queries import Edited
from blog.posts.editor.schemas import DraftForm
from blog.posts.editor.views import editor_page, fields_of, other_of, versions_of
from blog.posts.reading import readable_post
from blog.posts.review import EDIT_IS_HELD
from blog.posts.revisions import memento, queries, service
from blog.posts.revisions.comparing import comparisons
from blog.posts.revisions.history import Text
from blog.posts.revisions.policies import POLICIES, may_restore_revision
from blog.posts.revisions.reading import Readable, hidden_words, require_readable
from blog.posts.revisions.schemas import RestoreForm

blueprint = Blueprint("revisions", __name__, url_prefix="/post/<id:post_id>")
for policy in POLICIES:
    blueprint.add_app_template_global(policy)
blueprint.add_app_template_global(hidden_words)

PER_PAGE = 50
TIMEMAP_SIZE = 500
IS_CURRENT = lazy_gettext("The post already has this text.")


@blueprint.get("/revisions")
async def index(post_id: int) -> ResponseReturnValue:
    """List the texts of a post that its readers have seen, newest first."""
    keep_out_of_indexes()
    post = await readable_post(post_id)
    page = await read(queries.revisions_page, requested_page(PER_PAGE), post)
    return await render_template("posts/revisions/index.html", post=post, page=page)


@blueprint.get("/revisions/<id:number>")
async def show(post_id: int, number: int) -> ResponseReturnValue:
    """Show a revision, with the changes since the one before."""
    keep_out_of_indexes()
    post = await readable_post(post_id)
    revision, text, before = await _load_readable(post, number)
    changes = await comparisons().html(before.body, text.body) if before else None
    page = await render_template(
        "posts/revisions/revision.html",
        post=post, revision=revision, text=text, before=before, changes=changes,
    )  # fmt: skip
    return page, memento.changes_headers(post, revision)


@blueprint.get("/revisions/<id:number>/text")
async def text(post_id: int, number: int) -> ResponseReturnValue:
    """Show the text of a revision as readers saw it."""
    keep_out_of_indexes()
    post = await readable_post(post_id)
    revision, text, _ = await _load_readable(post, number)
    page = await render_template(
        "posts/revisions/text.html", post=post, revision=revision, text=text
    )
    return page, memento.memento_headers(post, revision)


@blueprint.get("/timemap")
async def timemap(post_id: int) -> ResponseReturnValue:
    """List the texts of a post that its readers have seen, for programs (RFC 7089)."""
    keep_out_of_indexes()
    post = await readable_post(post_id)
    wanted = requested_page(TIMEMAP_SIZE)
    last = PageRequest.holding(post.revision, TIMEMAP_SIZE).number
    if isinstance(wanted, CursorRequest) or wanted.number > last:
        raise NotFoundError
    dated = await read(queries.dated_revisions, post, wanted)
    links = memento.timemap(post, dated, wanted.number, last)
    return Response(links, content_type=memento.LINK_FORMAT)


@blueprint.get("/revisions/<id:number>/restore")
@confirmed_required
async def ask_to_restore(post_id: int, number: int) -> ResponseReturnValue:
    """Ask before restoring an old text, and show what that changes."""
    keep_out_of_indexes()
    post = (await changeable_post(post_id)).post
    revision, text = await _load_restorable(post, number)
    changes = await comparisons().html(post.body, text.body)
    return await render_template(
        "posts/revisions/restore.html",
        post=post, revision=revision, text=text, before=Text.of(post), changes=changes,
    )  # fmt: skip


@blueprint.post("/revisions/<id:number>/restore")
@quota(WRITING)
@confirmed_required
async def restore(post_id: int, number: int) -> ResponseReturnValue:
    """Restore an old text. If the post has changed meanwhile, show both texts and ask."""
    form = Form(RestoreForm)
    edited = await changeable_post(post_id)
    text = (await _load_restorable(edited.post, number))[1]
    if (data := await form.submitted()) is None:
        raise InvalidFieldsError(form.errors)
    editor = required_viewer()
    body_html = await current_app.renderer.post(text.body, editor.id)
    try:
        restored = service.Restoration(text, body_html, data.version)
        post = await service.restore_revision(db(), editor, post_id, restored)
    except EditConflictError:
        return await _show_conflict(post_id, text)
    if post.holds_edit:
        await flash(str(EDIT_IS_HELD), "info")
        return redirect(post_url(post))
    is_changed = post.version != edited.post.version
    message = _("Revision %(number)s restored.", number=number)
    await flash(message if is_changed else str(IS_CURRENT), "success")
    return redirect(post_url(post))


@blueprint.post("/revisions/<id:number>/hide")
@quota(WRITING)
@confirmed_required
async def hide(post_id: int, number: int) -> ResponseReturnValue:
    """Hide an old text of your own post."""
    await service.hide_revision(db(), required_viewer(), post_id, number)
    await flash(
        _("Revision %(number)s hidden. Only you and moderators can see it.", number=number),
        "success",
    )
    return redirect(url_for("revisions.index", post_id=post_id))


@blueprint.post("/revisions/<id:number>/show")
@quota(WRITING)
@confirmed_required
async def show_again(post_id: int, number: int) -> ResponseReturnValue:
    """Unhide an old text that its author has hidden."""
    await service.show_revision(db(), required_viewer(), post_id, number)
    await flash(
        _("Everyone who can read the post can read revision %(number)s again.", number=number),
        "success",
    )
    return redirect(url_for("revisions.show", post_id=post_id, number=number))


async def _load_readable(post: Post, number: int) -> Readable:
    return require_readable(post, await read(queries.revision_texts, post, number))


async def _load_restorable(post: Post, number: int) -> tuple[queries.Revision, Text]:
    """Load a revision that the viewer, who may change the post, may restore."""
    found = require_readable(post, await look_up(queries.revision_texts, post, number))
    if not may_restore_revision(current_viewer(), post, found.revision):
        raise ForbiddenError(IS_CURRENT) if found.revision.is_current else ForbiddenError
    return found.revision, found.text


async def _show_conflict(post_id: int, text: Text) -> ResponseReturnValue:
    """Show the editor with the old text next to the one that someone has saved meanwhile."""
    await close_db()
    edited = await changeable_post(post_id)
    form: Form[Any] = Form(DraftForm)
    form.values = _form_values(edited, text) | versions_of(edited)
    return await editor_page(form, edited, other=other_of(edited, 0))


def _form_values(edited: Edited, text: Text) -> dict[str, str]:
    """Form values with an old text and the other fields of the post, as if they had been typed."""
    return fields_of(edited.post) | {
        "title": text.title or "",
        "body": text.body,
        "tags": ", ".join(text.tags),
        "language": text.language or "",
        "excerpt": text.summary or "",
    }
