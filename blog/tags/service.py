"""Following tags. Each function is one transaction."""

from sqlalchemy import delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.core.db.deleting import delete_rows
from blog.core.errors import ForbiddenError, LimitReachedError
from blog.core.i18n import lazy_gettext
from blog.models import Permission, Tag, TagFollow
from blog.tags.queries import follows_tag

# The followed tab looks up the newest posts of each.
MOST_FOLLOWED = 100
FOLLOWS_ENOUGH = lazy_gettext(
    "You're following %(most)s tags, which is the maximum. Unfollow one first.",
    most=MOST_FOLLOWED,
)


async def follow(session: AsyncSession, viewer: Viewer, tag: Tag) -> bool:
    """Follow a tag.

    Returns:
        `False` if they follow it already.

    Raises:
        ForbiddenError: the viewer may not follow anything.
        LimitReachedError: they follow the maximum number of tags.
    """
    if not viewer.can(Permission.FOLLOW):
        raise ForbiddenError
    followed = select(func.count()).where(TagFollow.user_id == viewer.id).scalar_subquery()
    # Moderators may merge the tag into another one at this moment.
    meant = func.coalesce(Tag.merged_into_id, Tag.id)
    chosen = select(literal(viewer.id), meant).where(Tag.id == tag.id, followed < MOST_FOLLOWED)
    added = await session.scalar(
        insert(TagFollow)
        .from_select(
            ["user_id", "tag_id"], chosen.with_for_update(read=True, key_share=True, of=Tag)
        )
        .on_conflict_do_nothing()
        .returning(TagFollow.tag_id)
    )
    await session.commit()
    if added is None and not await follows_tag(session, viewer.id, tag.id):
        raise LimitReachedError({"": FOLLOWS_ENOUGH})
    return added is not None


async def unfollow(session: AsyncSession, viewer: Viewer, tag: Tag) -> bool:
    """Unfollow a tag.

    Returns:
        `False` if they did not.
    """
    theirs = (TagFollow.user_id == viewer.id, TagFollow.tag_id == tag.id)
    number = await delete_rows(session, delete(TagFollow).where(*theirs))
    await session.commit()
    return number > 0
