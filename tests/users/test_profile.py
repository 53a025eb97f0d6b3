"""Profiles, and what people say about themselves."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import User
from tests.support import Browser

PROFILE = {"name": "Susan Smith", "location": "Zürich", "about_me": "One line\r\nand another"}


async def test_a_profile_shows_who_somebody_is_but_not_the_address(
    browser: Browser, susan: User, db: AsyncSession
) -> None:
    await db.execute(
        update(User).values(name="Susan Smith", location="Zürich", about_me="I knit.\nAnd purl.")
    )
    await db.commit()
    page = (await browser.get("/user/susan")).text
    for text in ("Susan Smith", "Zürich", "I knit.\nAnd purl.", "Joined"):
        assert text in page
    assert "susan@example.com" not in page


async def test_administrators_see_the_address_and_the_way_to_edit(
    app: Broadside, susan: User, make_user: Callable[..., Awaitable[User]]
) -> None:
    await make_user("root", role="Administrator")
    async with Browser(app) as root:
        await root.log_in("root")
        page = (await root.get("/user/susan")).text
    assert "susan@example.com" in page
    assert f"/edit-profile/{susan.id}" in page


async def test_a_profile_is_found_whatever_the_case_and_has_one_address(
    browser: Browser, susan: User
) -> None:
    answer = await browser.get("/user/SUSAN")
    assert (answer.status_code, answer.headers["location"]) == (302, "/user/susan")
    for nobody in ("nobody", "susan%3F", "susan%2fx", "%2e%2e", "..%2fsusan", "susan%252f"):
        assert (await browser.get(f"/user/{nobody}")).status_code == 404, nobody


async def test_the_profile_of_a_disabled_person_says_so_and_keeps_the_posts(
    browser: Browser, susans_browser: Browser, db: AsyncSession
) -> None:
    await susans_browser.submit("/", {"body": "Still here"})
    await db.execute(update(User).values(disabled_at=now()))
    await db.commit()
    page = (await browser.get("/user/susan")).text
    assert "This account has been disabled" in page
    assert "Still here" in page


async def test_a_person_edits_her_profile(susans_browser: Browser, db: AsyncSession) -> None:
    answer = await susans_browser.submit("/edit-profile", PROFILE)
    assert (answer.status_code, answer.headers["location"]) == (302, "/user/susan")
    form = (await susans_browser.get("/edit-profile")).text
    assert 'value="Susan Smith"' in form
    assert "One line\nand another</textarea>" in form


async def test_everything_of_a_profile_may_be_emptied(
    susans_browser: Browser, db: AsyncSession
) -> None:
    await susans_browser.submit("/edit-profile", PROFILE)
    await susans_browser.submit("/edit-profile", dict.fromkeys(PROFILE, ""))
    susan = await db.get_one(User, 1)
    assert (susan.name, susan.location, susan.about_me) == ("", "", "")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Zoe\u0308", "Zoë"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        # Hebrew and Arabic need marks and isolates; one that is not closed would reach too far.
        ("\u05d0\u200f (C++\u200e) \u061c", "\u05d0\u200f (C++\u200e) \u061c"),
        ("a\u2068b\u2067c\u2069\u2069d", "a\u2068b\u2067c\u2069\u2069d"),
        ("a\u2067b", "ab"),
        ("a\u2069\u2066b", "ab"),
        ("two\r\nlines\tand\x07 a bell", "two lines and a bell"),
        ("\U0001f469\u200d\U0001f4bb", "\U0001f469\u200d\U0001f4bb"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627", "\u0645\u06cc\u200c\u062e\u0648\u0627"),
        ("<b>O'Brien & Söhne</b>", "<b>O'Brien & Söhne</b>"),
    ],
)
async def test_a_name_is_kept_as_typed_but_for_what_would_disturb(
    susans_browser: Browser, db: AsyncSession, typed: str, kept: str
) -> None:
    answer = await susans_browser.submit("/edit-profile", {"name": typed, "about_me": typed})
    assert answer.status_code == 302
    assert (await db.get_one(User, 1)).name == kept


async def test_the_about_text_is_escaped(susans_browser: Browser) -> None:
    evil = "<script>alert(1)</script>[x](javascript:alert(1))"
    await susans_browser.submit("/edit-profile", {"name": evil[:64], "about_me": evil})
    page = (await susans_browser.get("/user/susan")).text
    assert "<script>alert" not in page
    assert 'href="javascript:' not in page
    assert "&lt;script&gt;alert(1)" in page


async def test_a_value_that_is_too_long_is_shown_with_its_error(
    susans_browser: Browser, db: AsyncSession
) -> None:
    wrong = {"name": "n" * 65, "location": "l" * 64, "about_me": "a" * 2001}
    answer = await susans_browser.submit("/edit-profile", wrong)
    assert answer.status_code == 422
    assert "at most 64 characters" in answer.text
    assert "at most 2,000 characters" in answer.text
    assert wrong["about_me"] in answer.text
    assert (await db.get_one(User, 1)).location == ""


async def test_line_breaks_count_once(susans_browser: Browser) -> None:
    answer = await susans_browser.submit("/edit-profile", {"about_me": "a\r\n" * 999 + "bc"})
    assert answer.status_code == 302
