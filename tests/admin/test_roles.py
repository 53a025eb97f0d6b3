"""The roles in the database follow those in the code."""

import asyncio

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.admin.roles import sync_roles
from blog.core.web.app import Broadside
from blog.models import Role
from blog.models.role import ROLES


async def stored(db: AsyncSession) -> list[tuple[str, int, bool]]:
    rows = await db.execute(
        select(Role.name, Role.permissions, Role.is_default).order_by(Role.permissions)
    )
    return [tuple(row) for row in rows]


async def test_deploying_mends_the_roles_also_twice_at_once(
    app: Broadside, db: AsyncSession
) -> None:
    wanted = [(role.name, int(role.permissions), role.is_default) for role in ROLES]
    assert await stored(db) == wanted, "the migration seeds what the code says"

    await db.execute(delete(Role).where(Role.name == "Moderator"))
    await db.execute(update(Role).where(Role.name == "User").values(permissions=0))
    db.add(Role(name="Guest", permissions=1, is_default=True))
    await db.commit()

    async def deploy() -> None:
        async with app.database.session() as session:
            await sync_roles(session)

    await asyncio.gather(*(deploy() for _ in range(4)))
    assert await stored(db) == [("Guest", 1, False), *wanted]

    await db.execute(delete(Role).where(Role.name == "Guest"))
    await db.commit()
