"""Add drafts, and save working copies of published posts.

An unpublished post is itself changed, by `blog.posts.editing.edit_post`. Changes to a published one
are saved in a working copy, so that readers don't see them before they are published. Neither
records an event.
"""

from typing import Any, NamedTuple

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.errors import EditConflictError, ForbiddenError
from blog.core.web.submissions import submission_key
from blog.models import HeldItem, HeldKind, Permission, Post, PostDraft, PostStatus
from blog.posts.editing import edit_post
from blog.posts.editor.schemas import ChangeForm, DraftForm
from blog.posts.fields import lock_author, tag_ids, text_columns
from blog.posts.service import insert_post
from blog.review.holding import drop


class Saved(NamedTuple):
    """The result of saving.

    Attributes:
        version: the version of the post or working copy.
        is_new: whether this form added it, rather than the same form sent before.
    """

    post_id: int
    version: int
    is_new: bool = False


async def create_draft(
    session: AsyncSession, author: Viewer, form: DraftForm, body_html: str, *content: str
) -> Saved:
    """Add a draft. The same form sent twice adds one draft, which is returned both times.

    Args:
        body_html: the form's text, rendered; empty if the renderer refused it.
        content: identifies the form, along with its token.

    Raises:
        ForbiddenError: this person may not write.
        InvalidFieldsError: another post of theirs has this slug.
    """
    if not author.can(Permission.WRITE):
        raise ForbiddenError
    ids = await tag_ids(session, form.tags)
    # From here on, this author's posts are added one after another.
    await lock_author(session, author.id)
    key = submission_key(form, author.id, "draft", *content)
    earlier = select(Post.id, Post.version).where(Post.submission == key)
    if key and (existing := (await session.execute(earlier)).one_or_none()):
        # Release the author, because the post is locked next, and posts are locked first.
        await session.commit()
        return Saved(existing.id, existing.version)
    post_id = await insert_post(
        session, author.id, form, ids,
        submission=key, status=PostStatus.DRAFT, published_at=None,
        **text_columns(form.body, body_html),
    )  # fmt: skip
    await session.commit()
    return Saved(post_id, 1, is_new=True)


async def save_working_copy(
    session: AsyncSession, editor: Viewer, post: Post, form: DraftForm, fields: dict[str, str]
) -> Saved:
    """Save changes to a published post until they are published.

    Args:
        form: the form, with the versions that were changed.
        fields: the fields as typed.

    Raises:
        EditConflictError: the post or the working copy has changed meanwhile.
    """
    if form.version != post.version:
        raise EditConflictError
    values = {"fields": fields, "base_version": post.version, "saved_at": now()}
    if form.copy_version:
        changed = (
            update(PostDraft)
            .where(PostDraft.post_id == post.id, PostDraft.editor_id == editor.id)
            .where(PostDraft.version == form.copy_version)
            .values(version=PostDraft.version + 1, **values)
            .execution_options(synchronize_session=False)
        )
        version = await session.scalar(changed.returning(PostDraft.version))
    else:
        added = insert(PostDraft).values(post_id=post.id, editor_id=editor.id, **values)
        version = await session.scalar(added.on_conflict_do_nothing().returning(PostDraft.version))
    if version is None:
        raise EditConflictError
    await session.commit()
    return Saved(post.id, version)


async def save_held_changes(
    session: AsyncSession, editor: Viewer, post: Post, fields: dict[str, str]
) -> None:
    """Save changes that are held for review as the working copy, so that the editor shows them.

    Args:
        fields: the fields as typed.
    """
    values = {"fields": fields, "base_version": post.version, "saved_at": now()}
    added = insert(PostDraft).values(post_id=post.id, editor_id=editor.id, **values)
    await session.execute(
        added.on_conflict_do_update(
            index_elements=["post_id", "editor_id"],
            set_={**values, "version": PostDraft.version + 1},
        )
    )
    await session.commit()


async def discard_working_copy(session: AsyncSession, editor: Viewer, post_id: int) -> None:
    """Delete the unpublished changes to a published post, including those that are waiting for a
    moderator."""
    await session.execute(_delete_copies(editor, post_id))
    await drop(
        session, HeldItem.post_id == post_id, HeldItem.author_id == editor.id,
        HeldItem.kind == HeldKind.EDIT,
    )  # fmt: skip
    await session.commit()


async def publish_changes(
    session: AsyncSession, editor: Viewer, post_id: int, form: ChangeForm, body_html: str
) -> Post:
    """Change a published post, and delete its working copy.

    The working copy stays if the form doesn't know about working copies.

    Raises:
        NotFoundError, ForbiddenError, InvalidFieldsError: as in `edit_post`.
        EditConflictError: the post or the working copy has changed meanwhile.
    """
    if form.copy_version is not None:
        deleted = await session.scalar(_delete_copies(editor, post_id).returning(PostDraft.version))
        if deleted not in {None, form.copy_version}:
            raise EditConflictError
    post = await edit_post(session, editor, post_id, form, body_html, version=form.version)
    await session.commit()
    return post


def _delete_copies(editor: Viewer, post_id: int) -> Any:
    return (
        delete(PostDraft)
        .where(PostDraft.post_id == post_id, PostDraft.editor_id == editor.id)
        .execution_options(synchronize_session=False)
    )
