"""Secret links for reading a post before it is published."""

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.core.crypto.tokens import opaque_token
from blog.core.errors import ForbiddenError
from blog.core.i18n import lazy_gettext
from blog.models import PostStatus
from blog.posts.locking import lock_post
from blog.posts.policies import may_publish_post

IS_PUBLISHED = lazy_gettext("This post is published. Everyone can read it without a preview link.")
WAITS = lazy_gettext("This post is waiting for a moderator. It can't be shared until then.")


async def make_preview_key(session: AsyncSession, author: Viewer, post_id: int) -> None:
    """Create a preview link for a post, and invalidate the previous one.

    Raises:
        NotFoundError: the post doesn't exist (any more), or a moderator has hidden it.
        ForbiddenError: the viewer is not its author, or it is published, or held for review.
    """
    await _set_key(session, author, post_id, opaque_token())


async def revoke_preview_key(session: AsyncSession, author: Viewer, post_id: int) -> None:
    """Invalidate the preview link of a post, if it has one.

    Raises:
        NotFoundError, ForbiddenError: as in `make_preview_key`.
    """
    await _set_key(session, author, post_id, None)


async def _set_key(session: AsyncSession, author: Viewer, post_id: int, key: str | None) -> None:
    post = await lock_post(session, author, post_id)
    if not may_publish_post(author, post):
        raise ForbiddenError
    if post.status == PostStatus.PUBLISHED:
        raise ForbiddenError(IS_PUBLISHED)
    if key and post.status == PostStatus.HELD:
        raise ForbiddenError(WAITS)
    post.preview_key = key
    await session.commit()
