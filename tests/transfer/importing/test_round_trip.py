"""What one exports and imports on an empty site is what one had."""

import io
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
from tests.jobs import finish_jobs
from tests.support import Browser, add_user
from tests.transfer.importing.samples import picture
from tests.transfer.support import EXPORT_JOBS, ask, download_address

COMPARED = (
    "title", "slug", "body", "body_html", "excerpt", "word_count", "summary", "language",
    "canonical_url", "comments_open", "status", "published_at", "scheduled_wall", "time_zone",
    "created_at", "edited_at", "tags",
)  # fmt: skip
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


@pytest.fixture
async def susans(app: Broadside, susan: User) -> AsyncIterator[Client]:
    """Susan's client."""
    async with Client(app, token=await add_token(app, susan)) as client:
        yield client


async def write_everything(client: Client, db: AsyncSession) -> None:
    """Posts with all that posts have."""
    uploaded = await client.post(
        "/media/",
        files={"file": ("a.png", picture())},
        data={"alt": "A *red* square", "caption": "Red"},
    )
    assert uploaded.status_code == 201
    media = (await db.scalars(select(Media))).one()
    name = media.name
    soon = (now() + timedelta(days=40)).replace(second=0, microsecond=0, tzinfo=None)
    bodies: list[dict[str, Any]] = [
        {"body": "A note without a title."},
        {"body": "---\ntitle: no\n---\n\n  Leading space", "title": "--- [x]: \"y\" #z"},
        {"body": MARKDOWN, "title": "Everything", "tags": ["One, two".replace(",", ""), "Ⅻ", "C#"],
         "slug": "all-of-it", "language": "de", "excerpt": "In short: \"all\"", "pinned": True,
         "canonical_url": "https://old.example.com/a?b=c", "comments_open": False},
        {"body": f'![A square](/media/{name} "Red")\n\nText.', "title": "With an image"},
        {"body": "Text.", "title": "With a cover", "cover": media.id},
        {"body": "Not yet.", "title": "A draft", "status": "draft"},
        {"body": "Soon.", "title": "Scheduled", "scheduled_for": soon.isoformat(),
         "time_zone": "Europe/Lisbon"},
        {"body": "日本語の文章。", "title": "日本語", "language": "ja"},
        {"body": "نص", "title": "عربي 👩‍🚀", "language": "ar"},
        {"body": "Twice.", "title": "Everything"},
    ]  # fmt: skip
    for body in bodies:
        answer = await client.post("/posts/", json=body)
        assert answer.status_code == 201, answer.text
    answer = await client.patch(answer.headers["location"], json={"body": "Edited."})
    assert answer.status_code == 200, answer.text


async def posts_of(db: AsyncSession, user: User) -> list[dict[str, Any]]:
    """What is compared of somebody's posts, in the order of their texts."""
    await db.rollback()
    statement = select(Post).where(Post.author_id == user.id)
    posts = await db.scalars(statement.execution_options(populate_existing=True))
    found = [
        {name: getattr(post, name) for name in COMPARED}
        | {"pinned": post.pinned_at is not None, "cover": post.cover_id is not None}
        for post in posts
    ]
    return sorted(found, key=lambda post: post["body"])


async def test_an_import_of_an_export_equals_what_was_exported(
    app: Broadside, susan: User, susans: Client, susans_browser: Browser, db: AsyncSession
) -> None:
    await write_everything(susans, db)
    # In the past, so that times are not equal by chance.
    begun = Post.created_at - timedelta(days=100)
    await db.execute(update(Post).values(created_at=begun))
    await db.commit()
    await ask(susans_browser)
    await finish_jobs(app, *EXPORT_JOBS)
    address = await download_address(susans_browser)
    archive = (await susans_browser.get(address or "")).content

    david = await add_user(app, "david")
    async with Browser(app) as davids:
        await davids.open_session("david")
        token = await davids.token("/import")
        sent = {"file": ("export.zip", io.BytesIO(archive))}
        await davids.post("/import", data={"csrf_token": token}, files=sent)
        await finish_jobs(app, IMPORT_POSTS.name)
        await davids.submit("/import/1/confirm", page="/import")
        await finish_jobs(app, IMPORT_POSTS.name)
        page = (await davids.get("/import")).text
    assert "Your import is finished" in page
    row = (await db.scalars(select(PostImport))).one()
    assert row.kind == "Broadside"
    assert row.counts == {
        "published": 8, "draft": 1, "scheduled": 1, "images": 1,
    }  # fmt: skip
    names = {media.owner_id: media for media in await db.scalars(select(Media))}
    assert (names[david.id].alt, names[david.id].caption) == ("A *red* square", "Red")

    def renamed(posts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """With one name for the image, whose file is another variant."""
        return [
            {
                key: re.sub("/media/[a-z2-7]{32}", "/media/NAME", value)
                if isinstance(value, str)
                else value
                for key, value in post.items()
            }
            for post in posts
        ]

    assert renamed(await posts_of(db, david)) == renamed(await posts_of(db, susan))


async def test_an_export_brings_nothing_new_to_whom_it_comes_from(
    app: Broadside, susan: User, susans: Client, susans_browser: Browser, db: AsyncSession
) -> None:
    await write_everything(susans, db)
    await ask(susans_browser)
    await finish_jobs(app, *EXPORT_JOBS)
    archive = (await susans_browser.get(await download_address(susans_browser) or "")).content
    token = await susans_browser.token("/import")
    sent = {"file": ("export.zip", io.BytesIO(archive))}
    await susans_browser.post("/import", data={"csrf_token": token}, files=sent)
    await finish_jobs(app, IMPORT_POSTS.name)
    assert "10 items that were here already" in (await susans_browser.get("/import")).text
