"""Deleting sessions, API tokens and trusted browsers of the viewer."""

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.core.errors import NotFoundError
from blog.core.i18n import LazyText
from blog.models import ApiToken, LoginSession, TrustedBrowser


async def delete_own(
    session: AsyncSession,
    viewer: Viewer,
    table: type[LoginSession] | type[ApiToken] | type[TrustedBrowser],
    row_id: int,
    is_gone: str | LazyText,
) -> None:
    """Delete one of the viewer's rows, and commit.

    Args:
        is_gone: the message if there is no such row.

    Raises:
        NotFoundError: there is none with this id, or it is another user's.
    """
    removed = await session.scalar(
        delete(table).where(table.id == row_id, table.user_id == viewer.id).returning(table.id)
    )
    await session.commit()
    if removed is None:
        raise NotFoundError(is_gone)
