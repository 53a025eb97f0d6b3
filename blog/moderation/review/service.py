"""Decisions about items held for review. Each function is one transaction.

The post is locked first, then the item. So if two moderators decide at once, one learns that the
other has decided, and an author's change at that moment comes either before or after.
"""

from sqlalchemy import case, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.comments.schemas import CommentText
from blog.comments.service import change_comment, publish_alone
from blog.comments.writes import NewComment
from blog.core.auth import audit, moderation_log
from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.errors import (
    BlogError,
    EditConflictError,
    ForbiddenError,
    InvalidFieldsError,
    NotFoundError,
)
from blog.core.i18n import lazy_gettext
from blog.core.text.markdown import RENDERER_VERSION
from blog.core.web.urls import external_url
from blog.mail import outbox
from blog.models import Act, HeldItem, HeldKind, Post, PostStatus, User
from blog.models.account_deletion import not_deleted
from blog.moderation.rules import Grounds
from blog.moderation.service import ABOUT_ONESELF, require_moderator
from blog.posts.editing import change_post
from blog.posts.listed import Author
from blog.posts.publication import NOT_SCHEDULED
from blog.posts.review import content_of_post
from blog.posts.schemas import PostUpdate
from blog.review.content import Content
from blog.review.rules import reading_of
from blog.review.similarity import remember

HAS_CHANGED = lazy_gettext("The author has changed this in the meantime. Please read it again.")
IS_OUTDATED = lazy_gettext(
    "The post has changed in the meantime, so these changes no longer fit. Please refuse them."
)
KEPT_FROM_WRITING = lazy_gettext(
    "The author can't post at the moment: their account is paused or disabled."
)


class NotPublishableError(BlogError):
    """A held item can't be published at the moment, for the reason in the message. It stays
    held."""


async def approve(
    session: AsyncSession, moderator: Viewer, item_id: int, version: int, body_html: str | None
) -> bool:
    """Publish a held item, with the functions that would have published it, on behalf of its author
    and with the author's current permissions.

    Args:
        version: the version that the moderator has read.
        body_html: the rendered text; `None` for a post.

    Returns:
        `False` if the item is no longer held.

    Raises:
        ForbiddenError: the viewer is not a moderator, or wrote it.
        NotPublishableError: its author may not write, the post takes no comments, or something else
            has changed since.
    """
    item = await _lock_item(session, moderator, item_id)
    if item is None:
        return False
    author = Viewer.of(item.author)
    if not item.author.permissions:
        raise NotPublishableError(KEPT_FROM_WRITING)
    try:
        await _publish(session, author, item, version, body_html)
    except EditConflictError:
        raise NotPublishableError(IS_OUTDATED) from None
    except (ForbiddenError, InvalidFieldsError, NotFoundError) as error:
        raise NotPublishableError(str(error)) from None
    _decide(item, moderator, is_approved=True)
    entry = audit.record(session, moderator, Act.APPROVE_HELD, item.author, **_log_details(item))
    await moderation_log.publish(session, entry)
    await session.commit()
    return True


async def refuse(
    session: AsyncSession, moderator: Viewer, item_id: int, grounds: Grounds, body_html: str | None
) -> bool:
    """Refuse to publish a held item, and email its author the reason. A post becomes a draft.
    Similar texts are held from now on (`hold_similar`).

    Args:
        body_html: the rendered text; `None` for a post.

    Returns:
        `False` if the item is no longer held.

    Raises:
        ForbiddenError: the viewer is not a moderator, or wrote it.
    """
    item = await _lock_item(session, moderator, item_id)
    if item is None:
        return False
    await put_aside(session, moderator, item, grounds)
    if item.kind == HeldKind.POST:
        post = await session.get_one(Post, item.post_id, populate_existing=True)
        content = content_of_post(post)
    else:
        content = Content(body_html or "")
    await remember(session, reading_of(content), held_item_id=item.id)
    await _mail_author(session, item)
    entry = audit.record(
        session,
        moderator,
        Act.REFUSE_HELD,
        item.author,
        **_log_details(item),
        reason=grounds.reason,
    )
    await moderation_log.publish(session, entry, grounds.rule)
    await session.commit()
    return True


