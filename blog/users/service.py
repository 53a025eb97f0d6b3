"""Changing profiles."""

from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import User
from blog.users.schemas import ProfileForm


async def edit_profile(session: AsyncSession, account: User, form: ProfileForm) -> None:
    """Update a user's profile; fields that are not set in `form` stay."""
    for name, value in form.model_dump(exclude_unset=True).items():
        setattr(account, name, value)
    await session.commit()
