"""Bookmark folders, which are private."""

from sqlalchemy import ColumnElement, Select, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.core.db.deleting import delete_rows
from blog.core.errors import InvalidFieldsError, LimitReachedError, NotFoundError
from blog.core.i18n import lazy_gettext
from blog.models import Bookmark, BookmarkFolder, User
from blog.reactions.queries import NO_FOLDER

MOST_FOLDERS = 100
ENOUGH_FOLDERS = lazy_gettext(
    "You have %(most)s folders, which is the maximum. Delete one first.",
    most=MOST_FOLDERS,
)
NAME_IS_TAKEN = lazy_gettext("You already have a folder with this name.")
NO_BOOKMARK = lazy_gettext("This bookmark doesn't exist. You may have removed it.")


async def get_or_add_folder(session: AsyncSession, user_id: int, name: str) -> int:
    """The id of a user's folder with this name, ignoring case. It is added if it doesn't exist; the
    caller commits.

    Raises:
        LimitReachedError: they have the maximum number of folders.
    """
    # The lock prevents the folder from being deleted before the bookmark is in it.
    named = _folder_with_name(user_id, name).with_for_update(read=True, key_share=True)
    if (found := await session.scalar(named)) is not None:
        return found
    return await _insert_folder(session, user_id, name)


async def add_folder(session: AsyncSession, viewer: Viewer, name: str) -> int:
    """Add an empty folder.

    Returns:
        Its id.

    Raises:
        InvalidFieldsError: the viewer already has one with this name.
        LimitReachedError: they have the maximum number.
    """
    folder_id = await _insert_folder(session, viewer.id, name, is_new=True)
    await session.commit()
    return folder_id


async def rename_folder(session: AsyncSession, viewer: Viewer, folder_id: int, name: str) -> None:
    """Rename one of the viewer's folders.

    Raises:
        NotFoundError: they have no such folder.
        InvalidFieldsError: they have another one with this name.
    """
    await _lock_user(session, viewer.id)
    if await session.scalar(_folder_with_name(viewer.id, name)) not in {None, folder_id}:
        raise InvalidFieldsError({"name": NAME_IS_TAKEN})
    renamed = update(BookmarkFolder).where(*_own(viewer, folder_id)).values(name=name)
    if await session.scalar(renamed.returning(BookmarkFolder.id)) is None:
        raise NotFoundError(NO_FOLDER)
    await session.commit()


async def delete_folder(session: AsyncSession, viewer: Viewer, folder_id: int) -> None:
    """Delete one of the viewer's folders; its bookmarks stay, in no folder.

    Raises:
        NotFoundError: they have no such folder.
    """
    if not await delete_rows(session, delete(BookmarkFolder).where(*_own(viewer, folder_id))):
        raise NotFoundError(NO_FOLDER)
    await session.commit()


async def move_bookmark(
    session: AsyncSession, viewer: Viewer, post_id: int, folder_id: int | None
) -> None:
    """Move one of the viewer's bookmarks into a folder, or out of its folder.

    Raises:
        NotFoundError: they have no such bookmark or folder.
    """
    if folder_id is not None:
        own = select(BookmarkFolder.id).where(*_own(viewer, folder_id))
        if await session.scalar(own.with_for_update(read=True, key_share=True)) is None:
            raise NotFoundError(NO_FOLDER)
    moved = (
        update(Bookmark)
        .where(Bookmark.user_id == viewer.id, Bookmark.post_id == post_id)
        .values(folder_id=folder_id)
    )
    if await session.scalar(moved.returning(Bookmark.post_id)) is None:
        raise NotFoundError(NO_BOOKMARK)
    await session.commit()


async def _insert_folder(
    session: AsyncSession, user_id: int, name: str, *, is_new: bool = False
) -> int:
    await _lock_user(session, user_id)
    if (found := await session.scalar(_folder_with_name(user_id, name))) is not None:
        if is_new:
            raise InvalidFieldsError({"name": NAME_IS_TAKEN})
        return found
    number = select(func.count()).where(BookmarkFolder.user_id == user_id)
    if (await session.scalars(number)).one() >= MOST_FOLDERS:
        raise LimitReachedError({"": ENOUGH_FOLDERS})
    folder = BookmarkFolder(user_id=user_id, name=name)
    session.add(folder)
    await session.flush()
    return folder.id


async def _lock_user(session: AsyncSession, user_id: int) -> None:
    """Lock a user, so that their folders are added and renamed one after another."""
    await session.execute(select(User.id).where(User.id == user_id).with_for_update(key_share=True))


def _folder_with_name(user_id: int, name: str) -> Select[int]:
    return select(BookmarkFolder.id).where(
        BookmarkFolder.user_id == user_id, func.lower(BookmarkFolder.name) == func.lower(name)
    )


def _own(viewer: Viewer, folder_id: int) -> tuple[ColumnElement[bool], ...]:
    return BookmarkFolder.id == folder_id, BookmarkFolder.user_id == viewer.id
