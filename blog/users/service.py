"""What people do to their own profile. Each function is one action in one transaction."""

from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import User
from blog.users.schemas import ProfileForm


async def edit_profile(session: AsyncSession, account: User, form: ProfileForm) -> None:
    """Change what a person's profile tells; what `form` was not given stays."""
    for name, value in form.model_dump(exclude_unset=True).items():
        setattr(account, name, value)
    await session.commit()
