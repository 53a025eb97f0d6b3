"""Moderation actions on tags: renaming, merging and blocking. Each function is one transaction.

A tag that was merged into another one keeps its row: its address redirects to the other one, and
its name on a post stands for the other one. Renaming a tag leaves such a row for its old name.
"""

from sqlalchemy import insert, or_, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth import audit, moderation_log
from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import lazy_gettext
from blog.core.jobs.queue import enqueue
from blog.core.purging.keys import SITE
from blog.core.purging.marks import mark
from blog.core.text.tags import fold_tag
from blog.models import Act, Tag
from blog.moderation.jobs import INDEX_RENAMED_TAG, MOVE_TAGGED_POSTS
from blog.moderation.service import require_moderator
from blog.tags.reading import NO_SUCH_TAG

IS_THERE = lazy_gettext("There's already a tag with this name. Merge this tag into it instead.")
IS_SAME = lazy_gettext("This is the same tag.")
IS_BLOCKED = lazy_gettext("This tag is blocked. Unblock it first.")
# Held until the commit. Nothing else uses this number.
_LOCK = text("SELECT pg_advisory_xact_lock(7165283174616773)")
NO_TARGET = lazy_gettext("No tag has this name.")


async def rename_tag(
    session: AsyncSession, moderator: Viewer, tag_id: int, name: str, reason: str
) -> bool:
    """Rename a tag, on all its posts. Its old address redirects to the new one; a job indexes the
    posts for the search by the new name.

    Returns:
        `False` if it has this name already.

    Raises:
        ForbiddenError: the viewer is not a moderator.
        NotFoundError: the tag is not there any more.
        InvalidFieldsError: another tag has this name.
    """
    tag, other = await _lock_tags(session, moderator, tag_id, name)
    if tag.name == name:
        return False
    old_name, old_folded, folded = tag.name, tag.folded, fold_tag(name)
    if other is not None and other.id != tag.id:
        if other.merged_into_id != tag.id:
            raise InvalidFieldsError({"name": IS_THERE})
        # One of its old names, which becomes free before it is used; no tag has such a name.
        await _update_tag(session, other.id, folded=f",{other.id}")
    try:
        await _update_tag(session, tag.id, name=name, folded=folded)
    except IntegrityError:
        # It has just been added by someone else.
        await session.rollback()
        raise InvalidFieldsError({"name": IS_THERE}) from None
    if other is not None and other.id != tag.id:
        await _update_tag(session, other.id, name=old_name, folded=old_folded)
    elif folded != old_folded:
        old = {"name": old_name, "folded": old_folded, "merged_into_id": tag.id}
        await session.execute(insert(Tag).values(old))
    await enqueue(session, INDEX_RENAMED_TAG, key=f"tag {tag.id}", tag_id=tag.id)
    about = {"tag": [old_name, name], "reason": reason}
    entry = audit.record(session, moderator, Act.RENAME_TAG, None, **about)
    await moderation_log.publish(session, entry)
    await session.commit()
    return True


async def merge_tag(
    session: AsyncSession, moderator: Viewer, tag_id: int, into: str, reason: str
) -> Tag:
    """Merge a tag into another one. A job moves its posts and its followers.

    Args:
        into: the name of the other tag, in any spelling.

    Returns:
        The other tag.

    Raises:
        ForbiddenError: the viewer is not a moderator.
        NotFoundError: the tag is not there any more.
        InvalidFieldsError: there is no other tag with this name, or it is blocked.
    """
    tag, target = await _lock_tags(session, moderator, tag_id, into)
    if target is None:
        raise InvalidFieldsError({"name": NO_TARGET})
    if (target.merged_into_id or target.id) == tag.id:
        raise InvalidFieldsError({"name": IS_SAME})
    if target.merged_into_id is not None:
        target = await session.get_one(Tag, target.merged_into_id)
    if target.blocked_at is not None:
        raise InvalidFieldsError({"name": IS_BLOCKED})
    was_part_of_it = or_(Tag.id == tag.id, Tag.merged_into_id == tag.id)
    merged = update(Tag).where(was_part_of_it).values(merged_into_id=target.id)
    await session.execute(merged.execution_options(synchronize_session=False))
    await mark(session, SITE)
    await enqueue(session, MOVE_TAGGED_POSTS, key=f"tag {tag.id}", tag_id=tag.id)
    about = {"tag": [tag.name, target.name], "reason": reason}
    entry = audit.record(session, moderator, Act.MERGE_TAG, None, **about)
    await moderation_log.publish(session, entry)
    await session.commit()
    return target


async def block_tag(session: AsyncSession, moderator: Viewer, tag_id: int, reason: str) -> bool:
    """Block a tag: it is not shown anywhere, and cannot be added to posts.

    Raises:
        ForbiddenError: the viewer is not a moderator.
        NotFoundError: the tag is not there any more.
    """
    return await _block(session, moderator, tag_id, reason, is_blocked=True)


async def unblock_tag(session: AsyncSession, moderator: Viewer, tag_id: int, reason: str) -> bool:
    """Show a tag again, also on the posts that had it.

    Raises:
        ForbiddenError, NotFoundError: as by `block_tag`.
    """
    return await _block(session, moderator, tag_id, reason, is_blocked=False)


async def _block(
    session: AsyncSession, moderator: Viewer, tag_id: int, reason: str, *, is_blocked: bool
) -> bool:
    tag, _ = await _lock_tags(session, moderator, tag_id)
    if (tag.blocked_at is not None) == is_blocked:
        return False
    await _update_tag(session, tag.id, blocked_at=now() if is_blocked else None)
    act = Act.BLOCK_TAG if is_blocked else Act.UNBLOCK_TAG
    entry = audit.record(session, moderator, act, None, tag=tag.name, reason=reason)
    await moderation_log.publish(session, entry)
    await session.commit()
    return True


async def _lock_tags(
    session: AsyncSession, moderator: Viewer, tag_id: int, name: str = ""
) -> tuple[Tag, Tag | None]:
    """Lock a tag, and the one with this name if there is one, in the order of all writers.

    Moderators change tags one after another. Otherwise, while one tag is merged into another by an
    old name of that, the other could be merged into a third.
    """
    require_moderator(moderator)
    await session.execute(_LOCK)
    wanted = or_(Tag.id == tag_id, Tag.folded == fold_tag(name))
    rows = select(Tag).where(wanted).order_by(Tag.id).with_for_update()
    rows = rows.execution_options(populate_existing=True)
    tags = (await session.scalars(rows)).all()
    tag = next((tag for tag in tags if tag.id == tag_id), None)
    if tag is None or tag.merged_into_id is not None:
        raise NotFoundError(NO_SUCH_TAG)
    return tag, next((each for each in tags if each.folded == fold_tag(name)), None)


async def _update_tag(session: AsyncSession, tag_id: int, **values: object) -> None:
    changed = update(Tag).where(Tag.id == tag_id).values(values)
    await session.execute(changed.execution_options(synchronize_session=False))
    await mark(session, SITE)
