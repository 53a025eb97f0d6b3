"""What one exports, and imports on an empty site, is what one had."""

import io
import random
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Media, Post, PostImport, User
from blog.transfer.importing.jobs import IMPORT_POSTS
from tests.api.support import Client, add_token
from tests.emptying import empty
from tests.jobs import finish_jobs
from tests.media.support import finish_jobs as process_images
from tests.support import Browser, add_user
from tests.transfer.importing.samples import picture
from tests.transfer.support import Archive, downloaded, stored_archives

SEED = 14
POSTS = 40
COMPARED = (
    "title", "slug", "body", "excerpt", "word_count", "summary", "language", "canonical_url",
    "comments_open", "comments_limited", "status", "published_at", "scheduled_wall", "time_zone",
    "created_at", "edited_at", "tags",
)  # fmt: skip
OF_A_SITE = {"id", "pinned_at", "revision"}
MARKDOWN = """# Straße & “quotes”

Tabs\tand trailing spaces  \nand *emphasis*, $x^2$, ==marks== and a note[^1].

```python
--- # not front matter
```

| a | b |
| - | - |
| 1 | 2 |

[^1]: Below.
"""
BODIES = (
    MARKDOWN, "A note.", "---\ntitle: no\n---\n\n  Leading space", "    indented code\n\nText",
    "日本語の文章。", "نص بالعربية", "👩‍🚀 went\u00a0home", '{"title": "no"}', "+++\na = 1\n+++\n",
    "![A ⟨square⟩](/media/{image} \"Red\")\n\n[link](/media/{image}), `/media/{image}`",
)  # fmt: skip
TITLES = (
    None, None, "Yes", "1e3", "2020-01-01", ": #", '--- [x]: "y" #z', "日本語", "عربي 👩‍🚀", "null",
    "Everything", "Everything",
)  # fmt: skip
TAGS = ("Ⅻ", "C#", "public transport", "真", "Straße", "no", "2020", "'quoted'", "🚋")
IMAGES = {"A *red* square": "red", "A blue one": "blue", "Green: #3": "green"}


@pytest.fixture
async def susans(app: Broadside, susan: User) -> AsyncIterator[Client]:
    """Susan's client."""
    async with Client(app, token=await add_token(app, susan)) as client:
        yield client


async def write_everything(
    app: Broadside, client: Client, db: AsyncSession, posts: int = POSTS
) -> None:
    """Posts with all that posts have, each time the same."""
    chance = random.Random(SEED)
    for alt, colour in IMAGES.items():
        file = {"file": ("a.png", picture(colour))}
        answer = await client.post("/media/", files=file, data={"alt": alt, "caption": colour})
        assert answer.status_code == 201
    await process_images(app)
    images = (await db.scalars(select(Media))).all()
    for number in range(posts):
        fields = some_fields(chance, number, chance.choice(images))
        answer = await client.post("/posts/", json=fields)
        assert answer.status_code == 201, answer.text
    await client.patch("/posts/7", json={"status": "draft"})
    # In the past, so that times are not equal by chance.
    for number in range(1, posts + 1):
        begun = now() - timedelta(days=chance.randrange(100, 9000), seconds=chance.random())
        post = await db.get_one(Post, number)
        values: dict[str, Any] = {"created_at": begun}
        if post.status == "published":
            values["published_at"] = begun + timedelta(hours=chance.randrange(100))
        if chance.random() < 0.3:
            values["edited_at"] = begun + timedelta(days=chance.randrange(5, 90))
        await db.execute(update(Post).where(Post.id == number).values(values))
    await db.commit()


def some_fields(chance: random.Random, number: int, image: Media) -> dict[str, Any]:
    """What a new post has."""

    def perhaps(value: Any, share: float = 0.3) -> Any:
        return value if chance.random() < share else None

    soon = now() + timedelta(days=chance.randrange(1, 300), minutes=number)
    state = chance.choice(
        [{}, {}, {"status": "draft"},
         {"status": "scheduled", "time_zone": chance.choice(["Europe/Lisbon", "Asia/Tokyo"]),
          "scheduled_for": f"{soon:%Y-%m-%dT%H:%M}"}]
    )  # fmt: skip
    return {
        "body": BODIES[number % len(BODIES)].replace("{image}", image.name) + f"\n\n{number}",
        "title": chance.choice(TITLES),
        "tags": chance.sample(TAGS, chance.randrange(4)),
        "language": perhaps(chance.choice(["de", "pt-BR", "ja", "ar"])),
        "excerpt": perhaps('In short: "all" #1 ' + "真" * chance.randrange(20)),
        "canonical_url": perhaps(f"https://old.example.com/a?b={number}"),
        "comments_open": chance.random() < 0.7,
        "comments_limited": number % 3 == 0,
        "cover": perhaps(image.id),
        "pinned": number < 3,
        **state,
    }


