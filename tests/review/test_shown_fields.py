"""An edit of anything that readers see of a post is held, also of its cover and the alternative
text of that."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from blog.posts.schemas import PostUpdate
from tests.media.corpus import encoded, picture
from tests.media.support import uploaded
from tests.review.test_holding import Site, public_state, site
from tests.review.test_queue import QUEUE, approve, waiting
from tests.support import Browser, change_site

__all__ = ["site"]
# What readers see, with a new value; and what needs no review.
SHOWN: dict[str, Any] = {
    "title": "Another title", "slug": "another", "tags": ["another"], "excerpt": "In short",
    "canonical_url": "https://example.com/first", "body": "Another text", "cover": None,
}  # fmt: skip
NOT_READ = {
    "language", "comments_open", "comments_limited", "pinned", "status", "scheduled_for",
    "time_zone",
}  # fmt: skip


async def image_of(site: Site, alt: str, *, width: int = 30) -> dict[str, Any]:
    return await uploaded(site.app, site.api, encoded(picture(width, 20), "PNG"), alt=alt)


async def covered(site: Site, alt: str = "A tram") -> dict[str, Any]:
    """The image that the post gets as its cover."""
    image = await image_of(site, alt)
    answer = await site.api.patch(f"/posts/{site.post.id}", json={"cover": image["id"]})
    assert answer.status_code == 200, answer.text
    return image


async def shown_alt(site: Site) -> str:
    return str((await site.api.get(f"/posts/{site.post.id}")).json()["cover"]["alt"])


def test_each_field_of_a_post_is_read_by_moderators_or_by_nobody() -> None:
    assert {*PostUpdate.model_fields} == {*SHOWN} | NOT_READ


@pytest.mark.parametrize("name", SHOWN)
async def test_a_new_value_of_each_field_that_readers_see_is_held(
    site: Site, browser: Browser, name: str
) -> None:
    await covered(site)
    await change_site(site.app, hold_first_posts=True)
    public = await public_state(site, browser)
    answer = await site.api.patch(f"/posts/{site.post.id}", json={name: SHOWN[name]})
    assert answer.status_code == 202, answer.text
    assert await public_state(site, browser) == public


async def test_moderators_see_the_new_cover_of_a_post_before_they_publish_it(
    site: Site, browser: Browser, moderators_browser: Browser
) -> None:
    await covered(site)
    await change_site(site.app, hold_first_posts=True)
    public = await public_state(site, browser)
    image = await image_of(site, "A ferry", width=40)
    await site.api.patch(f"/posts/{site.post.id}", json={"cover": image["id"]})
    assert await public_state(site, browser) == public
    for address in (QUEUE, f"{QUEUE}/{(await waiting(site.db)).id}/refuse"):
        page = (await moderators_browser.get(address)).text
        assert urlsplit(image["image_url"]).path in page and page.count("A ferry") == 2
    # What the moderator has not read is not published.
    await site.api.patch(f"/media/{image['id']}", json={"alt": "A casino"})
    await approve(moderators_browser, await waiting(site.db))
    assert await shown_alt(site) == "A ferry"


@pytest.mark.parametrize("holds", [True, False])
async def test_a_public_post_keeps_the_alternative_text_of_its_cover_until_it_is_edited(
    site: Site, browser: Browser, moderators_browser: Browser, *, holds: bool
) -> None:
    image = await covered(site)
    await change_site(site.app, hold_first_posts=holds)
    public = await public_state(site, browser)
    await image_of(site, "The same image, uploaded again")
    await site.api.patch(f"/media/{image['id']}", json={"alt": "A blue tram"})
    assert await public_state(site, browser) == public
    answer = await site.api.patch(f"/posts/{site.post.id}", json={"cover": image["id"]})
    assert answer.status_code == (202 if holds else 200)
    if holds:
        assert await public_state(site, browser) == public
        assert "A blue tram" in (await moderators_browser.get(QUEUE)).text
        await approve(moderators_browser, await waiting(site.db))
    assert await shown_alt(site) == "A blue tram"


async def test_a_post_from_before_alternative_texts_were_kept_gets_no_new_one_unread(
    site: Site, browser: Browser
) -> None:
    image = await covered(site)
    site.post.cover_id, site.post.cover_alt = image["id"], None
    await site.db.merge(site.post)
    await site.db.commit()
    await change_site(site.app, hold_first_posts=True)
    public = await public_state(site, browser)
    await image_of(site, "The same image, uploaded again")
    assert await public_state(site, browser) == public


async def test_a_listed_word_in_the_alternative_text_of_its_cover_holds_a_post(site: Site) -> None:
    await change_site(site.app, held_words=("casino",))
    image = await image_of(site, "A casino")
    answer = await site.api.post("/posts/", json={"body": "A text", "cover": image["id"]})
    assert answer.json()["status"] == "held"


async def test_a_draft_has_the_alternative_text_that_its_cover_has_when_it_is_published(
    site: Site,
) -> None:
    image = await image_of(site, "")
    draft = {"body": "A text", "cover": image["id"], "status": "draft"}
    address = (await site.api.post("/posts/", json=draft)).headers["Location"]
    await site.api.patch(f"/media/{image['id']}", json={"alt": "A tram"})
    answer = await site.api.patch(address, json={"status": "published"})
    assert answer.json()["cover"]["alt"] == "A tram"
