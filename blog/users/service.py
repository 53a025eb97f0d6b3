"""What people do to their own profile. Each function is one action in one transaction."""

from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import User
from blog.users.schemas import ProfileForm


async def edit_profile(session: AsyncSession, account: User, form: ProfileForm) -> None:
    """Change what a person's profile tells."""
    account.name = form.name
    account.location = form.location
    account.about_me = form.about_me
    await session.commit()
