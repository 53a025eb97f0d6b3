"""Writing posts. Each function is one action in one transaction.

Triggers count the posts. A post is locked before anything that belongs to it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import defer
from sqlalchemy.orm.attributes import set_committed_value

from blog.core.auth import audit, moderation_log
from blog.core.auth.viewer import Viewer
from blog.core.errors import EditConflictError, ForbiddenError, InvalidFieldsError, NotFoundError
from blog.core.events.handlers import record
from blog.core.text.syntax.mentions import mentioned_in
from blog.core.web.batches import Batches
from blog.core.web.submissions import submission_key
from blog.models import Act, Permission, Post, PostStatus, User
from blog.models.account_deletion import not_deleted
from blog.posts.events import PostChanged, PostDeleted, PostPublished, PostUnpublished
from blog.posts.fields import (
    COLUMN_OF,
    READ_BY_ALL,
    changed_columns,
    field_columns,
    has_tags,
    keeps_slug,
    lock_author,
    lock_cover,
    new_slug,
    pin_columns,
    set_tags,
    tag_ids,
    text_columns,
)
from blog.posts.lists import Author, ListedPost
from blog.posts.mentions import WrittenText, note_mentions, replace_mentions, tell_mentioned
from blog.posts.policies import may_change_post, may_publish_post, may_read_post, unreadable
from blog.posts.publication import publication_columns
from blog.posts.queries import listed_by_submission, listed_post
from blog.posts.revisions.history import State, keep_revision
from blog.posts.schemas import PostFields, PostForm
from blog.posts.writes import NewPost, publish

ONLY_ITS_AUTHOR = "Only the author can publish, schedule or pin a post."
ONLY_REMOVES_COVER = "Only the author can choose a cover. You can remove it."
NOT_EMPTY = "Write something before you publish."
POST_IS_GONE = "This post doesn't exist. It may have been deleted."


async def write_post(
    writes: Batches,
    session: Callable[[], AsyncSession],
    author: Viewer,
    form: PostForm,
    body_html: str,
) -> ListedPost:
    """Write a post. The same form sent twice makes one, which is the answer to both.

    A post that has nothing but a text, and mentions nobody, is written in a batch with those of
    other requests.

    Args:
        session: opens the transaction of any other post.
        body_html: what the renderer has made of the form's text.

    Raises:
        ForbiddenError: this person may not write.
        InvalidFieldsError: another post of theirs has the wanted slug, the cover is none of their
            images, they have pinned too many others, or it cannot be scheduled for this time.
        NotFoundError: the form was sent before, and what it published is deleted at this moment.
    """
    if not author.can(Permission.WRITE):
        raise ForbiddenError
    if form.has_only_text and not mentioned_in(body_html):
        post = NewPost(
            author=Author.of(author),
            language=author.person.language,
            text=text_columns(form.body, body_html),
            submission=submission_key(form, author.id, form.body),
        )
        published = await writes.run(publish, post)
    else:
        published = await _add(session(), author, form, body_html)
    if published is None:
        raise NotFoundError(POST_IS_GONE)
    return published


async def _add(
    session: AsyncSession, author: Viewer, form: PostForm, body_html: str
) -> ListedPost | None:
    ids = await tag_ids(session, form.tags)
    # From here on, this author's posts are added one after another.
    await lock_author(session, author.id)
    key = submission_key(form, author.id, form.model_dump_json(exclude={"submission"}))
    if key and (sent_before := await listed_by_submission(session, [key])):
        return sent_before[key]
    moment = await moment_of_transaction(session)
    columns = publication_columns(form, None, moment)
    columns |= await pin_columns(session, form, author.id, None, moment)
    columns |= text_columns(form.body, body_html)
    post_id = await insert_post(session, author.id, form, ids, submission=key, **columns)
    if columns["status"] == PostStatus.PUBLISHED:
        await record(session, PostPublished(post_id, author.id))
        await _tell_mentioned(session, post_id, body_html)
    written = await listed_post(session, post_id)
    await session.commit()
    return written


async def insert_post(
    session: AsyncSession, author_id: int, form: PostFields, tag_ids: Sequence[int], **columns: Any
) -> int:
    """Insert a post with the fields of a form; the caller has locked the author, and commits.

    Args:
        tag_ids: the ids of its tags, in their order.
        columns: all other columns, among them the status.

    Returns:
        Its id.

    Raises:
        InvalidFieldsError: another post of this author has the wanted slug, or the cover is none
            of their images.
    """
    slug = await new_slug(session, author_id, form.title, form.slug)
    if form.cover is not None:
        await lock_cover(session, author_id, form.cover)
    columns |= field_columns(form, COLUMN_OF)
    columns["revision"] = int(columns["status"] == PostStatus.PUBLISHED)
    post = insert(Post).values(author_id=author_id, slug=slug, **columns)
    post_id = (await session.scalars(post.returning(Post.id))).one()
    await set_tags(session, post_id, tag_ids)
    await note_mentions(session, [WrittenText(columns["body_html"], post_id)])
    return post_id


async def _tell_mentioned(session: AsyncSession, post_id: int, body_html: str) -> None:
    if mentioned_in(body_html):
        await tell_mentioned(session, posts=[post_id])


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

    Args:
        form: the new values, of those fields that were sent.
        body_html: what the renderer has made of the form's text; `None` if it has none.
        version: of the post that the editor has read; `None` accepts any.

    Raises:
        NotFoundError: the post is not there (any more), or a moderator has hidden it.
        ForbiddenError: this person may not edit it, or only its author may.
        InvalidFieldsError: as by `write_post`.
        EditConflictError: somebody has changed it meanwhile, to something else than this.
    """
    post = await locked_post(session, editor, post_id)
    moment, before, was = await moment_of_transaction(session), State.of(post), post.status
    keeps_tags = has_tags(post, form)
    # Before the author.
    ids = await tag_ids(session, () if keeps_tags else form.tags, of_posts=[post.id])
    changes = changed_columns(post, form, body_html)
    is_edited = not READ_BY_ALL.isdisjoint(changes)
    of_author = publication_columns(form, post, moment)
    of_author |= await pin_columns(session, form, post.author_id, post, moment)
    if of_author and not may_publish_post(editor, post):
        raise ForbiddenError(ONLY_ITS_AUTHOR)
    changes |= of_author
    is_draft = changes.get("status", was) == PostStatus.DRAFT
    if not is_draft and not changes.get("body_html", post.body_html):
        raise InvalidFieldsError({"body": NOT_EMPTY})
    title = changes.get("title", post.title)
    keeps_its_slug = keeps_slug(post, form, title)
    if not changes and keeps_tags and keeps_its_slug:
        return post
    if version not in {None, post.version}:
        raise EditConflictError
    # Those who are mentioned already are not told, even if that was not noted when it was written.
    await note_mentions(session, [WrittenText(post.body_html, post.id)], are_old=True)
    if not keeps_tags:
        await set_tags(session, post.id, ids)
    if not keeps_its_slug:
        post.slug = await new_slug(session, post.author_id, title, form.slug, post.id)
    if cover_id := changes.get("cover_id"):
        if editor.id != post.author_id:
            # It may be one that the author has not published.
            raise InvalidFieldsError({"cover": ONLY_REMOVES_COVER})
        await lock_cover(session, post.author_id, cover_id)
    stays_draft = PostStatus.PUBLISHED not in {was, changes.get("status", was)}
    if is_edited or stays_draft:
        post.edited_at = moment
    for name, value in changes.items():
        setattr(post, name, value)
    post.version += 1
    tags = before.text.tags if keeps_tags else form.tags
    await keep_revision(session, post, before, tags=tags, editor_id=editor.id, moment=moment)
    if editor.id != post.author_id:
        edit = audit.record(session, editor, Act.EDIT_POST, post.author, post=post.id)
    await _record_edit(session, post, was, editor)
    await replace_mentions(session, post.id, None, before.text.body_html, post.body_html)
    await _tell_mentioned(session, post.id, post.body_html)
    await _load_parts(session, post)  # They have expired with the change.
    if editor.id != post.author_id:
        await moderation_log.publish(session, edit)
    await session.commit()
    return post


