"""What stands around the content of each page is rendered once for many, and right on each."""

import re

from blog.core.web.app import Broadside
from tests.support import Browser, NewUser, add_users

CURRENT = re.compile(r'<a href="([^"]+)" aria-current="(\w+)">')


def marked(page: str) -> list[tuple[str, str]]:
    """The links of the menu that are marked."""
    menu = page.partition('id="menu"')[2].partition("</nav>")[0]
    return CURRENT.findall(menu)


async def test_the_menu_marks_the_page_and_has_what_the_viewer_may_do(app: Broadside) -> None:
    await add_users(app, NewUser("susan"), NewUser("boss", "Administrator"))
    # Twice, because the second time it is found.
    for _ in range(2):
        for username in ("susan", "boss"):
            async with Browser(app) as browser:
                await browser.open_session(username)
                for address, expected in (
                    ("/", [("/", "page")]),
                    ("/drafts", [("/drafts", "page")]),
                    (f"/user/{username}", [(f"/user/{username}", "page")]),
                    (f"/followers/{username}", []),
                    ("/user/susan" if username == "boss" else "/user/boss", []),
                    ("/edit-profile", [("/edit-profile", "true")]),
                ):
                    page = (await browser.get(address)).text
                    assert marked(page) == expected, address
                    assert ("/admin" in page.partition("</nav>")[0]) == (username == "boss")
                    assert f'href="/user/{username}"' in page
        async with Browser(app) as stranger:
            page = (await stranger.get("/explore")).text
            assert marked(page) == [("/explore", "page")]
            assert "Drafts" not in page
