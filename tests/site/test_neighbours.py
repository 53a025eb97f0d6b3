"""The posts to read after a post."""

import re
from collections.abc import Awaitable, Callable

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.models import Post, PostTag, User
from blog.posts.fields import tag_ids
from tests.posts.test_posts import add_posts
from tests.support import Browser

MakeUser = Callable[..., Awaitable[User]]


async def around(browser: Browser, post: Post) -> dict[str, list[int]]:
    """The ids of the posts that its page leads to, by the kind of the link."""
    page = (await browser.get(f"/post/{post.id}")).text
    return {
        kind: [int(each) for each in re.findall(r'href="/post/(\d+)', found[1])]
        for kind in ("previous", "next", "related")
        if (found := re.search(rf'<div class="{kind}">(.*?)</div>', page, re.DOTALL))
    }


async def test_a_post_leads_to_those_of_its_author_around_it(
    browser: Browser, db: AsyncSession, susan: User, make_user: MakeUser
) -> None:
    first, second, third, fourth = await add_posts(db, susan, 4)
    await add_posts(db, await make_user("david"), 3)
    await db.execute(update(Post).where(Post.id == third.id).values(hidden_at=now()))
    await db.commit()
    assert await around(browser, first) == {"next": [second.id]}
    assert await around(browser, second) == {"previous": [first.id], "next": [fourth.id]}
    assert await around(browser, fourth) == {"previous": [second.id]}


async def test_related_posts_share_the_most_tags(
    browser: Browser, db: AsyncSession, susan: User, make_user: MakeUser
) -> None:
    (post,) = await add_posts(db, susan, 1)
    one, two, hidden, none, *more = await add_posts(db, await make_user("david"), 6)
    a, b = await tag_ids(db, ["a", "b"])
    with_a = [(each, a) for each in (post, one, two, hidden, *more)]
    pairs = [*with_a, (post, b), (two, b)]
    db.add_all(PostTag(post_id=each.id, tag_id=tag, position=tag) for each, tag in pairs)
    await db.commit()
    await db.execute(update(Post).where(Post.id == hidden.id).values(status="draft"))
    await db.commit()
    related = (await around(browser, post))["related"]
    assert related == [two.id, more[1].id, more[0].id]
    assert "related" not in await around(browser, none)
