"""Writing and reading posts."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Post, User
from tests.support import Browser


async def add_posts(db: AsyncSession, author: User, number: int) -> list[Post]:
    """Posts "Post 1", "Post 2", …, a minute apart, the last one now."""
    moment = now()
    posts = [
        Post(
            author_id=author.id,
            body=f"Post {i}",
            body_html=f"<p>Post {i}</p>",
            renderer_version=1,
            published_at=moment - timedelta(minutes=number - i),
        )
        for i in range(1, number + 1)
    ]
    db.add_all(posts)
    await db.commit()
    return posts


async def test_a_post_is_rendered_on_its_page_on_the_home_page_and_on_the_profile(
    susans_browser: Browser, browser: Browser
) -> None:
    answer = await susans_browser.submit("/", {"body": "Some *Markdown*"})
    assert (answer.status_code, answer.headers["location"]) == (302, "/post/1")
    for address in ("/", "/post/1", "/user/susan"):
        page = await browser.get(address)
        assert page.status_code == 200
        assert "Some <em>Markdown</em>" in page.text


async def test_a_post_counts(susans_browser: Browser, db: AsyncSession, susan: User) -> None:
    await susans_browser.submit("/", {"body": "one"})
    await susans_browser.submit("/", {"body": "two"})
    await db.refresh(await db.merge(susan))
    assert (await db.get_one(User, susan.id)).post_count == 2


async def test_an_empty_post_comes_back_with_a_message(susans_browser: Browser) -> None:
    answer = await susans_browser.submit("/", {"body": "  \n "})
    assert answer.status_code == 422
    assert "Please fill in this field" in answer.text


async def test_a_post_that_is_too_long_comes_back_with_its_text(susans_browser: Browser) -> None:
    answer = await susans_browser.submit("/", {"body": "x" * 65_537})
    assert answer.status_code == 422
    assert "x" * 65_537 in answer.text
    assert "at most 65,536 characters" in answer.text


async def test_a_stranger_sees_no_form_and_is_asked_to_log_in(browser: Browser) -> None:
    assert "<textarea" not in (await browser.get("/")).text
    token = await browser.token("/auth/login")
    answer = await browser.post("/", data={"body": "x", "csrf_token": token})
    assert answer.status_code == 403
    assert "<h1>Log in</h1>" in answer.text


async def test_the_newest_posts_come_first_page_by_page(
    app: Broadside, browser: Browser, db: AsyncSession, susan: User
) -> None:
    await add_posts(db, susan, 45)
    first, second, third = [(await browser.get(f"/?page={n}")).text for n in (1, 2, 3)]
    assert first.index("<p>Post 45</p>") < first.index("<p>Post 26</p>")
    assert "<p>Post 25</p>" not in first
    assert "<p>Post 25</p>" in second
    assert "<p>Post 1</p>" in third
    assert 'rel="next"' in second
    assert 'rel="prev"' in second
    assert 'rel="next"' not in third
    assert 'rel="prev"' not in first


async def test_an_unknown_post_is_404(browser: Browser) -> None:
    answer = await browser.get("/post/12345")
    assert answer.status_code == 404
    assert "This post doesn" in answer.text


async def test_a_profile_shows_only_its_owners_posts(
    browser: Browser, db: AsyncSession, susan: User, make_user: Callable[..., Awaitable[User]]
) -> None:
    david = await make_user("david")
    await add_posts(db, susan, 1)
    assert "Post 1" in (await browser.get("/user/susan")).text
    assert "Post 1" not in (await browser.get(f"/user/{david.username}")).text


async def test_a_profile_is_found_in_any_case_and_has_one_address(
    browser: Browser, susan: User
) -> None:
    answer = await browser.get("/user/SuSan")
    assert (answer.status_code, answer.headers["location"]) == (302, "/user/susan")
    assert (await browser.get("/user/nobody")).status_code == 404
