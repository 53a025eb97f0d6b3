"""Editing posts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth import audit, moderation_log
from blog.core.auth.viewer import Viewer
from blog.core.errors import EditConflictError, ForbiddenError, InvalidFieldsError
from blog.core.events.handlers import record
from blog.core.i18n import lazy_gettext
from blog.core.purging.keys import tag_key
from blog.core.purging.marks import mark
from blog.core.web.app import current_app
from blog.models import Act, Cover, HeldItem, HeldKind, Post, PostStatus
from blog.posts.events import PostChanged, PostPublished, PostUnpublished
from blog.posts.fields import (
    READ_BY_ALL,
    changed_columns,
    choose_slug,
    chosen_cover,
    has_tags,
    keeps_slug,
    lock_cover,
    pin_columns,
    set_tags,
    tag_ids,
)
from blog.posts.locking import load_parts, lock_post_with_parts, set_parts
from blog.posts.mentions import WrittenText, note_mentions, notify_mentioned_in, replace_mentions
from blog.posts.policies import may_publish_post
from blog.posts.publication import publication_columns
from blog.posts.review import content_of_edit, content_of_post, held_columns, payload_of
from blog.posts.revisions.history import State, save_revision
from blog.posts.schemas import PostFields
from blog.review.content import Content
from blog.review.holding import drop, hold
from blog.review.rules import Reason, reasons_to_hold

ONLY_ITS_AUTHOR = lazy_gettext("Only the author can publish, schedule or pin a post.")
ONLY_REMOVES_COVER = lazy_gettext("Only the author can choose a cover. You can remove it.")
_OF_COVER = {"cover_id", "cover_alt"}
# Columns that moderators don't review.
UNREVIEWED = {"pinned_at", "comments_open", "comments_limited"}
NOT_EMPTY = lazy_gettext("Write something before you publish.")


async def edit_post(
    session: AsyncSession,
    editor: Viewer,
    post_id: int,
    form: PostFields,
    body_html: str | None = None,
    *,
    version: int | None = None,
) -> Post:
    """Change a post, if the editor has read its current version.

    Edits that the rules hold for review wait for a moderator: an unpublished post gets the status
    `held`, and changes to a public one are stored beside it, as `holds_edit` tells. Pinning a post
    and choosing who can comment need no review and take effect at once.

    Args:
        form: the new values of the fields that were sent.
        body_html: the form's text, rendered; `None` if it has none.
        version: the version of the post that the editor has read; `None` accepts any.

    Raises:
        NotFoundError: the post doesn't exist (any more), or a moderator has hidden it.
        ForbiddenError: this person may not edit it, or only its author may.
        InvalidFieldsError: as in `write_post`.
        EditConflictError: someone has changed it meanwhile, to something other than this.
    """
    post = await change_post(session, editor, post_id, form, body_html, version=version)
    await session.commit()
    return post


async def change_post(
    session: AsyncSession,
    editor: Viewer,
    post_id: int,
    form: PostFields,
    body_html: str | None = None,
    *,
    version: int | None = None,
    is_approved: bool = False,
    cover_alt: str | None = None,
) -> Post:
    """Like `edit_post`; the caller commits.

    Args:
        is_approved: whether a moderator has read the result, so that nothing is held.
        cover_alt: the alternative text of the cover that the moderator has read.
    """
    post, parts = await lock_post_with_parts(session, editor, post_id)
    before = State.of(post)
    edit = await _build_edit(
        session, editor, post, form, body_html, time=parts.transaction_time, cover_alt=cover_alt
    )
    if edit.changes_nothing:
        return post
    if version not in {None, post.version}:
        raise EditConflictError
    own_slug = {"slug": form.slug} if form.slug and not edit.keeps_slug else {}
    content = content_of_edit(post, edit.columns | own_slug, edit.tags, edit.cover)
    is_new_text = content.digest != content_of_post(post).digest
    reasons = (
        ()
        if is_approved
        else await _find_reasons(session, editor, post, content, edit, is_new_text=is_new_text)
    )
    status = edit.columns.get("status", before.status)
    if reasons and before.status == status == PostStatus.PUBLISHED:
        await hold(
            session, HeldKind.EDIT, content, reasons, author_id=post.author_id, post_id=post_id,
            payload=payload_of(form, edit.cover), version=post.version,
        )  # fmt: skip
        await _apply_unreviewed(session, post, form, edit)
        set_parts(post, parts)
        post.holds_edit = True
        return post
    if reasons:
        edit = edit._replace(columns=held_columns(edit.columns, post))
    await _apply(session, post, form, edit)
    await _save_history_and_notify(session, editor, post, edit, before)
    if not is_approved:
        await _update_held_items(session, post, before, content, reasons, is_new_text=is_new_text)
    await session.flush()  # After which the parts have expired.
    if edit.changes_parts:
        parts = await load_parts(session, post)
    set_parts(post, parts)
    if editor.id != post.author_id:
        entry = audit.record(session, editor, Act.EDIT_POST, post.author, post=post.id)
        await moderation_log.publish(session, entry)
    return post


class _Edit(NamedTuple):
    """The changes of an edit.

    Attributes:
        columns: the new values, except for the slug.
        tags: the names of the post's tags after the edit.
        tag_ids: their ids, if the tags change.
        cover: the post's cover after the edit.
        keeps_slug: whether the slug stays the same.
        time: the time of the edit.
    """

    columns: dict[str, Any]
    tags: Sequence[str]
    tag_ids: Sequence[int] | None
    cover: Cover | None
    keeps_slug: bool
    time: datetime

    @property
    def changes_nothing(self) -> bool:
        return not self.columns and self.tag_ids is None and self.keeps_slug

    @property
    def changes_parts(self) -> bool:
        """Whether it changes the rows in other tables that belong to a post."""
        return self.tag_ids is not None or not _OF_COVER.isdisjoint(self.columns)


async def _build_edit(
    session: AsyncSession,
    editor: Viewer,
    post: Post,
    form: PostFields,
    body_html: str | None,
    *,
    time: datetime,
    cover_alt: str | None,
) -> _Edit:
    """Validate an edit of a locked post, and work out what it changes; raises as `edit_post`."""
    keeps_tags = has_tags(post, form)
    # Tags are locked before the author.
    ids = await tag_ids(session, () if keeps_tags else form.tags, of_posts=[post.id])
    columns = changed_columns(post, form, body_html)
    is_edited = not READ_BY_ALL.isdisjoint(columns)
    author_columns = publication_columns(form, post, time)
    author_columns |= await pin_columns(session, form, post.author_id, post, time)
    if author_columns and not may_publish_post(editor, post):
        raise ForbiddenError(ONLY_ITS_AUTHOR)
    columns |= author_columns
    cover = await _find_cover(session, editor, post, form, columns, alt=cover_alt)
    if columns.get("cover_id") and editor.id != post.author_id:
        # Otherwise an administrator could publish an image that the author has not.
        raise InvalidFieldsError({"cover": ONLY_REMOVES_COVER})
    status = columns.get("status", post.status)
    if status != PostStatus.DRAFT and not columns.get("body_html", post.body_html):
        raise InvalidFieldsError({"body": NOT_EMPTY})
    keeps_its_slug = keeps_slug(post, form, columns.get("title", post.title))
    tags, new_ids = (post.tags, None) if keeps_tags else (form.tags, ids)
    edit = _Edit(columns, tags, new_ids, cover, keeps_its_slug, time)
    stays_draft = PostStatus.PUBLISHED not in {post.status, status}
    if not edit.changes_nothing and (is_edited or stays_draft):
        columns.setdefault("edited_at", time)  # The first publication has set that to `None`.
    return edit


async def _find_cover(
    session: AsyncSession, editor: Viewer, post: Post, form: PostFields, columns: dict[str, Any],
    *, alt: str | None,
) -> Cover | None:  # fmt: skip
    """The cover of a post after an edit.

    A public post keeps the alternative text that its cover had when it was chosen, until its author
    sends the cover again. So a new text is part of an edit, and held if the edit is.

    Args:
        columns: what the edit changes; gets the alternative text if that is new.
        alt: the alternative text that a moderator has read; `None` for that of the image.
    """
    cover_id = columns.get("cover_id", post.cover_id)
    if cover_id is None or editor.id != post.author_id:
        return post.cover if cover_id else None
    if "cover" not in form.model_fields_set and post.status != PostStatus.DRAFT:
        return post.cover
    cover = await chosen_cover(session, cover_id)
    if cover and alt is not None:
        cover = cover._replace(alt=alt)
    if cover and cover != post.cover:
        columns["cover_alt"] = cover.alt
    return cover


async def _find_reasons(
    session: AsyncSession, editor: Viewer, post: Post, content: Content, edit: _Edit, *,
    is_new_text: bool,
) -> Sequence[Reason]:  # fmt: skip
    """The reasons to hold an edit; none if it publishes nothing new."""
    status = edit.columns.get("status", post.status)
    if editor.id != post.author_id or status in {PostStatus.DRAFT, PostStatus.HELD}:
        return ()
    # Changes to a scheduled post are checked when it is published.
    is_sent = "status" in edit.columns or (is_new_text and status == PostStatus.PUBLISHED)
    if not is_sent:
        return ()
    return await reasons_to_hold(session, editor.person, content, post_id=post.id)


async def _apply_unreviewed(
    session: AsyncSession, post: Post, form: PostFields, edit: _Edit
) -> None:
    """Apply the changes to a public post that need no review, while the others are held.

    The version stays the same, so the same form sent twice is no conflict.

    Raises:
        InvalidFieldsError: the held changes couldn't be published. The author learns of it now,
            rather than a moderator later.
    """
    if not edit.keeps_slug:
        title = edit.columns.get("title", post.title)
        await choose_slug(session, post.author_id, title, form.slug, post.id)
    if cover_id := edit.columns.get("cover_id"):
        await lock_cover(session, post.author_id, cover_id)
    if changes := {name: edit.columns[name] for name in UNREVIEWED & edit.columns.keys()}:
        for name, value in changes.items():
            setattr(post, name, value)
        await _record_event(session, post, post.status, post.author_id)
        await session.flush()


async def _update_held_items(
    session: AsyncSession, post: Post, before: State, content: Content,
    reasons: Sequence[Reason], *, is_new_text: bool,
) -> None:  # fmt: skip
    """Hold a changed post, or drop held items that the change has replaced."""
    await session.flush()
    item_of_post = HeldItem.post_id == post.id
    if reasons:
        await drop(session, item_of_post, HeldItem.kind == HeldKind.EDIT)
        await hold(
            session, HeldKind.POST, content, reasons,
            author_id=post.author_id, post_id=post.id, version=post.version,
        )  # fmt: skip
    elif before.status == PostStatus.HELD and post.status != PostStatus.HELD:
        await drop(session, item_of_post, HeldItem.kind == HeldKind.POST)
    elif before.status != PostStatus.PUBLISHED or not current_app.site.holds_anything:
        return
    elif is_new_text or post.status != PostStatus.PUBLISHED:
        # These changes replace the ones that are held.
        await drop(session, item_of_post, HeldItem.kind == HeldKind.EDIT)
    else:
        edits = (item_of_post, HeldItem.kind == HeldKind.EDIT, HeldItem.decided_at.is_(None))
        kept_edits = update(HeldItem).where(*edits, HeldItem.version == post.version - 1)
        await session.execute(
            kept_edits.values(version=post.version).execution_options(synchronize_session=False)
        )


async def _apply(session: AsyncSession, post: Post, form: PostFields, edit: _Edit) -> None:
    """Change the rows of a locked post."""
    # People already mentioned are not notified, even if the mention was never recorded.
    await note_mentions(session, [WrittenText(post.body_html, post.id)], are_old=True)
    if edit.tag_ids is not None:
        await mark(session, *map(tag_key, post.tags))  # The post may lose some of its tags.
        await set_tags(session, post.id, edit.tag_ids)
    if not edit.keeps_slug:
        title = edit.columns.get("title", post.title)
        post.slug = await choose_slug(session, post.author_id, title, form.slug, post.id)
    if cover_id := edit.columns.get("cover_id"):
        await lock_cover(session, post.author_id, cover_id)
    for name, value in edit.columns.items():
        setattr(post, name, value)
    post.version += 1


async def _save_history_and_notify(
    session: AsyncSession, editor: Viewer, post: Post, edit: _Edit, before: State
) -> None:
    """Save the replaced text as a revision, record the event, and notify people mentioned."""
    await save_revision(session, post, before, tags=edit.tags, editor_id=editor.id, time=edit.time)
    await _record_event(session, post, before.status, editor.id)
    await replace_mentions(session, post.id, None, before.text.body_html, post.body_html)
    await notify_mentioned_in(session, post.id, post.body_html)


async def _record_event(
    session: AsyncSession, post: Post, status_before: PostStatus, editor_id: int
) -> None:
    is_published, was_published = (
        each == PostStatus.PUBLISHED for each in (post.status, status_before)
    )
    if is_published and was_published:
        await record(session, PostChanged(post.id, post.author_id, changed_by=editor_id))
    elif is_published:
        await record(session, PostPublished(post.id, post.author_id))
    elif was_published:
        await record(session, PostUnpublished(post.id, post.author_id))
