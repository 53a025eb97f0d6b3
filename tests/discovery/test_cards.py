"""Cards: the images of links to pages that have no other image."""

import base64
import io
import re
from html import unescape
from pathlib import Path

import pytest
from PIL import Image, ImageColor
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.discovery import drawing
from blog.models import Post, PostStatus, User
from tests.jobs import do_job
from tests.posts.test_posts import add_posts
from tests.support import Browser

_IMAGE = re.compile(r'<meta property="og:image" content="([^"]+)">')


@pytest.fixture(autouse=True)
async def no_cards(app: Broadside) -> None:
    """No card is stored."""
    await app.storage.delete(*(stored.key for stored in await app.storage.page("cards")))


async def image_of(browser: Browser, page: str) -> str:
    """The address of the image of a page."""
    found = _IMAGE.search((await browser.get(page)).text)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize("page", ["/", "/user/susan", "/post/1"])
async def test_a_page_without_an_image_has_one_that_is_drawn_once(
    app: Broadside, browser: Browser, db: AsyncSession, susan: User, page: str
) -> None:
    await add_posts(db, susan, 1)
    address = await image_of(browser, page)
    for _ in range(2):
        answer = await browser.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
        assert answer.headers["cache-control"] == "public, max-age=31536000"
        with Image.open(io.BytesIO(answer.content)) as image:
            assert image.size == (1200, 630)
            image.load()
    assert len(await app.storage.page("cards")) == 1
    again = await browser.get(address, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_it_changes_with_the_title_and_the_name(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    await add_posts(db, susan, 1)
    addresses, contents = set(), set()
    for change in (
        update(Post).values(title="A title"),
        update(Post).values(title="Another title"),
        update(User).values(name="Susan Meyer"),
    ):
        await db.execute(change)
        await db.commit()
        addresses.add(address := await image_of(browser, "/post/1"))
        contents.add((await browser.get(address)).content)
    assert len(addresses) == len(contents) == 3


@pytest.mark.parametrize(
    "change",
    [{"status": PostStatus.DRAFT}, {"status": PostStatus.SCHEDULED}, {"hidden_at": now()}],
    ids=["draft", "scheduled", "hidden"],
)
async def test_a_post_that_not_everybody_may_read_has_no_card(
    susans_browser: Browser, db: AsyncSession, susan: User, change: dict[str, object]
) -> None:
    await add_posts(db, susan, 1)
    assert (await susans_browser.get("/card/post/1.png")).status_code == 200
    await db.execute(update(Post).values(change))
    await db.commit()
    assert (await susans_browser.get("/card/post/1.png")).status_code in {404, 410}


async def test_of_nothing_there_is_none(browser: Browser) -> None:
    for address in ("/card/post/1.png", "/card/user/nobody.png", "/card/user/..%2f.png"):
        assert (await browser.get(address)).status_code == 404


async def test_a_job_keeps_what_is_new(app: Broadside, browser: Browser) -> None:
    await browser.get("/card/site.png")
    await do_job(app, "sweep_cards")
    assert len(await app.storage.page("cards")) == 1


def drawn(title: str) -> bytes:
    return drawing.draw_card(title, "Susan", "Broadside").encode()


def test_no_title_breaks_a_card_and_none_is_drawn_as_boxes() -> None:
    plain = drawn("")
    assert drawn("Broadside") == plain, "the name of the site stands for a title"
    for title in ("\U000e0001", "🚋", "\ue000", "𓀀", "👩‍👩‍👧‍👦", "\u200d"):
        assert drawn(title) == plain, ascii(title)
    assert drawn("🚋 Trams") == drawn("Trams")
    for title in ("x" * 200, "W " * 100, "e\u0301" * 100, "永" * 200, "שלום " * 40, "a\u0335" * 9,
                  "ő" * 50, "<b>&amp;", "ﷺ" * 50, "🇩🇪" * 100, "é" + "\u0300" * 190):  # fmt: skip
        with Image.open(io.BytesIO(base64.b64decode(drawn(title)))) as image:
            assert image.size == (1200, 630)


@pytest.mark.parametrize(("title", "is_left"), [("Trams", False), ("שלום", True)])
def test_the_name_of_the_site_is_across_from_where_the_title_begins(
    title: str, is_left: bool
) -> None:
    with Image.open(io.BytesIO(base64.b64decode(drawn(title)))) as image:
        foot = image.convert("RGB").crop((0, 500, 1200, 630))
    halves = [foot.crop(box).getcolors() or [] for box in ((0, 0, 600, 130), (600, 0, 1200, 130))]
    accent = ImageColor.getrgb(drawing.ACCENT)
    assert [accent in {colour for _, colour in half} for half in halves] == [is_left, not is_left]


def test_symbols_that_our_fonts_lack_leave_a_title_in_our_fonts() -> None:
    assert drawn("Coffee ☕ and trams 🚋") == drawn("Coffee and trams")


def test_without_shaping_a_title_that_needs_it_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "CAN_SHAPE", False)
    assert drawn("שלום") == drawn("हिन्दी") == drawn("")
    assert drawn("Trams") != drawn("")


def test_without_fonts_of_our_own_a_card_still_has_a_title(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(drawing, "FONTS", tmp_path)
    for cached in (drawing._load_face, drawing._is_installed, drawing._font_has):
        cached.cache_clear()
    try:
        assert drawn("A title") != drawn("Another title")
    finally:
        for cached in (drawing._load_face, drawing._is_installed, drawing._font_has):
            cached.cache_clear()
