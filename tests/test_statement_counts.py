"""No page takes more statements because it shows more."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog.kit.statements import Tally, tally
from blog.models import Post, User
from tests.posts.test_posts import add_posts
from tests.support import Browser

ANONYMOUS = {"/": 1, "/user/susan": 2, "/post/{post}": 1, "/auth/login": 0, "/auth/register": 0}
# One more tells who is asking.
LOGGED_IN = {"/": 2, "/user/susan": 3, "/post/{post}": 2}


async def statements_of(browser: Browser, address: str) -> int:
    """How many statements the page at `address` takes."""
    counted = Tally()
    reset = tally.set(counted)
    try:
        assert (await browser.get(address)).status_code == 200
    finally:
        tally.reset(reset)
    return counted.count


@pytest.mark.parametrize("posts", [1, 20, 50])
async def test_a_page_takes_the_same_few_statements_however_long_it_is(
    browser: Browser, susans_browser: Browser, susan: User, db: AsyncSession, posts: int
) -> None:
    last: Post = (await add_posts(db, susan, posts))[-1]
    for visitor, expected in ((browser, ANONYMOUS), (susans_browser, LOGGED_IN)):
        for address, count in expected.items():
            taken = await statements_of(visitor, address.format(post=last.id))
            assert taken == count, address
