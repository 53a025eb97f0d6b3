"""A post by susan with a comment by david, and users of each kind."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Comment, Post, User
from tests.comments.conftest import david, davids_browser, post
from tests.comments.support import add_comments
from tests.support import Browser

__all__ = ["david", "davids_browser", "post"]


@pytest.fixture
async def comment(db: AsyncSession, post: Post, david: User) -> Comment:
    """David's comment under susan's post; the first of the site."""
    return (await add_comments(db, post, david.id, 1))[0]


@pytest.fixture
async def moderators_browser(
    app: Broadside, make_user: Callable[..., Awaitable[User]]
) -> AsyncIterator[Browser]:
    """The browser of maud, a moderator."""
    await make_user("maud", role="Moderator")
    async with Browser(app) as visitor:
        await visitor.log_in("maud")
        yield visitor


@pytest.fixture
async def other_moderators_browser(
    app: Broadside, make_user: Callable[..., Awaitable[User]]
) -> AsyncIterator[Browser]:
    """The browser of mona, a moderator too."""
    await make_user("mona", role="Moderator")
    async with Browser(app) as visitor:
        await visitor.log_in("mona")
        yield visitor
