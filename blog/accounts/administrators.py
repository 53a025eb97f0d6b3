"""There is always somebody who can look after the site."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.errors import InvalidFieldsError
from blog.models import Permission, Role, User


class LastAdministratorError(InvalidFieldsError):
    """After this nobody could look after the site."""

    def __init__(self) -> None:
        super().__init__(
            {"role": "Nobody else could look after the site. Make somebody an administrator first."}
        )


async def lock_administrators(session: AsyncSession) -> set[int]:
    """Find those who can look after the site, and let nobody else ask until the commit.

    Whoever takes the permission from somebody calls this first. Of two administrators who
    demote each other at the same moment, the second waits here and then sees what the
    first has done.

    The lock is on the rows of the roles, at a strength that lets people register with them.
    Lock the rows of people before, not after: everybody has to keep to one order.

    Returns:
        The ids of the people who are confirmed, not disabled, and have the permission.
    """
    roles = await session.scalars(
        select(Role.id)
        .where(Role.permissions.bitwise_and(Permission.ADMIN) == Permission.ADMIN)
        .order_by(Role.id)
        .with_for_update(key_share=True)
    )
    people = await session.scalars(
        select(User.id).where(
            User.role_id.in_(roles.all()),
            User.confirmed_at.is_not(None),
            User.disabled_at.is_(None),
        )
    )
    return set(people)
