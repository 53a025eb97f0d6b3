"""Delivery of images."""

from collections.abc import Callable

import pytest

from blog import create_app
from blog.checks.configuration import check_configuration
from blog.checks.findings import Severity
from blog.core.web.app import Broadside
from settings import Settings
from tests.api.support import Client, statements_of
from tests.media.corpus import encoded, picture
from tests.media.support import finish_jobs, upload, uploaded
from tests.support import Browser


async def test_an_image_is_cached_for_ever_and_has_no_rights(
    app: Broadside, susans: Client, browser: Browser
) -> None:
    media = await uploaded(app, susans, encoded(picture(), "JPEG"))
    for address in (media["image_url"], media["image_url"].replace("-40.webp", "")):
        answer = await browser.get(address)
        assert answer.status_code == 200
        headers = answer.headers
        assert headers["content-type"] == "image/webp"
        assert headers["content-length"] == str(len(answer.content))
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert set(headers["cache-control"].split(", ")) == {
            "public",
            "max-age=31536000",
            "immutable",
        }
        assert "set-cookie" not in headers
        assert "cookie" not in headers.get("vary", "").lower()
        assert statements_of(answer) == 1
        again = await browser.get(address, headers={"If-None-Match": headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (await browser.head(address)).headers["content-length"] == headers["content-length"]


async def test_only_the_sizes_that_there_are_are_served(
    app: Broadside, susans: Client, browser: Browser
) -> None:
    media = await uploaded(app, susans, encoded(picture(600, 300), "JPEG"))
    name = media["image_url"].rpartition("-")[0]
    found = [(await browser.get(f"{name}-{width}.webp")).status_code for width in (480, 600)]
    assert found == [200, 200]
    for end in ("-0.webp", "-481.webp", "-960.webp", "-99999999999.webp", ".webp", "-600.png", "x"):
        assert (await browser.get(name + end)).status_code == 404, end
    for other in ("a" * 32, "A" * 32, "..%2F" * 8, "%00" * 32, "é" * 32):
        assert (await browser.get(f"/media/{other}-480.webp")).status_code in {400, 404}


async def test_the_upload_itself_is_never_served_and_soon_gone(
    app: Broadside, susans: Client
) -> None:
    content = encoded(picture(), "JPEG", comment=b"The diary of Susan Meyer")
    made = (await upload(susans, content)).json()
    [stored] = await app.storage.page("originals")
    for address in (made["image_url"], f"/{stored.key}", f"/media/{stored.key}"):
        assert b"diary" not in (await susans.get(f"https://blog.test{address}")).content
    await finish_jobs(app)
    assert await app.storage.page("originals") == []


async def test_images_may_be_those_of_a_cdn(make_settings: Callable[..., Settings]) -> None:
    app = create_app(make_settings(media_url="https://cdn.example.com"))
    async with app.test_app(), Browser(app) as browser:
        policy = (await browser.get("/")).headers["content-security-policy"]
    assert "img-src 'self' https://cdn.example.com;" in policy


@pytest.mark.parametrize(
    ("address", "severity"),
    [
        ("https://cdn.example.com", Severity.OK),
        ("http://cdn.example.com", Severity.SERIOUS),
        ("https://localhost", Severity.SERIOUS),
    ],
)
def test_the_check_of_the_settings_looks_at_the_cdn(
    make_settings: Callable[..., Settings], address: str, severity: Severity
) -> None:
    for name in ("media_url", "static_url"):
        found = check_configuration(make_settings(**{name: address}))
        assert [each.severity for each in found if each.subject == name.upper()] == [severity]


@pytest.mark.parametrize("value", ["cdn.example.com", "https://cdn.example.com/images"])
def test_the_address_of_a_cdn_is_an_origin(
    make_settings: Callable[..., Settings], value: str
) -> None:
    with pytest.raises(ValueError, match="media_url"):
        make_settings(media_url=value)
