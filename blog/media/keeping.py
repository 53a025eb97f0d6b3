"""Keeping an image that was received and inspected, whatever way it came."""

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.errors import BlogError
from blog.core.web.app import current_app
from blog.media import service
from blog.media.schemas import MediaForm
from blog.media.scratch import WrittenFile
from blog.media.service import NewFile
from blog.media.sizes import original_key
from blog.models import Media


async def keep(
    session: AsyncSession, owner_id: int, new: NewFile, form: MediaForm, received: WrittenFile
) -> Media:
    """Store a file, and add it to somebody's collection.

    Args:
        session: not used yet; it is closed at the end.

    Raises:
        LimitReachedError: the owner's quota is used up.
    """
    storage, quota = current_app.storage, current_app.settings.media_quota_bytes
    key = original_key(new.name, new.generation)
    await storage.put(key, received.content)
    try:
        media, is_used = await service.add_media(session, owner_id, new, form, quota)
    except BlogError:
        await session.close()
        await storage.delete(key)
        raise
    await session.close()
    if not is_used:
        await storage.delete(key)
    return media
