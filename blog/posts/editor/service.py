"""Drafts that the editor adds, and working copies of published posts.

A post that is not published yet is changed itself, by `blog.posts.editing.edit_post`. Changes of a
published one are kept in a working copy, so that no reader sees them before they are published.
Neither is an event.
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
    """What was saved.

    Attributes:
        version: of the post, or of the working copy.
        is_new: whether the form has added it, and not another one like it before.
    """

    post_id: int
    version: int
    is_new: bool = False


async def create_draft(
    session: AsyncSession, author: Viewer, form: DraftForm, body_html: str, *content: str
) -> Saved:
    """Add a draft. The same form sent twice adds one, which is the answer to both.

    Args:
        body_html: what the renderer has made of the form's text; empty if it refuses it.
        content: what makes it the same form, besides its token.

    Raises:
        ForbiddenError: this person may not write.
        InvalidFieldsError: another post of theirs has the wanted slug.
    """
    if not author.can(Permission.WRITE):
        raise ForbiddenError
    ids = await tag_ids(session, form.tags)
    # From here on, this author's posts are added one after another.
    await lock_author(session, author.id)
    key = submission_key(form, author.id, "draft", *content)
    sent_before = select(Post.id, Post.version).where(Post.submission == key)
    if key and (there := (await session.execute(sent_before)).one_or_none()):
        # The author is not to be locked when its post is locked next.
        await session.commit()
        return Saved(there.id, there.version)
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
    """Keep changes of a published post until they are published.

    Args:
        form: says which versions were changed.
        fields: as they were typed.

    Raises:
        EditConflictError: the post or the working copy was changed meanwhile.
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


async def keep_held_changes(
    session: AsyncSession, editor: Viewer, post: Post, fields: dict[str, str]
) -> None:
    """Keep changes that are held for review as the working copy, so that the editor shows them.

    Args:
        fields: as they were typed.
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
    """Forget the changes of a published post that were not published, also those that wait for a
    moderator."""
    await session.execute(_copies(editor, post_id))
    await drop(
        session, HeldItem.post_id == post_id, HeldItem.author_id == editor.id,
        HeldItem.kind == HeldKind.EDIT,
    )  # fmt: skip
    await session.commit()


async def publish_changes(
    session: AsyncSession, editor: Viewer, post_id: int, form: ChangeForm, body_html: str
) -> Post:
    """Change a published post, and forget the working copy that was made of it.

    The working copy stays if the form does not know of it.

    Raises:
        NotFoundError, ForbiddenError, InvalidFieldsError: as of `edit_post`.
        EditConflictError: the post or the working copy was changed meanwhile.
    """
    if form.copy_version is not None:
        deleted = await session.scalar(_copies(editor, post_id).returning(PostDraft.version))
        if deleted not in {None, form.copy_version}:
            raise EditConflictError
    post = await edit_post(session, editor, post_id, form, body_html, version=form.version)
    await session.commit()
    return post


def _copies(editor: Viewer, post_id: int) -> Any:
    return (
        delete(PostDraft)
        .where(PostDraft.post_id == post_id, PostDraft.editor_id == editor.id)
        .execution_options(synchronize_session=False)
    )
