"""An author's likes and bookmarks of their own posts, from an export of this site."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.errors import LimitReachedError
from blog.core.i18n import lazy_gettext
from blog.models import Bookmark, PostLike
from blog.reactions.folders import get_or_add_folder
from blog.reactions.schemas import FolderName
from blog.transfer.importing.post import ImportedBookmark

NO_FOLDER = lazy_gettext("Your bookmark of it is in no folder: %(reason)s")
NOT_A_NAME = lazy_gettext("The name of the folder isn't valid.")

_NAME = TypeAdapter[str](FolderName)


async def insert_reactions(
    session: AsyncSession,
    owner_id: int,
    post_id: int,
    liked_at: datetime | None,
    bookmark: ImportedBookmark | None,
) -> Sequence[str]:
    """Like and bookmark a post that was just inserted; the caller commits.

    Args:
        owner_id: the author of the post.

    Returns:
        Remarks.
    """
    current_time, remarks = now(), list[str]()
    pair = {"user_id": owner_id, "post_id": post_id}
    if liked_at is not None:
        await session.execute(
            insert(PostLike).values(created_at=min(liked_at, current_time), **pair)
        )
    if bookmark is not None:
        folder_id = None
        if bookmark.folder is not None:
            try:
                name = _NAME.validate_python(bookmark.folder)
                folder_id = await get_or_add_folder(session, owner_id, name)
            except ValidationError:
                remarks.append(str(NO_FOLDER.with_values(reason=NOT_A_NAME)))
            except LimitReachedError as error:
                remarks.append(str(NO_FOLDER.with_values(reason=error)))
        created_at = min(bookmark.created_at or current_time, current_time)
        await session.execute(
            insert(Bookmark).values(created_at=created_at, folder_id=folder_id, **pair)
        )
    return remarks
