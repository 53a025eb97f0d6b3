"""Protection of the last administrator."""

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.errors import InvalidFieldsError
from blog.core.i18n import gettext as _
from blog.models import Permission, Role, User


class LastAdministratorError(InvalidFieldsError):
    """The action would leave the site without an administrator.

    Args:
        field: the field of the form that shows the message.
    """

    def __init__(self, field: str = "role") -> None:
        super().__init__(
            {field: _("This is the only administrator. Make someone else an administrator first.")}
        )


async def lock_administrators(session: AsyncSession) -> set[int]:
    """Find all active administrators, and lock out concurrent calls until the commit.

    Call this before taking the permission from a user. If two administrators demote each other at
    the same time, the second one waits here, and then sees the change of the first.

    It locks the rows of the roles, in a mode that does not block registrations. Lock rows of users
    before this, never after, to avoid deadlocks.

    Returns:
        The ids of users who are confirmed, neither disabled nor paused, and have the permission.
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
            or_(User.paused_until.is_(None), User.paused_until <= now()),
        )
    )
    return set(people)
