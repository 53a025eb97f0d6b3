"""What changes a page that may be stored for long marks one of its surrogate keys."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

import httpx
import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import joinedload

from blog import create_app
from blog.accounts.deletion.service import remove_account
from blog.accounts.email.service import change_email
from blog.accounts.links import CHANGE_EMAIL, credentials_of
from blog.core.auth.viewer import Viewer
from blog.core.web.app import Broadside
from blog.models import StaleKey, Tag, User
from blog.moderation.tags import rename_tag
from settings import Settings
from tests.api.support import Client, add_token
from tests.support import Browser, NewUser, add_users, change_site

PAGES = (
    "/", "/user/susan", "/user/john", "/tag/boats", "/tag/strasse", "/post/1/first",
    "/post/2/second", "/feed.atom", "/feed.json", "/user/susan/feed.atom", "/tag/boats/feed.json",
)  # fmt: skip


class Site(NamedTuple):
    """A site whose pages are purged, with two posts, a comment, and the people who wrote them."""

    app: Broadside
    people: dict[str, User]
    susan: Client
    john: Client
    mona: Client

    async def marked(self) -> set[str]:
        """The keys that were marked since this was asked the last time."""
        async with self.app.database.session() as session:
            keys = set(await session.scalars(select(StaleKey.key)))
            await session.execute(delete(StaleKey))
            await session.commit()
        return keys


@pytest.fixture(scope="module")
async def purging(make_settings: Callable[..., Settings]) -> AsyncIterator[Broadside]:
    """An application whose pages are purged."""
    settings = make_settings(
        purge_url="http://127.0.0.1:1/", purge_cache="varnish", avatars="gravatar"
    )
    started = create_app(settings)
    async with started.test_app():
        yield started


@pytest.fixture
async def site(app: Broadside, purging: Broadside) -> AsyncIterator[Site]:
    # What an earlier test has stored may have been loaded when it started.
    purging.site_settings.apply(purging.site_settings.defaults)
    people = await add_users(
        purging, NewUser("susan"), NewUser("john"), NewUser("mona", "Moderator")
    )
    tokens = [await add_token(purging, people[name]) for name in ("susan", "john", "mona")]
    async with (
        Client(purging, token=tokens[0]) as susan,
        Client(purging, token=tokens[1]) as john,
        Client(purging, token=tokens[2]) as mona,
    ):
        tags = ["boats", "Straße"]
        for title in ("First", "Second"):
            await susan.post("/posts/", json={"title": title, "body": "x", "tags": tags})
        await john.post("/posts/1/comments/", json={"body": "Mine"})
        yield Site(purging, people, susan, john, mona)


async def rename(site: Site) -> None:
    async with site.app.database.session() as session:
        moderator = await session.get_one(
            User, site.people["mona"].id, options=[joinedload(User.role)]
        )
        tag = (await session.scalars(select(Tag).where(Tag.name == "boats"))).one()
        await rename_tag(session, Viewer.of(moderator), tag.id, "BOATS", "It is louder.")


async def change_address(site: Site) -> None:
    async with site.app.app_context(), site.app.database.session() as session:
        john = await session.get_one(User, site.people["john"].id, options=[joinedload(User.role)])
        content = {"user": john.id, "email": "j@example.com", "credentials": credentials_of(john)}
        token = site.app.links.sign(CHANGE_EMAIL, content)
        await change_email(session, Viewer.of(john), token, site.app.links, [])


async def remove_john(site: Site) -> None:
    async with site.app.database.session() as session:
        await remove_account(session, await session.get_one(User, site.people["john"].id))
        await session.commit()


REASON = {"reason": "Off topic"}
CHANGES: dict[str, Callable[[Site], Awaitable[object]]] = {
    "like": lambda site: site.john.put("/posts/1/like"),
    "like of a comment": lambda site: site.susan.put("/comments/1/like"),
    "comment": lambda site: site.susan.post("/posts/1/comments/", json={"body": "Yes"}),
    "edited comment": lambda site: site.john.patch("/comments/1", json={"body": "Ours"}),
    "deleted comment": lambda site: site.john.delete("/comments/1"),
    "removed comment": lambda site: site.susan.post("/comments/1/remove", json=REASON),
    "disabled comment": lambda site: site.mona.post("/comments/1/disable", json=REASON),
    "new post": lambda site: site.john.post("/posts/", json={"body": "z", "tags": ["boats"]}),
    "new title": lambda site: site.susan.patch("/posts/2", json={"title": "Third"}),
    "lost tags": lambda site: site.susan.patch("/posts/1", json={"tags": []}),
    "pinned": lambda site: site.susan.patch("/posts/1", json={"pinned": True}),
    "unpublished": lambda site: site.susan.patch("/posts/2", json={"status": "draft"}),
    "deleted post": lambda site: site.susan.delete("/posts/1"),
    "follow": lambda site: site.john.put("/users/susan/follow"),
    "name": lambda site: site.susan.patch("/me", json={"name": "Susan Q."}),
    "profile": lambda site: site.john.patch("/me", json={"about_me": "I comment."}),
    "address, which Gravatar's picture is of": change_address,
    "renamed tag": rename,
    "tagline": lambda site: change_site(site.app, tagline="Anything"),
    "deleted account": remove_john,
}


async def pages(site: Site) -> dict[str, httpx.Response]:
    async with Browser(site.app) as browser:
        return {address: await browser.get(address) for address in PAGES}


@pytest.mark.parametrize("name", CHANGES)
async def test_a_change_marks_a_key_of_each_page_that_it_changes(site: Site, name: str) -> None:
    before = await pages(site)
    assert {page.status_code for page in before.values()} == {200}, before
    await site.marked()
    answer = await CHANGES[name](site)
    assert not isinstance(answer, httpx.Response) or answer.is_success, answer
    marked, after = await site.marked(), await pages(site)
    changed = [page for page in PAGES if before[page].content != after[page].content]
    assert changed
    for page in changed:
        keys = set(before[page].headers["xkey"].split())
        assert keys & marked, f"{page} has {keys}, but only {marked} were marked"


async def test_what_concerns_one_post_leaves_the_pages_of_others(site: Site) -> None:
    await site.marked()
    await site.john.put("/posts/1/like")
    assert await site.marked() == {"post-1"}


async def test_nothing_is_marked_where_nothing_is_purged(app: Broadside, susan: User) -> None:
    async with Client(app, token=await add_token(app, susan)) as client:
        await client.post("/posts/", json={"body": "x"})
    async with app.database.session() as session:
        assert (await session.scalars(select(StaleKey))).all() == []
