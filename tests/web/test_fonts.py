"""The fonts of the pages, which the build makes (`hatch_build.py`)."""

import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import hatch_build
from blog.core.web.app import Broadside
from blog.core.web.assets import own_assets
from tests.servers import PROJECT
from tests.support import Browser

PRELOADED = re.compile(
    r'<link rel="preload" href="([^"]+)" as="font" type="font/woff2" crossorigin>'
)
BUDGET = 60 * 1024


async def test_each_page_preloads_a_serif_and_a_sans_of_sixty_kilobytes(app: Broadside) -> None:
    async with Browser(app) as browser:
        page = await browser.get("/auth/login")
        addresses = PRELOADED.findall(page.text)
        fonts = [await browser.get(address) for address in addresses]
    assert [address.split(".")[0] for address in addresses] == [
        "/static/fonts/sans", "/static/fonts/serif",
    ]  # fmt: skip
    assert sum(len(font.content) for font in fonts) < BUDGET
    for font in fonts:
        assert font.content.startswith(b"wOF2")
        assert font.headers["content-type"] == "font/woff2"
        assert "immutable" in font.headers["cache-control"]


async def test_the_style_sheet_names_each_font_as_it_is_cached(app: Broadside) -> None:
    async with Browser(app) as browser:
        page = await browser.get("/auth/login")
        sheet = page.text.partition('rel="stylesheet" href="')[2].partition('"')[0]
        rules = (await browser.get(sheet)).text
        addresses = re.findall(r'url\("\.\./(fonts/[^"]+)"\)', rules)
        assert len(addresses) == 6
        for address in addresses:
            font = await browser.get(f"/static/{address}")
            assert font.status_code == 200
            assert "immutable" in font.headers["cache-control"]
        assert set(PRELOADED.findall(page.text)) <= {f"/static/{address}" for address in addresses}


async def test_the_licences_are_served_with_the_fonts(app: Broadside) -> None:
    async with Browser(app) as browser:
        for family in ("Literata", "Public-Sans"):
            licence = await browser.get(f"/static/fonts/{family}-LICENSE.txt")
            assert "SIL OPEN FONT LICENSE" in licence.text


def test_without_the_build_there_is_a_style_sheet_all_the_same(tmp_path: Path) -> None:
    static = tmp_path / "static"
    static.mkdir()
    (static / "css").symlink_to(PROJECT / "static" / "css")
    without = own_assets(tmp_path).address("css/screen.css")
    (static / "fonts").symlink_to(PROJECT / "static" / "fonts")
    assert own_assets(tmp_path).address("css/screen.css") != without


def test_of_two_builds_at_once_one_makes_the_fonts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def make(folder: Path) -> None:
        folder.mkdir()
        time.sleep(0.2)
        (folder / "fonts.css").touch()
        made.append(folder)

    monkeypatch.setattr(hatch_build, "make_fonts", make)
    with ThreadPoolExecutor(2) as builds:
        list(builds.map(hatch_build.ensure_fonts, [tmp_path / "fonts"] * 2))
    assert made == [tmp_path / "fonts.draft"]
    assert [each.name for each in tmp_path.iterdir()] == ["fonts"]
