"""Browser caching and conditional requests."""

import gzip
import re
from pathlib import Path

import pytest

from blog.core.web.assets import Assets
from blog.models import User
from tests.support import Browser

SHEET = re.compile(r'href="(/static/css/screen\.[0-9a-f]{12}\.css)"')


async def test_an_unchanged_page_is_304(susans_browser: Browser, susan: User) -> None:
    address = f"/user/{susan.username}"
    first = await susans_browser.get(address)
    assert "csrf_token" in first.text
    again = await susans_browser.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert "private" in again.headers["cache-control"]


async def test_users_see_what_they_just_wrote(susans_browser: Browser, susan: User) -> None:
    address = f"/user/{susan.username}"
    first = await susans_browser.get(address)
    await susans_browser.submit("/", {"body": "Brand new"})
    again = await susans_browser.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 200
    assert "Brand new" in again.text


async def test_a_page_is_sent_again_after_the_login_changed(browser: Browser, susan: User) -> None:
    await browser.log_in(susan.username)
    before = await browser.get("/")
    browser.cookies.clear()
    await browser.log_in(susan.username)
    after = await browser.get("/", headers={"If-None-Match": before.headers["etag"]})
    assert after.status_code == 200, "the old page's token would be refused in the new session"


async def test_an_error_has_no_validator(browser: Browser) -> None:
    assert "etag" not in (await browser.get("/nowhere")).headers


async def test_a_style_sheet_is_kept_for_ever_under_its_fingerprint(browser: Browser) -> None:
    found = SHEET.search((await browser.get("/")).text)
    assert found
    sheet = await browser.get(found[1])
    assert sheet.status_code == 200
    assert sheet.headers["content-type"] == "text/css; charset=utf-8"
    assert "immutable" in sheet.headers["cache-control"]


@pytest.mark.parametrize("name", ["base.css", "base.000000000000.css"])
async def test_under_another_name_it_is_asked_for_again(browser: Browser, name: str) -> None:
    sheet = await browser.get(f"/static/css/{name}")
    assert sheet.headers["cache-control"] == "no-cache"
    again = await browser.get(
        f"/static/css/{name}", headers={"If-None-Match": sheet.headers["etag"]}
    )
    assert again.status_code == 304


async def test_a_file_is_compressed_once(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    compressed: list[bytes] = []
    compress = gzip.compress

    def counting(data: bytes, *arguments: int, **options: float) -> bytes:
        compressed.append(data)
        return compress(data, *arguments, **options)

    monkeypatch.setattr("gzip.compress", counting)
    name = "/api/docs/swagger-ui-bundle.js"
    plain = await browser.get(name, headers={"Accept-Encoding": "identity"})
    answers = [await browser.get(name, headers={"Accept-Encoding": "gzip"}) for _ in range(3)]
    assert len(compressed) <= 1
    for answer in answers:
        assert answer.headers["content-encoding"] == "gzip"
        assert answer.content == plain.content
        assert answer.headers["etag"] == plain.headers["etag"]
        assert answer.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
    for accepted, coding in (("gzip, br", "br"), ("br;q=0, gzip", "gzip"), ("br;q=0", None)):
        answer = await browser.get(name, headers={"Accept-Encoding": accepted})
        assert (answer.headers.get("content-encoding"), answer.content) == (coding, plain.content)
    known = await browser.get(name, headers={"If-None-Match": plain.headers["etag"]})
    assert (known.status_code, known.content) == (304, b"")


async def test_nothing_outside_the_folder_is_served(browser: Browser) -> None:
    for name in ("../settings.py", "..%2Fsettings.py", "css", "", "%2Fetc%2Fpasswd"):
        answer = await browser.get(f"/static/{name}", follow_redirects=True)
        assert answer.status_code == 404, name


async def test_a_changed_file_has_another_name_at_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blog.core.web.assets.LOOK_SECONDS", 0.0)
    (tmp_path / "a.css").write_text("one")
    assets = Assets(tmp_path, "/files/")
    before = assets.address("a.css")
    (tmp_path / "a.css").write_text("two, and longer")
    assert assets.address("a.css") != before


async def test_a_name_that_stands_for_several_files_changes_with_each_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blog.core.web.assets.LOOK_SECONDS", 0.0)
    (tmp_path / "a.css").write_text("one")
    (tmp_path / "b.css").write_text("two")
    assets = Assets(tmp_path, "/files/", {"both.css": ("a.css", "b.css")})
    before = assets.address("both.css")
    (tmp_path / "b.css").write_text("three")
    after = assets.address("both.css")
    assert after != before
    folder = tmp_path / "www"
    assert {before, after} & set(assets.write(folder)) == {after}
    assert (folder / after.lstrip("/")).read_text() == "one\nthree"


async def test_a_page_asks_for_one_style_sheet_for_the_screen(browser: Browser) -> None:
    sheets = re.findall('<link rel="stylesheet"[^>]*>', (await browser.get("/")).text)
    assert len([sheet for sheet in sheets if 'media="print"' not in sheet]) == 1


async def test_a_long_text_is_compressed_for_those_who_accept_it(browser: Browser) -> None:
    compressed = await browser.get("/auth/login", headers={"Accept-Encoding": "gzip"})
    plain = await browser.get("/auth/login", headers={"Accept-Encoding": "identity"})
    refused = await browser.get("/auth/login", headers={"Accept-Encoding": "gzip;q=0"})
    assert compressed.headers["content-encoding"] == "gzip"
    assert "Log in" in compressed.text
    assert int(compressed.headers["content-length"]) < len(plain.content) / 2
    for answer in (plain, refused):
        assert "content-encoding" not in answer.headers
        assert "Accept-Encoding" in answer.headers["vary"]
