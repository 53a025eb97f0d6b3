"""Storing an image that was received and inspected, for all ways to receive one."""

import secrets
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.errors import BlogError
from blog.core.web.app import current_app
from blog.core.web.avatars import WIDTHS
from blog.media import service
from blog.media.schemas import ImageProperties, MediaForm
from blog.media.scratch import WrittenFile
from blog.media.service import NewFile
from blog.media.sizes import Size, name_from_digest, original_key, variant_sizes
from blog.models import Media


def build_new_file(
    received: WrittenFile, inspected: ImageProperties, *, as_avatar: bool = False
) -> NewFile:
    """Describe how to store a file that was received and inspected.

    Args:
        as_avatar: whether to make small, square variants without animation.
    """
    digest, sizes = received.digest, variant_sizes(*inspected[1:4])
    if as_avatar:
        digest, sizes = sha256(b"avatar" + digest).digest(), [Size(w, w) for w in WIDTHS]
        inspected = inspected._replace(frames=1)
    return NewFile(name_from_digest(digest), secrets.token_hex(8), received.size, inspected, sizes)


async def store_received(
    session: AsyncSession, owner_id: int, new: NewFile, form: MediaForm, received: WrittenFile
) -> Media:
    """Store a file, and add it to a user's collection.

    Args:
        session: a new session, which is closed at the end.

    Raises:
        LimitReachedError: the owner's quota is used up.
    """
    storage, quota = current_app.storage, current_app.site.media_quota_bytes
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
