"""What lists show of a long post, from its publication to its end."""

import re
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.text.excerpts import LONGEST
from blog.models import Post
from blog.posts.rerendering import KINDS
from tests.support import Browser

LONG = "It *begins* so. " + "And goes on. " * 5_000 + "The end."
EXCERPT = re.compile(
    r'<div class="prose p-summary" dir="auto">(<p>It <em>begins</em> so\..*?…</p>)</div>', re.DOTALL
)


async def stored(db: AsyncSession) -> list[Any]:
    """The excerpts of all posts, in the order of their ids."""
    excerpts = list(await db.scalars(select(Post.excerpt).order_by(Post.id)))
    await db.commit()
    return excerpts


async def test_a_list_shows_the_beginning_of_a_long_post_and_the_way_to_all_of_it(
    susans_browser: Browser, browser: Browser, db: AsyncSession
) -> None:
    for body in (LONG, "Short."):
        assert (await susans_browser.submit("/", {"body": body})).status_code == 302
    for visitor in (browser, susans_browser):
        for address in ("/", "/user/susan"):
            page = (await visitor.get(address)).text
            (shown,) = EXCERPT.findall(page)
            assert len(shown.encode()) <= LONGEST
            assert "The end." not in page
            assert page.count("Read more<") == 1
            assert '<div class="prose e-content" dir="auto"><p>Short.</p>' in page
    whole = (await browser.get("/post/1")).text
    assert "The end." in whole
    assert "Read more<" not in whole
    long_one, short_one = await stored(db)
    assert long_one.startswith("<p>It <em>begins</em> so.")
    assert short_one is None


async def test_an_edit_and_a_new_renderer_update_the_excerpt(
    susans_browser: Browser, db: AsyncSession
) -> None:
    await susans_browser.submit("/", {"body": LONG})
    await susans_browser.submit("/edit/1", {"body": "Short.", "version": "1"})
    assert await stored(db) == [None]
    await susans_browser.submit("/edit/1", {"body": LONG, "version": "2"})
    (excerpt,) = await stored(db)
    posts, revisions, comments = KINDS
    html = await db.scalar(select(Post.body_html))
    assert posts.columns(html) | {"body_html": html, "excerpt": excerpt} == posts.columns(html)
    assert revisions.columns(html) == comments.columns(html) == {"body_html": html}


async def test_a_post_from_before_there_were_excerpts_is_shown_alike(
    susans_browser: Browser, browser: Browser, db: AsyncSession
) -> None:
    await susans_browser.submit("/", {"body": LONG})
    now = EXCERPT.findall((await browser.get("/")).text)
    await db.execute(update(Post).values(excerpt=None))
    await db.commit()
    assert EXCERPT.findall((await browser.get("/")).text) == now
    # The rest of the text is not even read.
    cut = func.left(Post.body_html, 10_000)
    await db.execute(update(Post).values(body_html=func.concat(cut, "<b", func.repeat("x", 9_999))))
    await db.commit()
    assert EXCERPT.findall((await susans_browser.get("/")).text) == now