async def posts_of(db: AsyncSession, user: User) -> list[dict[str, Any]]:
    """What is compared of somebody's posts, in the order of their texts.

    The file of an image is another one after an import, so it is called by what it shows.
    """
    await db.rollback()
    images = await db.scalars(select(Media).where(Media.owner_id == user.id))
    shown = {image.name: (image.alt, image.caption) for image in images}
    assert {alt for alt, _ in shown.values()} == set(IMAGES)
    statement = select(Post).where(Post.author_id == user.id)
    posts = (await db.scalars(statement.execution_options(populate_existing=True))).all()

    def described(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return re.sub("[a-z2-7]{32}", lambda name: str(shown[name[0]]), value)

    found = [
        {name: described(getattr(post, name)) for name in COMPARED}
        | {"pinned": post.pinned_at is not None, "cover": post.cover and shown[post.cover.name]}
        for post in posts
    ]
    return sorted(found, key=lambda post: post["body"])


async def imported(app: Broadside, browser: Browser, archive: bytes) -> str:
    """Import an archive, if it has anything new; the page at the end."""
    token = await browser.token("/import")
    sent = {"file": ("export.zip", io.BytesIO(archive))}
    await browser.post("/import", data={"csrf_token": token}, files=sent)
    await finish_jobs(app, IMPORT_POSTS.name)
    page = (await browser.get("/import")).text
    if confirmation := re.search(r'action="(/import/\d+/confirm)"', page):
        await browser.submit(confirmation[1], page="/import")
        await finish_jobs(app, IMPORT_POSTS.name)
        page = (await browser.get("/import")).text
    return page


def without_numbers(archive: Archive) -> list[tuple[dict[str, Any], str]]:
    """The posts of an archive, without what belongs to the site that it comes from."""
    found = []
    for fields, body in archive.documents().values():
        kept = {name: value for name, value in fields.items() if name not in OF_A_SITE}
        kept["cover"] = "cover" in fields
        found.append((kept, re.sub("/media/[a-z2-7]{32}", "", body)))
    return sorted(found, key=lambda post: post[1])


async def test_an_import_of_an_export_on_an_empty_site_equals_what_was_exported(
    app: Broadside, susan: User, susans: Client, susans_browser: Browser, db: AsyncSession
) -> None:
    await write_everything(app, susans, db)
    before = await posts_of(db, susan)
    assert {post["status"] for post in before} == {"draft", "scheduled", "published"}
    for name in ("title", "language", "summary", "canonical_url", "edited_at", "cover", "pinned"):
        assert len({bool(post[name]) for post in before}) == 2, name
    archive = await downloaded(app, susans_browser)
    await db.rollback()
    await empty(app.database.engine)
    for folder in ("media", "exports"):
        await app.storage.delete(*(stored.key for stored in await app.storage.page(folder)))

    # Somebody else, so that the posts get other ids.
    await add_user(app, "robin")
    again = await add_user(app, "susan")
    async with Browser(app) as browser:
        await browser.open_session("susan")
        page = await imported(app, browser, archive)
        assert "Import finished" in page
        for post, former in zip(await posts_of(db, again), before, strict=True):
            assert post == former
        row = (await db.scalars(select(PostImport))).one()
        assert (row.kind, row.counts["images"]) == ("Broadside", len(IMAGES))
        await process_images(app)
        second = Archive(await downloaded(app, browser))
    assert without_numbers(second) == without_numbers(Archive(archive))
    assert len(await stored_archives(app)) == 1


async def test_an_export_brings_nothing_new_to_whom_it_comes_from(
    app: Broadside, susans: Client, susans_browser: Browser, db: AsyncSession
) -> None:
    await write_everything(app, susans, db, posts=9)
    page = await imported(app, susans_browser, await downloaded(app, susans_browser))
    assert "9 items that were already here" in page
