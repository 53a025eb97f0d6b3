"""Changing profiles."""

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.users.schemas import ProfileForm


async def edit_profile(session: AsyncSession, viewer: Viewer, form: ProfileForm) -> None:
    """Update the viewer's profile; fields that are not set in `form` stay."""
    for name, value in form.model_dump(exclude_unset=True).items():
        setattr(viewer.person, name, value)
    await session.commit()
