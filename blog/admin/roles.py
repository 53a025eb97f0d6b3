"""Keeping the roles in the database as the code defines them."""

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import Role
from blog.models.role import ROLES


async def sync_roles(session: AsyncSession) -> None:
    """Bring the table to `blog.models.role.ROLES`.

    Running it twice changes nothing. Two at once take turns at the rows, in one order.
    A role that the code does not know stays, for the people who have it, but is nobody's
    default.
    """
    definitions = insert(Role).values(
        [
            {"name": role.name, "permissions": role.permissions, "is_default": role.is_default}
            for role in ROLES
        ]
    )
    wanted = {name: definitions.excluded[name] for name in ("permissions", "is_default")}
    await session.execute(
        definitions.on_conflict_do_update(
            index_elements=[Role.name],
            set_=wanted,
            where=or_(
                Role.permissions != wanted["permissions"], Role.is_default != wanted["is_default"]
            ),
        )
    )
    await session.execute(
        update(Role)
        .where(Role.is_default, Role.name.not_in([role.name for role in ROLES]))
        .values(is_default=False)
    )
    await session.commit()
