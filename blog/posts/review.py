"""Posts that are held for review (`blog.review`)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.core.i18n import lazy_gettext
from blog.models import Cover, HeldItem, HeldKind, Post, PostStatus, User
from blog.posts.schemas import PostFields, PostUpdate
from blog.review.content import Content
from blog.review.holding import hold
from blog.review.rules import reasons_to_hold

# Fields whose changes take effect without review.
_UNREVIEWED = {
    "status", "scheduled_for", "time_zone", "pinned", "comments_open", "comments_limited",
}  # fmt: skip
IS_HELD = lazy_gettext("Your post is waiting for a moderator. You'll find it among your drafts.")
EDIT_IS_HELD = lazy_gettext(
    "Your changes are waiting for a moderator. Until then readers see the post as it was."
)


def content_of_form(form: PostFields, body_html: str, cover: Cover | None) -> Content:
    """The content of a new post."""
    lines = (form.title, form.excerpt, form.slug)
    return _content(body_html, form.tags, cover, form.canonical_url, *lines)


def content_of_post(post: Post) -> Content:
    """The content of a post."""
    return content_of_edit(post, {}, post.tags, post.cover)


def content_of_edit(
    post: Post, columns: dict[str, Any], tags: Sequence[str], cover: Cover | None
) -> Content:
    """The content of a post after an edit.

    Args:
        columns: the values that the edit changes.
        tags: the tags after the edit.
        cover: the cover after the edit.
    """
    names = ("body_html", "canonical_url", "title", "summary", "slug")
    html, address, *lines = (columns.get(name, getattr(post, name)) for name in names)
    return _content(html, tags, cover, address, *lines)


def _content(
    html: str, tags: Sequence[str], cover: Cover | None, address: str | None, *lines: str | None
) -> Content:
    shown = (*(line or "" for line in lines), ", ".join(tags), *([cover.alt] if cover else ()))
    images = (cover.name,) if cover else ()
    return Content(html, shown, (address,) if address else (), images)


def held_columns(columns: dict[str, Any], post: Post | None) -> dict[str, Any]:
    """Change the columns of a publication so that the post is held instead.

    A post that was published before keeps that time, and a scheduled one keeps its schedule.

    Args:
        columns: the columns for its publication.
        post: the post; `None` for a new one.
    """
    held: dict[str, Any] = {"status": PostStatus.HELD, "preview_key": None}
    if columns.get("status") == PostStatus.PUBLISHED:
        held["published_at"] = former_publication_time(post)
    return columns | held


def former_publication_time(post: Post | None) -> Any:
    """When a post that is no longer published was published; `None` if it never was."""
    if post is None or post.status == PostStatus.SCHEDULED or post.scheduled_wall is not None:
        return None
    return post.published_at


def payload_of(form: PostFields, cover: Cover | None) -> dict[str, Any]:
    """The fields of an edit, as stored in a held item.

    Args:
        cover: the cover after the edit. Its alternative text is stored as well, because a moderator
            approves that text, and not the one that the image has by then.
    """
    names = {*PostUpdate.model_fields} - _UNREVIEWED
    payload = form.model_dump(mode="json", exclude_unset=True, include=names)
    return payload | ({"cover_alt": cover.alt} if cover and "cover" in payload else {})


async def hold_due(session: AsyncSession, post_ids: Sequence[int]) -> set[int]:
    """Hold the scheduled posts that the rules hold by now; the caller has locked all of them.

    They were scheduled before the rules changed, or edited after they were scheduled.

    Returns:
        The ids of the held posts.
    """
    found = await session.scalars(
        select(Post)
        .where(Post.id.in_(post_ids))
        .options(joinedload(Post.author, innerjoin=True).joinedload(User.role, innerjoin=True))
        .order_by(Post.id)
        .execution_options(populate_existing=True)
    )
    held = set[int]()
    for post in found.all():
        content = content_of_post(post)
        reasons = await reasons_to_hold(session, post.author, content, post_id=post.id)
        if not reasons:
            continue
        if post.scheduled_wall is None:
            post.published_at = None
        post.status, post.preview_key, post.version = PostStatus.HELD, None, post.version + 1
        await session.flush()
        await hold(
            session, HeldKind.POST, content, reasons,
            author_id=post.author_id, post_id=post.id, version=post.version,
        )  # fmt: skip
        held.add(post.id)
    return held


async def waiting_item(
    session: AsyncSession, post_id: int, kind: HeldKind = HeldKind.POST
) -> HeldItem | None:
    """The held item of a post that is waiting for a moderator, if there is one."""
    waiting = select(HeldItem).where(HeldItem.post_id == post_id, HeldItem.kind == kind)
    return await session.scalar(waiting.where(HeldItem.decided_at.is_(None)))