async def put_aside(
    session: AsyncSession, moderator: Viewer, item: HeldItem, grounds: Grounds
) -> None:
    """Mark a locked item as refused; the caller commits."""
    _decide(item, moderator, is_approved=False)
    item.answer, item.rule = grounds.reason, grounds.rule
    if item.kind == HeldKind.POST:
        is_held = (Post.id == item.post_id, Post.status == PostStatus.HELD)
        version = await session.scalar(
            update(Post)
            .where(*is_held)
            .values(
                status=PostStatus.DRAFT,
                version=Post.version + 1,
                published_at=case((Post.scheduled_wall.is_(None), Post.published_at)),
                **NOT_SCHEDULED,
            )
            .returning(Post.version)
            .execution_options(synchronize_session=False)
        )
        item.version = version or item.version


def _decide(item: HeldItem, moderator: Viewer, *, is_approved: bool) -> None:
    item.decided_at, item.decided_by_id = now(), moderator.id or None
    item.is_approved = is_approved


async def _lock_item(session: AsyncSession, moderator: Viewer, item_id: int) -> HeldItem | None:
    """Lock the post, and then the held item."""
    require_moderator(moderator)
    item = select(HeldItem).where(HeldItem.id == item_id, HeldItem.decided_at.is_(None))
    post_id = await session.scalar(item.with_only_columns(HeldItem.post_id))
    if post_id is None:
        return None
    await session.execute(select(Post.id).where(Post.id == post_id).with_for_update())
    author = joinedload(HeldItem.author, innerjoin=True).joinedload(User.role, innerjoin=True)
    found = await session.scalar(
        item.where(not_deleted(HeldItem.author_id))
        .options(author)
        .with_for_update(of=HeldItem)
        .execution_options(populate_existing=True)
    )
    if found is not None and found.author_id == moderator.id:
        raise ForbiddenError(ABOUT_ONESELF)
    return found


async def _publish(
    session: AsyncSession, author: Viewer, item: HeldItem, version: int, body_html: str | None
) -> None:
    if item.kind == HeldKind.POST:
        await _publish_post(session, author, item, version)
        return
    if item.kind != HeldKind.EDIT and item.version != version:
        raise NotPublishableError(HAS_CHANGED)
    if item.kind == HeldKind.EDIT:
        fields = dict(item.payload)
        cover_alt = fields.pop("cover_alt", None)
        post = await change_post(
            session, author, item.post_id, PostUpdate.model_validate(fields), body_html,
            version=item.version, is_approved=True, cover_alt=cover_alt,
        )  # fmt: skip
        item.digest = content_of_post(post).digest
    elif item.kind == HeldKind.COMMENT_EDIT:
        text = CommentText(body=item.payload["body"])
        await change_comment(
            session, author, item.comment_id or 0, text, body_html or "", is_approved=True
        )
    else:
        written = await publish_alone(
            session, author,
            NewComment(
                item.post_id, Author.of(author), item.payload["body"], body_html or "",
                RENDERER_VERSION, item.submission, item.payload.get("reply_to"),
            ),
        )  # fmt: skip
        item.comment_id = written.id


async def _publish_post(
    session: AsyncSession, author: Viewer, item: HeldItem, version: int
) -> None:
    """Publish a held post, or let it wait for the time that its author has chosen."""
    post = await session.get_one(Post, item.post_id, populate_existing=True)
    if post.version != version:
        raise NotPublishableError(HAS_CHANGED)
    is_early = post.scheduled_wall is not None and (post.published_at or now()) > now()
    status = PostStatus.SCHEDULED if is_early else PostStatus.PUBLISHED
    form = PostUpdate(status=status)
    post = await change_post(session, author, item.post_id, form, is_approved=True)
    # Its author may have changed it since it was held: what the moderator has read is approved, and
    # nothing that it was before.
    item.digest = content_of_post(post).digest


async def _mail_author(session: AsyncSession, item: HeldItem) -> None:
    if item.author.is_confirmed and not item.author.is_disabled:
        await outbox.put(
            session, to=item.author, message="held_refused", user=item.author,
            kind=item.kind, reason=item.answer, rule=item.rule, link=external_url("own_held.index"),
        )  # fmt: skip


def _log_details(item: HeldItem) -> dict[str, int]:
    about = {"post": item.post_id}
    return about | ({"comment": item.comment_id} if item.comment_id else {})
