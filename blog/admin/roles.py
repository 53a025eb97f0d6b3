"""Sync the roles in the database with their definitions."""

from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import Role
from blog.models.role import ROLES


async def sync_roles(session: AsyncSession) -> None:
    """Update the table to match `blog.models.role.ROLES`.

    Idempotent, and safe to run concurrently, because rows are locked in a fixed order. Unknown
    roles stay, because users may have them, but they are never the default.
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
