"""Bookmarks, which are nobody else's business."""

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Bookmark, PostStatus, User
from tests.posts.test_posts import add_posts
from tests.support import Browser, NewUser, add_users


async def test_a_bookmark_is_kept_once_until_it_is_removed(
    susans_browser: Browser, db: AsyncSession, susan: User
) -> None:
    first, second = await add_posts(db, susan, 2)
    for post in (second, first, first):
        address = f"/post/{post.id}"
        await susans_browser.submit(f"{address}/bookmark", page=address)
    page = (await susans_browser.get("/bookmarks")).text
    # The last bookmarked first, whatever is newer.
    assert page.index(f'id="post-{first.id}"') < page.index(f'id="post-{second.id}"')
    address = f"/post/{first.id}"
    assert "Bookmarked</button>" in (await susans_browser.get(address)).text
    for _ in range(2):
        await susans_browser.submit(f"{address}/unbookmark", page=address)
    page = (await susans_browser.get("/bookmarks")).text
    assert f'id="post-{first.id}"' not in page
    assert f'id="post-{second.id}"' in page


async def test_bookmarks_have_pages_and_tell_what_is_not_available_any_more(
    app: Broadside, susans_browser: Browser, db: AsyncSession, susan: User
) -> None:
    david = (await add_users(app, NewUser("david")))["david"]
    posts = await add_posts(db, david, 30)
    db.add_all(Bookmark(user_id=susan.id, post_id=post.id) for post in posts)
    posts[0].status = PostStatus.DRAFT
    await db.commit()
    pages = [(await susans_browser.get(f"/bookmarks?page={number}")).text for number in (1, 2)]
    shown = [page.count('<article class="post') for page in pages]
    assert shown == [20, 9]
    assert "available any more" in pages[1]
    assert f'id="post-{posts[0].id}"' not in pages[1]
    answer = await susans_browser.submit(f"/post/{posts[0].id}/unbookmark", page="/bookmarks")
    assert answer.headers["location"] == "/bookmarks"
    page = (await susans_browser.get("/bookmarks?page=2")).text
    assert "available any more" not in page
    assert "There’s no page 3" in (await susans_browser.get("/bookmarks?page=3")).text


async def test_a_person_without_bookmarks_is_told_how_to_get_one(susans_browser: Browser) -> None:
    assert "No bookmarks yet" in (await susans_browser.get("/bookmarks")).text
