"""Pictures of people."""

import hashlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.core.web.identicons import identicon, identicon_seed
from blog.models import User
from settings import Settings
from tests.support import Browser

OWN_AVATAR = re.compile(r'src="(/avatar/[0-9a-f]{16}\.svg)"')


async def picture_on(browser: Browser, page: str) -> str:
    """The address of the first avatar on a page."""
    found = OWN_AVATAR.search((await browser.get(page)).text)
    assert found
    return found[1]


async def test_an_avatar_is_drawn_without_a_statement_and_cached_for_ever(
    susans_browser: Browser,
) -> None:
    answer = await susans_browser.get(await picture_on(susans_browser, "/user/susan"))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert 'desc="0 statements"' in answer.headers["server-timing"]
    assert "set-cookie" not in answer.headers
    assert ET.fromstring(answer.text).tag == "{http://www.w3.org/2000/svg}svg"


async def test_an_avatar_does_not_reveal_the_address_or_change_with_it(
    browser: Browser, susan: User, db: AsyncSession
) -> None:
    before = await picture_on(browser, "/user/susan")
    await db.execute(update(User).values(email="other@example.com", username="sue"))
    await db.commit()
    assert await picture_on(browser, "/user/sue") == before
    for hashed in (hashlib.sha256, hashlib.md5):
        assert hashed(b"susan@example.com").hexdigest()[:16] not in before


@pytest.mark.parametrize("seed", ["susan", "0" * 15, "0" * 17, "A" * 16, "g" * 16])
async def test_an_invalid_seed_is_not_found(browser: Browser, seed: str) -> None:
    assert (await browser.get(f"/avatar/{seed}.svg")).status_code == 404


def test_identicons_are_symmetrical_and_differ() -> None:
    pictures = [identicon(identicon_seed(str(number))) for number in range(1000)]
    assert len(set(pictures)) > 990
    for picture in pictures:
        fields = {(int(x), int(y)) for x, y in re.findall(r"M(\d) (\d)h1", picture)}
        assert fields == {(4 - x, y) for x, y in fields}


async def test_the_hash_of_an_address_follows_it_however_it_is_changed(
    susan: User, db: AsyncSession
) -> None:
    def hash_of(address: str) -> str:
        return hashlib.sha256(address.encode()).hexdigest()

    assert susan.avatar_hash == hash_of("susan@example.com")
    found = await db.get_one(User, susan.id)
    found.email = "süsan@exämple.com"
    await db.commit()
    assert found.avatar_hash == hash_of("süsan@exämple.com")
    await db.execute(update(User).values(email="sue@example.com"))
    await db.refresh(found)
    assert found.avatar_hash == hash_of("sue@example.com")


async def test_gravatar_is_asked_only_if_that_is_wanted(
    browser: Browser, susan: User, make_settings: Callable[..., Settings]
) -> None:
    answer = await browser.get("/user/susan")
    assert "gravatar" not in answer.text + answer.headers["content-security-policy"]

    other = create_app(make_settings(avatars="gravatar"))
    async with other.test_app(), Browser(other) as visitor:
        answer = await visitor.get("/user/susan")
    picture = f"https://www.gravatar.com/avatar/{susan.avatar_hash}?s=192&amp;d=identicon"
    assert picture in answer.text
    policy = answer.headers["content-security-policy"]
    assert "img-src 'self' https://www.gravatar.com;" in policy
