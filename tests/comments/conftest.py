"""A post by susan to comment on, and david, who does."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Permission, Post, Role, User
from tests.comments.support import add_post
from tests.support import Browser


@pytest.fixture
async def post(db: AsyncSession, susan: User) -> Post:
    """Susan's post; the first of the site."""
    return await add_post(db, susan)


@pytest.fixture
async def david(make_user: Callable[..., Awaitable[User]]) -> User:
    """Another confirmed person."""
    return await make_user("david")


@pytest.fixture
async def davids_browser(app: Broadside, david: User) -> AsyncIterator[Browser]:
    """David's browser, logged in."""
    async with Browser(app) as visitor:
        await visitor.log_in(david.username)
        yield visitor


@pytest.fixture
async def silents_browser(
    app: Broadside, db: AsyncSession, make_user: Callable[..., Awaitable[User]]
) -> AsyncIterator[Browser]:
    """The browser of somebody whose role allows to follow people, and nothing else."""
    db.add(Role(name="Silent", permissions=Permission.FOLLOW))
    await db.commit()
    await make_user("silent", role="Silent")
    async with Browser(app) as visitor:
        await visitor.log_in("silent")
        yield visitor
    await db.execute(delete(User).where(User.username == "silent"))
    await db.execute(delete(Role).where(Role.name == "Silent"))
    await db.commit()
