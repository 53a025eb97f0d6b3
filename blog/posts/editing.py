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
from blog.models import Act, HeldItem, HeldKind, Post, PostStatus
from blog.posts.events import PostChanged, PostPublished, PostUnpublished
from blog.posts.fields import (
    READ_BY_ALL,
    changed_columns,
    has_tags,
    keeps_slug,
    lock_cover,
    new_slug,
    pin_columns,
    set_tags,
    tag_ids,
)
from blog.posts.locking import locked_with_parts, read_parts, set_parts
from blog.posts.mentions import WrittenText, note_mentions, replace_mentions, tell_mentioned_in
from blog.posts.policies import may_publish_post
from blog.posts.publication import publication_columns
from blog.posts.review import content_of_post, held_columns, payload_of
from blog.posts.revisions.history import State, keep_revision
from blog.posts.schemas import PostFields
from blog.review.content import Content
from blog.review.holding import drop, hold
from blog.review.rules import Reason, reasons_to_hold

ONLY_ITS_AUTHOR = lazy_gettext("Only the author can publish, schedule or pin a post.")
ONLY_REMOVES_COVER = lazy_gettext("Only the author can choose a cover. You can remove it.")
# The columns of what no moderator reads.
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
    """Change a post, if the editor has read what they change.

    What the rules hold for review waits for a moderator: an unpublished post with the status
    `held`, and changes of a public one beside it, which its `holds_edit` says. Pinning a post, and
    who can comment, needs no review, and waits for nothing.

    Args:
        form: the new values, of those fields that were sent.
        body_html: what the renderer has made of the form's text; `None` if it has none.
        version: of the post that the editor has read; `None` accepts any.

    Raises:
        NotFoundError: the post is not there (any more), or a moderator has hidden it.
        ForbiddenError: this person may not edit it, or only its author may.
        InvalidFieldsError: as by `write_post`.
        EditConflictError: someone has changed it meanwhile, to something else than this.
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
) -> Post:
    """Like `edit_post`; the caller commits.

    Args:
        is_approved: whether a moderator has read what it becomes, so that nothing is held.
    """
    post, parts = await locked_with_parts(session, editor, post_id)
    before = State.of(post)
    edit = await _edit_of(session, editor, post, form, body_html, moment=parts.moment)
    if edit.changes_nothing:
        return post
    if version not in {None, post.version}:
        raise EditConflictError
    own_slug = {"slug": form.slug} if form.slug and not edit.keeps_slug else {}
    content = content_of_post(post, edit.columns | own_slug, edit.tags)
    is_new_text = content.digest != content_of_post(post, {}, post.tags).digest
    reasons = (
        ()
        if is_approved
        else await _reasons(session, editor, post, content, edit, is_new_text=is_new_text)
    )
    status = edit.columns.get("status", before.status)
    if reasons and before.status == status == PostStatus.PUBLISHED:
        await hold(
            session, HeldKind.EDIT, content, reasons, author_id=post.author_id, post_id=post_id,
            payload=payload_of(form), version=post.version,
        )  # fmt: skip
        await _apply_unreviewed(session, post, form, edit)
        set_parts(post, parts)
        post.holds_edit = True
        return post
    if reasons:
        edit = edit._replace(columns=held_columns(edit.columns, post))
    await _apply(session, post, form, edit)
    await _keep_and_tell(session, editor, post, edit, before)
    if not is_approved:
        await _note_held(session, post, before, content, reasons, is_new_text=is_new_text)
    await session.flush()  # After which the parts have expired.
    if edit.changes_parts:
        parts = await read_parts(session, post)
    set_parts(post, parts)
    if editor.id != post.author_id:
        entry = audit.record(session, editor, Act.EDIT_POST, post.author, post=post.id)
        await moderation_log.publish(session, entry)
    return post


class _Edit(NamedTuple):
    """What an edit changes.

    Attributes:
        columns: the new values, except for the slug.
        tags: the names of the tags that the post has afterwards.
        tag_ids: their ids, if they are new ones.
        keeps_slug: whether it keeps the slug.
        moment: its time.
    """

    columns: dict[str, Any]
    tags: Sequence[str]
    tag_ids: Sequence[int] | None
    keeps_slug: bool
    moment: datetime

    @property
    def changes_nothing(self) -> bool:
        return not self.columns and self.tag_ids is None and self.keeps_slug

    @property
    def changes_parts(self) -> bool:
        """Whether it changes what a post has in other tables."""
        return self.tag_ids is not None or "cover_id" in self.columns


async def _edit_of(
    session: AsyncSession,
    editor: Viewer,
    post: Post,
    form: PostFields,
    body_html: str | None,
    *,
    moment: datetime,
) -> _Edit:
    """What an edit changes of a locked post, checked; as by `edit_post`."""
    keeps_tags = has_tags(post, form)
    # Before the author.
    ids = await tag_ids(session, () if keeps_tags else form.tags, of_posts=[post.id])
    columns = changed_columns(post, form, body_html)
    is_edited = not READ_BY_ALL.isdisjoint(columns)
    of_author = publication_columns(form, post, moment)
    of_author |= await pin_columns(session, form, post.author_id, post, moment)
    if of_author and not may_publish_post(editor, post):
        raise ForbiddenError(ONLY_ITS_AUTHOR)
    columns |= of_author
    if columns.get("cover_id") and editor.id != post.author_id:
        # It may be one that the author has not published.
        raise InvalidFieldsError({"cover": ONLY_REMOVES_COVER})
    status = columns.get("status", post.status)
    if status != PostStatus.DRAFT and not columns.get("body_html", post.body_html):
        raise InvalidFieldsError({"body": NOT_EMPTY})
    keeps_its_slug = keeps_slug(post, form, columns.get("title", post.title))
    tags, new_ids = (post.tags, None) if keeps_tags else (form.tags, ids)
    edit = _Edit(columns, tags, new_ids, keeps_its_slug, moment)
    stays_draft = PostStatus.PUBLISHED not in {post.status, status}
    if not edit.changes_nothing and (is_edited or stays_draft):
        columns.setdefault("edited_at", moment)  # The first publication has set that to `None`.
    return edit


async def _reasons(
    session: AsyncSession, editor: Viewer, post: Post, content: Content, edit: _Edit, *,
    is_new_text: bool,
) -> Sequence[Reason]:  # fmt: skip
    """Why an edit is held, other than one that publishes nothing new."""
    status = edit.columns.get("status", post.status)
    if editor.id != post.author_id or status in {PostStatus.DRAFT, PostStatus.HELD}:
        return ()
    # What changes while it is scheduled is looked at when it is published.
    is_sent = "status" in edit.columns or (is_new_text and status == PostStatus.PUBLISHED)
    if not is_sent:
        return ()
    return await reasons_to_hold(session, editor.person, content, post_id=post.id)


async def _apply_unreviewed(
    session: AsyncSession, post: Post, form: PostFields, edit: _Edit
) -> None:
    """Change what needs no review of a public post, whose other changes are held.

    Its version stays: the same form, sent twice, is no conflict.

    Raises:
        InvalidFieldsError: the others couldn't be published; their author learns of it now, and not
            a moderator later.
    """
    if not edit.keeps_slug:
        title = edit.columns.get("title", post.title)
        await new_slug(session, post.author_id, title, form.slug, post.id)
    if cover_id := edit.columns.get("cover_id"):
        await lock_cover(session, post.author_id, cover_id)
    if changes := {name: edit.columns[name] for name in UNREVIEWED & edit.columns.keys()}:
        for name, value in changes.items():
            setattr(post, name, value)
        await _record_edit(session, post, post.status, post.author_id)
        await session.flush()


async def _note_held(
    session: AsyncSession, post: Post, before: State, content: Content,
    reasons: Sequence[Reason], *, is_new_text: bool,
) -> None:  # fmt: skip
    """Hold a changed post, or take back what was held of it before."""
    await session.flush()
    of_it = HeldItem.post_id == post.id
    if reasons:
        await drop(session, of_it, HeldItem.kind == HeldKind.EDIT)
        await hold(
            session, HeldKind.POST, content, reasons,
            author_id=post.author_id, post_id=post.id, version=post.version,
        )  # fmt: skip
    elif before.status == PostStatus.HELD and post.status != PostStatus.HELD:
        await drop(session, of_it, HeldItem.kind == HeldKind.POST)
    elif before.status != PostStatus.PUBLISHED or not current_app.site.holds_anything:
        return
    elif is_new_text or post.status != PostStatus.PUBLISHED:
        # These changes take the place of those that wait.
        await drop(session, of_it, HeldItem.kind == HeldKind.EDIT)
    else:
        edits = (of_it, HeldItem.kind == HeldKind.EDIT, HeldItem.decided_at.is_(None))
        still_fit = update(HeldItem).where(*edits, HeldItem.version == post.version - 1)
        await session.execute(
            still_fit.values(version=post.version).execution_options(synchronize_session=False)
        )


async def _apply(session: AsyncSession, post: Post, form: PostFields, edit: _Edit) -> None:
    """Change the rows of a locked post."""
    # Those who are mentioned already are not told, even if that was not noted when it was written.
    await note_mentions(session, [WrittenText(post.body_html, post.id)], are_old=True)
    if edit.tag_ids is not None:
        await mark(session, *map(tag_key, post.tags))  # It may lose some.
        await set_tags(session, post.id, edit.tag_ids)
    if not edit.keeps_slug:
        title = edit.columns.get("title", post.title)
        post.slug = await new_slug(session, post.author_id, title, form.slug, post.id)
    if cover_id := edit.columns.get("cover_id"):
        await lock_cover(session, post.author_id, cover_id)
    for name, value in edit.columns.items():
        setattr(post, name, value)
    post.version += 1


async def _keep_and_tell(
    session: AsyncSession, editor: Viewer, post: Post, edit: _Edit, before: State
) -> None:
    """Keep the text that was replaced, and record the edit where others learn of it."""
    await keep_revision(
        session, post, before, tags=edit.tags, editor_id=editor.id, moment=edit.moment
    )
    await _record_edit(session, post, before.status, editor.id)
    await replace_mentions(session, post.id, None, before.text.body_html, post.body_html)
    await tell_mentioned_in(session, post.id, post.body_html)


async def _record_edit(session: AsyncSession, post: Post, was: PostStatus, editor_id: int) -> None:
    is_published, was_published = (each == PostStatus.PUBLISHED for each in (post.status, was))
    if is_published and was_published:
        await record(session, PostChanged(post.id, post.author_id, changed_by=editor_id))
    elif is_published:
        await record(session, PostPublished(post.id, post.author_id))
    elif was_published:
        await record(session, PostUnpublished(post.id, post.author_id))
