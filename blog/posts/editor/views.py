"""Render the page of the editor."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from quart import render_template, request
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.text.slugs import is_slug_of
from blog.core.text.wall_times import wall_text
from blog.core.web.app import current_app, read
from blog.core.web.cookies import cookie_name
from blog.core.web.forms import Form
from blog.media.queries import choices
from blog.models import Media, Post, PostStatus
from blog.posts.editor import queries
from blog.posts.editor.queries import Edited

# The fields of a working copy.
FIELDS = (
    "title", "body", "tags", "slug", "language", "excerpt", "canonical_url", "cover",
    "comments_open",
)  # fmt: skip
# The newest images offered as covers; another page has all of them.
MOST_CHOICES = 11
# In digits, of a 64-bit id.
LONGEST_ID = 19
# The cookie with the time zone that was chosen last.
ZONE = "time_zone"
NEW_POST = {"version": "0", "copy_version": "0", "comments_open": "true"}


class Other(NamedTuple):
    """A text that someone else has saved in the meantime, or the same person elsewhere.

    Attributes:
        is_published: whether readers see it.
    """

    fields: Mapping[str, str]
    saved_at: datetime | None
    is_published: bool


def fields_of(post: Post) -> dict[str, str]:
    """The fields of a post, as form values."""
    has_own_slug = post.slug and not (post.title and is_slug_of(post.slug, post.title))
    return {
        "title": post.title or "",
        "body": post.body,
        "tags": ", ".join(post.tags),
        "slug": (post.slug or "") if has_own_slug else "",
        "language": post.language or "",
        "excerpt": post.summary or "",
        "canonical_url": post.canonical_url or "",
        "cover": str(post.cover_id or ""),
        "comments_open": "true" if post.comments_open else "false",
    }


def values_of(edited: Edited) -> dict[str, str]:
    """The initial values of the form: the working copy, or else the post."""
    post, copy = edited
    values = fields_of(post) | (dict(copy.fields) if copy else {})
    if post.status == PostStatus.SCHEDULED and post.scheduled_wall:
        values["scheduled_for"] = wall_text(post.scheduled_wall)
        values["time_zone"] = post.time_zone or ""
    return values | versions_of(edited)


def versions_of(edited: Edited) -> dict[str, str]:
    """The versions of the post and the working copy, which the next form must name."""
    copy_version = edited.copy.version if edited.copy else 0
    return {"version": str(edited.post.version), "copy_version": str(copy_version)}


def other_of(edited: Edited, read_version: int) -> Other:
    """The text that conflicts with a form.

    Args:
        read_version: the version of the post that the editor has read.
    """
    post, copy = edited
    is_published = post.status == PostStatus.PUBLISHED
    if copy and is_published and read_version == post.version:
        return Other(fields_of(post) | dict(copy.fields), copy.saved_at, is_published=False)
    return Other(fields_of(post), post.edited_at or post.created_at, is_published)


async def editor_page(
    form: Form[Any],
    edited: Edited | None = None,
    *,
    preview: str | None = None,
    other: Other | None = None,
) -> ResponseReturnValue:
    """The page of the editor.

    Args:
        edited: the post; `None` for a new one.
        preview: the form's text, rendered.
        other: a conflicting text that was saved meanwhile.
    """
    post, copy = edited or (None, None)
    # A form from before there were titles has only a text.
    values = values_of(edited) if edited else NEW_POST
    form.values = {"time_zone": request.cookies.get(cookie_name(ZONE), ""), **values, **form.values}
    page = await render_template(
        "editor/editor.html",
        form=form,
        post=post,
        copy=copy,
        preview=preview,
        other=other,
        own_tags=await read(queries.own_tags, required_viewer().id),
        covers=await _covers(post, form.values.get("cover", "")),
        imports=current_app.settings.import_images,
    )
    return page, 409 if other and request.method == "POST" else form.status


async def _covers(post: Post | None, chosen: str) -> Sequence[Media]:
    """The images offered as covers.

    Anyone but the author may only keep or remove the cover.
    """
    viewer_id = required_viewer().id
    author_id = post.author_id if post else viewer_id
    number = MOST_CHOICES
    if post and author_id != viewer_id:
        number, chosen = 0, str(post.cover_id or "") if chosen else ""
    is_id = chosen.isascii() and chosen.isdigit() and len(chosen) < LONGEST_ID
    return await read(choices, author_id, number, int(chosen) if is_id else 0)
