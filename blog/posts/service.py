"""Write and delete posts. Each function is one action in one transaction.

Triggers count the posts. A post is locked before anything that belongs to it.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth import audit, moderation_log
from blog.core.auth.viewer import Viewer
from blog.core.errors import ForbiddenError, NotFoundError
from blog.core.events.handlers import record
from blog.core.purging.keys import tag_key
from blog.core.purging.marks import mark
from blog.core.text.syntax.mentions import mentioned_in
from blog.core.web.batches import Batches
from blog.core.web.submissions import submission_key
from blog.models import Act, HeldKind, Permission, Post, PostStatus
from blog.posts.events import PostDeleted, PostPublished
from blog.posts.fields import (
    COLUMNS_BY_FIELD,
    choose_slug,
    chosen_cover,
    field_columns,
    lock_author,
    lock_cover,
    pin_columns,
    set_tags,
    tag_ids,
    text_columns,
)
from blog.posts.listed import Author, ListedPost
from blog.posts.locking import POST_IS_GONE, lock_post
from blog.posts.mentions import WrittenText, note_mentions, notify_mentioned_in
from blog.posts.publication import publication_columns
from blog.posts.queries import listed_by_submission, listed_post
from blog.posts.review import content_of_form, held_columns
from blog.posts.schemas import PostFields, PostForm
from blog.posts.writes import NewPost, publish
from blog.review.holding import hold
from blog.review.rules import Reason, may_be_held, reasons_to_hold


async def write_post(
    writes: Batches,
    session: Callable[[], AsyncSession],
    author: Viewer,
    form: PostForm,
    body_html: str,
) -> ListedPost:
    """Write a post. The same form sent twice creates one post, which is returned both times.

    A post that has only a text and mentions nobody is written in a batch with those of other
    requests. A post that the rules hold for review gets the status `held`.

    Args:
        session: opens the transaction for any other post.
        body_html: the form's text, rendered.

    Raises:
        ForbiddenError: this person may not write.
        InvalidFieldsError: another post of theirs has this slug, the cover isn't one of their
            images, they have pinned too many others, or it cannot be scheduled for this time.
        NotFoundError: the form was sent before, and its post is just being deleted.
    """
    if not author.can(Permission.WRITE):
        raise ForbiddenError
    waits = may_be_held(author.person, content_of_form(form, body_html, None))
    if form.has_only_text and not mentioned_in(body_html) and not waits:
        post = NewPost(
            author=Author.of(author),
            language=author.person.language,
            text=text_columns(form.body, body_html),
            submission=submission_key(form, author.id, form.body),
        )
        published = await writes.run(publish, post)
    else:
        published = await _write_alone(session(), author, form, body_html)
    if published is None:
        raise NotFoundError(POST_IS_GONE)
    return published


async def _write_alone(
    session: AsyncSession, author: Viewer, form: PostForm, body_html: str
) -> ListedPost | None:
    ids = await tag_ids(session, form.tags)
    # From here on, this author's posts are added one after another.
    await lock_author(session, author.id)
    key = submission_key(form, author.id, form.model_dump_json(exclude={"submission"}))
    if key and (earlier := await listed_by_submission(session, [key])):
        return earlier[key]
    time = await transaction_time(session)
    columns = publication_columns(form, None, time)
    columns |= await pin_columns(session, form, author.id, None, time)
    columns |= text_columns(form.body, body_html)
    cover = await chosen_cover(session, form.cover) if form.cover else None
    columns["cover_alt"] = cover.alt if cover else None
    content = content_of_form(form, body_html, cover)
    reasons: Sequence[Reason] = ()
    if columns["status"] != PostStatus.DRAFT:
        reasons = await reasons_to_hold(session, author.person, content)
        columns = held_columns(columns, None) if reasons else columns
    post_id = await insert_post(session, author.id, form, ids, submission=key, **columns)
    if reasons:
        await hold(
            session, HeldKind.POST, content, reasons,
            author_id=author.id, post_id=post_id, version=1,
        )  # fmt: skip
    if columns["status"] == PostStatus.PUBLISHED:
        await record(session, PostPublished(post_id, author.id))
        await notify_mentioned_in(session, post_id, body_html)
    written = await listed_post(session, post_id)
    await session.commit()
    return written


async def insert_post(
    session: AsyncSession, author_id: int, form: PostFields, tag_ids: Sequence[int], **columns: Any
) -> int:
    """Insert a post with the fields of a form; the caller has locked the author, and commits.

    Args:
        tag_ids: the ids of its tags, in order.
        columns: all other columns, including the status.

    Returns:
        The id of the post.

    Raises:
        InvalidFieldsError: another post of this author has this slug, or the cover isn't one of
            their images.
    """
    slug = await choose_slug(session, author_id, form.title, form.slug)
    if form.cover is not None:
        await lock_cover(session, author_id, form.cover)
    columns |= field_columns(form, COLUMNS_BY_FIELD)
    columns["revision"] = int(columns["status"] == PostStatus.PUBLISHED)
    post = insert(Post).values(author_id=author_id, slug=slug, **columns)
    post_id = (await session.scalars(post.returning(Post.id))).one()
    await set_tags(session, post_id, tag_ids)
    await note_mentions(session, [WrittenText(columns["body_html"], post_id)])
    return post_id


async def transaction_time(session: AsyncSession) -> datetime:
    """The time at which the database started the transaction, which is the default `published_at`.

    The clocks of a site's servers differ, and lists are in order of this time.
    """
    return (await session.scalars(select(func.now()))).one()


async def delete_post(
    session: AsyncSession, viewer: Viewer, post_id: int, reason: str = ""
) -> None:
    """Delete a post with its comments.

    Args:
        reason: for the audit log, if it is another person's post; optional in the API.

    Raises:
        NotFoundError: the post doesn't exist (any more), or a moderator has hidden it.
        ForbiddenError: this person may not delete it.
    """
    post = await lock_post(session, viewer, post_id)
    if viewer.id != post.author_id:
        about = {"post": post.id, **({"reason": reason} if reason else {})}
        deletion = audit.record(session, viewer, Act.DELETE_POST, post.author, **about)
    # Triggers update the ranges of the comments first, and then the author.
    await tag_ids(session, (), of_posts=[post.id])
    await lock_author(session, post.author_id)
    await session.execute(delete(Post).where(Post.id == post.id))
    await mark(session, *map(tag_key, post.tags))
    if post.status == PostStatus.PUBLISHED:
        await record(session, PostDeleted(post.id, post.author_id, deleted_by=viewer.id))
    if viewer.id != post.author_id:
        await moderation_log.publish(session, deletion)
    await session.commit()
