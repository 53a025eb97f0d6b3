"""The editor, `/write` for a new post and `/edit/<id>` for an existing one, and `/drafts`."""

import dataclasses
from html import unescape

from quart import Blueprint, render_template, request
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import confirmed_required, permission_required
from blog.core.auth.quotas import PREVIEWING, WRITING, quota
from blog.core.db.pagination import DEEPEST_PAGE, CursorRequest
from blog.core.errors import ForbiddenError, NotFoundError
from blog.core.text.visibility import TAG
from blog.core.web.app import current_app, look_up, read
from blog.core.web.forms import Form
from blog.core.web.requests import requested_page
from blog.models import Permission
from blog.posts.editor import queries
from blog.posts.editor.actions import draft_html, handle_form
from blog.posts.editor.queries import Edited
from blog.posts.editor.schemas import DraftForm
from blog.posts.editor.views import editor_page, other_of
from blog.posts.locking import POST_IS_GONE
from blog.posts.policies import may_change_post, may_read_post, unreadable

blueprint = Blueprint("editor", __name__)

LONGEST_SEARCH = 100


@blueprint.get("/write")
@permission_required(Permission.WRITE)
async def write() -> ResponseReturnValue:
    """Show the editor for a new post."""
    return await editor_page(Form(DraftForm))


@blueprint.post("/write")
@quota(WRITING, preview=PREVIEWING)
@permission_required(Permission.WRITE)
async def add() -> ResponseReturnValue:
    """Save a new post as a draft, publish it, schedule it, or show a preview."""
    return await handle_form(None)


@blueprint.get("/edit/<id:post_id>")
@confirmed_required
async def edit(post_id: int) -> ResponseReturnValue:
    """Show the editor for a post, with its unpublished changes if there are any."""
    edited = await changeable_post(post_id)
    is_outdated = edited.copy is not None and edited.copy.base_version != edited.post.version
    other = other_of(edited, 0) if is_outdated else None
    return await editor_page(Form(DraftForm), edited, other=other)


@blueprint.post("/edit/<id:post_id>")
@quota(WRITING, preview=PREVIEWING)
@confirmed_required
async def save(post_id: int) -> ResponseReturnValue:
    """Save or publish a post. If it has changed meanwhile, show both texts and ask."""
    return await handle_form(await changeable_post(post_id))


@blueprint.get("/drafts")
@confirmed_required
async def drafts() -> ResponseReturnValue:
    """List the viewer's drafts, scheduled posts and working copies; `?q=` searches them."""
    search = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    wanted = requested_page(current_app.settings.posts_per_page)
    if isinstance(wanted, CursorRequest) or wanted.number > DEEPEST_PAGE:
        raise NotFoundError
    page = await read(queries.drafts_page, wanted, required_viewer().id, search)
    rows = tuple([row._replace(text=await _plain_beginning(row.text)) for row in page.rows])
    page = dataclasses.replace(page, rows=rows)
    return await render_template("editor/drafts.html", page=page, search=search)


async def _plain_beginning(source: str) -> str:
    """The beginning of a text without its Markdown, if it can be rendered."""
    html = await draft_html(source)
    # There are line breaks between blocks.
    return unescape(TAG.sub("", html)) if html else source


async def changeable_post(post_id: int) -> Edited:
    """Load a post that the viewer may change, with their working copy of it.

    Raises:
        NotFoundError, GoneError, ForbiddenError: there is no such post.
    """
    viewer = required_viewer()
    edited = await look_up(queries.edited_post, post_id, viewer.id)
    if edited is None or not may_read_post(viewer, edited.post):
        raise unreadable(edited and edited.post, POST_IS_GONE)
    if not may_change_post(viewer, edited.post):
        raise ForbiddenError
    return edited
