"""Exports and imports of a site whose files are in a bucket."""

import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.storage.making import make_storage
from blog.core.storage.s3 import PART
from blog.core.web.app import Broadside
from blog.models import Media, Post, User
from blog.transfer.exporting.jobs import MAKE_EXPORT
from settings import StorageKind
from tests.buckets import KEYS, client_of, serving_buckets
from tests.jobs import finish_jobs
from tests.killed_workers import kill_worker
from tests.media.support import finish_jobs as process_images
from tests.support import Browser
from tests.transfer.importing.samples import hugo, zipped
from tests.transfer.support import EXPORT, EXPORT_JOBS, Archive, ask, download_address, downloaded
from tests.transfer.test_round_trip import imported

pytestmark = pytest.mark.live


@pytest.fixture(autouse=True)
async def bucket(
    app: Broadside, empty_storage: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[None]:
    """Keep the files of the site in a bucket."""
    with serving_buckets() as store:
        # The stores of a process share their buckets.
        name = f"bucket-{uuid4()}"
        client_of(store).create_bucket(Bucket=name)
        access_key, secret_key = KEYS
        of_bucket = {
            "storage": StorageKind.S3, "storage_bucket": name, "storage_endpoint": store,
            "storage_region": "us-east-1", "storage_access_key": access_key,
            "storage_secret_key": SecretStr(secret_key), "storage_path_style": True,
        }  # fmt: skip
        settings = app.settings.model_copy(update=of_bucket)
        storage = make_storage(settings)
        monkeypatch.setattr(app, "settings", settings)
        monkeypatch.setattr(app, "storage", storage)
        yield
        await storage.close()


async def write_much(db: AsyncSession, author: User, posts: int = 200) -> None:
    """Posts that do not fit in one part of an upload."""
    rows = [
        {"author_id": author.id, "body": os.urandom(30_000).hex(), "body_html": "x",
         "renderer_version": 1}
        for _ in range(posts)
    ]  # fmt: skip
    await db.execute(insert(Post), rows)
    await db.commit()


async def test_an_export_of_several_parts_is_complete_and_goes_with_the_next_one(
    app: Broadside, susan: User, susans_browser: Browser, db: AsyncSession
) -> None:
    await write_much(db, susan)
    content = await downloaded(app, susans_browser)
    assert len(content) > PART
    archive = Archive(content)
    assert {body for _, body in archive.documents().values()} == set(
        await db.scalars(select(Post.body))
    )
    address = await download_address(susans_browser) or ""
    part = await susans_browser.get(address, headers={"Range": f"bytes={PART - 2}-{PART + 1}"})
    assert (part.status_code, part.content) == (206, content[PART - 2 : PART + 2])
    (first,) = await app.storage.page("exports")
    await downloaded(app, susans_browser)
    (second,) = await app.storage.page("exports")
    assert first.key != second.key


@pytest.mark.parametrize("stores", [True, False])
async def test_a_killed_worker_leaves_one_export_in_the_bucket(
    app: Broadside, susan: User, susans_browser: Browser, db: AsyncSession, stores: bool
) -> None:
    await write_much(db, susan, 20)
    await ask(susans_browser)

    async def is_in_the_middle() -> bool:
        page = (await susans_browser.get(EXPORT)).text
        has_begun = "posts and images added" in page
        return bool(await app.storage.page("exports")) if stores else has_begun

    await kill_worker(app, MAKE_EXPORT.name, is_in_the_middle, stores=stores)
    assert await download_address(susans_browser) is None
    await finish_jobs(app, *EXPORT_JOBS)
    answer = await susans_browser.get(await download_address(susans_browser) or "")
    assert len(Archive(answer.content).documents()) == 20
    assert len(await app.storage.page("exports")) == 1


async def test_an_upload_is_imported_from_the_bucket_and_deleted_there(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    page = await imported(app, susans_browser, zipped(hugo()))
    assert "Import finished" in page
    assert len((await db.scalars(select(Post))).all()) == 3
    await finish_jobs(app, "remove_import_upload")
    assert await app.storage.page("imports") == []
    await process_images(app)
    assert len((await db.scalars(select(Media))).all()) == 2
    assert await app.storage.page("originals") == []
