"""Finding people."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import User


async def user_by_username(session: AsyncSession, username: str) -> User | None:
    """The person with this name, whatever its case."""
    return await session.scalar(select(User).where(func.lower(User.username) == username.lower()))
