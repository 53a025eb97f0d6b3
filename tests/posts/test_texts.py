"""Texts of posts and comments are stored unchanged, and must have visible content."""

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.text.rendering import SHOWS_NOTHING
from blog.models import Comment, Post, User
from tests.support import PASSWORD, Browser

INDENTED = "    x = 1\n\n    y = 2\n\nand a table"


@pytest.fixture
async def places(db: AsyncSession, susan: User) -> dict[str, str]:
    """A post and a comment to be changed."""
    post = Post(author_id=susan.id, body="old", body_html="<p>old</p>", renderer_version=1)
    db.add(post)
    await db.flush()
    comment = Comment(
        author_id=susan.id, post_id=post.id, body="old", body_html="<p>old</p>", renderer_version=1
    )
    db.add(comment)
    await db.commit()
    return {"post": str(post.id), "comment": str(comment.id)}


FORMS = ["/", "/edit/{post}", "/post/{post}", "/comment/{comment}/edit"]
OPERATIONS = [
    ("POST", "/api/v1/posts/"), ("PUT", "/api/v1/posts/{post}"), ("PATCH", "/api/v1/posts/{post}"),
    ("POST", "/api/v1/posts/{post}/comments/"), ("PATCH", "/api/v1/comments/{comment}"),
]  # fmt: skip


async def stored(db: AsyncSession) -> set[str]:
    """All texts."""
    await db.rollback()
    return {*await db.scalars(select(Post.body)), *await db.scalars(select(Comment.body))}


@pytest.mark.parametrize("page", FORMS)
async def test_a_form_keeps_the_spaces_at_the_beginning(
    susans_browser: Browser, db: AsyncSession, places: dict[str, str], page: str
) -> None:
    page = page.format(**places)
    text = INDENTED.replace("\n", "\r\n")
    answer = await susans_browser.submit(page, {"body": text + " \r\n", "version": "1"})
    assert answer.status_code == 302, answer.text
    assert INDENTED in await stored(db)
    if "comment" not in page and "post" not in page:
        shown = (await susans_browser.get(answer.headers["Location"])).text
        assert '<pre tabindex="0"><code>x = 1\n\ny = 2\n</code></pre>' in shown


@pytest.mark.parametrize(("method", "url"), OPERATIONS)
async def test_the_api_keeps_the_spaces_at_the_beginning(
    browser: Browser, places: dict[str, str], susan: User, method: str, url: str
) -> None:
    browser.auth = (susan.username, PASSWORD)
    answer = await browser.request(method, url.format(**places), json={"body": INDENTED + "\n "})
    assert answer.status_code in {200, 201}, answer.text
    assert answer.json()["body"] == INDENTED


async def test_a_form_that_comes_back_keeps_them_as_well(
    susans_browser: Browser, places: dict[str, str]
) -> None:
    form = {"body": "\n    code", "preview": "true"}
    answer = await susans_browser.submit("/", form)
    assert ">\n\n    code</textarea>" in answer.text
    answer = await susans_browser.submit(f"/edit/{places['post']}", form | {"version": "1"})
    assert ">\n\n    code</textarea>" in answer.text


BLANK = ["\u200b", "&nbsp;", "\u3164", "![](a.png)"]


@pytest.mark.parametrize(
    ("page", "body"),
    [(page, body) for page in FORMS for body in BLANK] + [(page, "[a]: /b") for page in FORMS[:2]],
)
async def test_a_form_refuses_what_shows_nothing(
    susans_browser: Browser, places: dict[str, str], db: AsyncSession, page: str, body: str
) -> None:
    before = await stored(db)
    answer = await susans_browser.submit(page.format(**places), {"body": body, "version": "1"})
    assert answer.status_code == 422
    assert str(SHOWS_NOTHING) in answer.text
    assert await stored(db) == before


@pytest.mark.parametrize("body", BLANK)
@pytest.mark.parametrize(("method", "url"), OPERATIONS)
async def test_the_api_refuses_what_shows_nothing(
    browser: Browser, places: dict[str, str], susan: User, method: str, url: str, body: str
) -> None:
    browser.auth = (susan.username, PASSWORD)
    answer = await browser.request(method, url.format(**places), json={"body": body})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "body", "message": str(SHOWS_NOTHING)}]


@pytest.mark.parametrize("character", ["\ufffe", "\uffff", "\ufdd0", "\U0010ffff"])
async def test_what_is_no_character_is_refused(susans_browser: Browser, character: str) -> None:
    answer = await susans_browser.submit("/", {"body": f"a{character}b"})
    assert answer.status_code == 422
    assert f"contains the character U+{ord(character):04X}" in answer.text