async def _record_edit(session: AsyncSession, post: Post, was: PostStatus, editor: Viewer) -> None:
    is_published, was_published = (each == PostStatus.PUBLISHED for each in (post.status, was))
    if is_published and was_published:
        await record(session, PostChanged(post.id, post.author_id, changed_by=editor.id))
    elif is_published:
        await record(session, PostPublished(post.id, post.author_id))
    elif was_published:
        await record(session, PostUnpublished(post.id, post.author_id))


async def moment_of_transaction(session: AsyncSession) -> datetime:
    """The time at which the database has begun the transaction, as `published_at` is by default.

    The clocks of the servers of a site differ, and lists are in the order of this time.
    """
    return (await session.scalars(select(func.now()))).one()


async def delete_post(
    session: AsyncSession, viewer: Viewer, post_id: int, reason: str = ""
) -> None:
    """Delete a post with its comments.

    Args:
        reason: for the audit log, if it is somebody else's; the API has none.

    Raises:
        NotFoundError: the post is not there (any more), or a moderator has hidden it.
        ForbiddenError: this person may not delete it.
    """
    post = await locked_post(session, viewer, post_id)
    if viewer.id != post.author_id:
        about = {"post": post.id, **({"reason": reason} if reason else {})}
        deletion = audit.record(session, viewer, Act.DELETE_POST, post.author, **about)
    # The triggers come to the ranges of the comments first, and to the author after them.
    await tag_ids(session, (), of_posts=[post.id])
    await lock_author(session, post.author_id)
    await session.execute(delete(Post).where(Post.id == post.id))
    if post.status == PostStatus.PUBLISHED:
        await record(session, PostDeleted(post.id, post.author_id, deleted_by=viewer.id))
    if viewer.id != post.author_id:
        await moderation_log.publish(session, deletion)
    await session.commit()


async def locked_post(session: AsyncSession, viewer: Viewer, post_id: int) -> Post:
    """A post as it is now, which nobody else can change before the end of the transaction.

    Raises:
        NotFoundError: the post is not there (any more).
        GoneError: a moderator has hidden it.
        ForbiddenError: this person may not change it.
    """
    post = await session.scalar(
        select(Post)
        .where(Post.id == post_id, not_deleted(Post.author_id))
        # A statement that waits for the lock would return those from before the wait.
        .options(defer(Post.tags), defer(Post.cover_facts))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if post is None or not may_read_post(viewer, post):
        raise unreadable(post, POST_IS_GONE)
    if not may_change_post(viewer, post):
        raise ForbiddenError
    # Not joined above: that would load a viewer who is the author anew, without their role.
    set_committed_value(post, "author", await session.get_one(User, post.author_id))
    await _load_parts(session, post)
    return post


async def _load_parts(session: AsyncSession, post: Post) -> None:
    """Load what a post has in other tables."""
    parts = select(Post.tags, Post.cover_facts).where(Post.id == post.id)
    tags, cover = (await session.execute(parts)).one()
    set_committed_value(post, "tags", tags)
    set_committed_value(post, "cover_facts", cover)
