"""Keeping an image that was received and inspected, whatever way it came."""

import secrets
from hashlib import sha256

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.errors import BlogError
from blog.core.web.app import current_app
from blog.core.web.avatars import WIDTHS
from blog.media import service
from blog.media.schemas import Inspected, MediaForm
from blog.media.scratch import WrittenFile
from blog.media.service import NewFile
from blog.media.sizes import Size, name_of, original_key, variant_sizes
from blog.models import Media


def new_file(received: WrittenFile, inspected: Inspected, *, as_avatar: bool = False) -> NewFile:
    """A file that was received and inspected, as it is to be kept.

    Args:
        as_avatar: make small squares of it, which do not move.
    """
    digest, sizes = received.digest, variant_sizes(*inspected[1:4])
    if as_avatar:
        digest, sizes = sha256(b"avatar" + digest).digest(), [Size(w, w) for w in WIDTHS]
        inspected = inspected._replace(frames=1)
    return NewFile(name_of(digest), secrets.token_hex(8), received.size, inspected, sizes)


async def keep(
    session: AsyncSession, owner_id: int, new: NewFile, form: MediaForm, received: WrittenFile
) -> Media:
    """Store a file, and add it to somebody's collection.

    Args:
        session: not used yet; it is closed at the end.

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
