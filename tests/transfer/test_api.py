"""Exports in the JSON API."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Export, ExportState, User
from tests.api.support import Client, add_token, assert_problem
from tests.jobs import finish_jobs
from tests.posts.test_posts import add_posts
from tests.support import PASSWORD, Browser, add_user
from tests.transfer.support import EXPORT_JOBS, Archive, download_address

EXPORTS = "/me/exports/"


@pytest.fixture
async def susans(app: Broadside, susan: User) -> AsyncIterator[Client]:
    """A client with Susan's password."""
    async with Client(app, auth=("susan", PASSWORD)) as client:
        yield client


async def test_an_export_is_created_awaited_and_downloaded(
    app: Broadside, susan: User, susans: Client, susans_browser: Browser, db: AsyncSession
) -> None:
    await add_posts(db, susan, 3)
    answer = await susans.post(EXPORTS)
    assert answer.status_code == 202, answer.text
    made = answer.json()
    assert (made["state"], made["archive_url"], made["bytes"]) == ("waiting", None, None)
    assert answer.headers["location"] == made["url"]
    # Once more is the same one.
    assert (await susans.post(EXPORTS)).json() == made
    assert await db.scalar(select(func.count(Export.id))) == 1
    assert_problem(await susans.get(f"{made['url']}/archive"), 404)

    await finish_jobs(app, *EXPORT_JOBS)
    ready = (await susans.get(made["url"])).json()
    assert (ready["id"], ready["state"]) == (made["id"], "ready")
    listed = (await susans.get(EXPORTS)).json()
    assert (listed["count"], listed["exports"]) == (1, [ready])
    archive = await susans.get(ready["archive_url"])
    assert archive.headers["content-type"] == "application/zip"
    assert "no-store" in archive.headers["cache-control"]
    assert len(archive.content) == ready["bytes"]
    assert len(Archive(archive.content).documents()) == 3
    part = await susans.get(ready["archive_url"], headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"PK\3\4")
    head = await susans.head(ready["archive_url"])
    assert (head.content, int(head.headers["content-length"])) == (b"", ready["bytes"])
    # It is the same as on the page.
    address = await download_address(susans_browser) or ""
    assert (await susans_browser.get(address)).content == archive.content


async def test_no_token_gets_an_export(app: Broadside, susan: User, susans: Client) -> None:
    made = (await susans.post(EXPORTS)).json()
    await finish_jobs(app, *EXPORT_JOBS)
    async with Client(app, token=await add_token(app, susan)) as client:
        for address in (EXPORTS, made["url"], f"{made['url']}/archive"):
            problem = assert_problem(await client.get(address), 401)
            assert problem["detail"] == "A token isn't enough for this. Please send your password."
        assert_problem(await client.post(EXPORTS), 401)


async def test_exports_are_only_their_owners(app: Broadside, susans: Client) -> None:
    made = (await susans.post(EXPORTS)).json()
    await finish_jobs(app, *EXPORT_JOBS)
    await add_user(app, "admin", role="Administrator")
    async with Client(app, auth=("admin", PASSWORD)) as client:
        for address in (made["url"], f"{made['url']}/archive"):
            assert_problem(await client.get(address), 404)
        assert (await client.get(EXPORTS)).json()["exports"] == []


async def test_a_failed_export_says_so_and_has_a_quota_with_the_next_ones(
    susans: Client, db: AsyncSession
) -> None:
    for state in ("waiting", "waiting"):
        made = (await susans.post(EXPORTS)).json()
        assert made["state"] == state
        await db.execute(update(Export).values(state=ExportState.FAILED))
        await db.commit()
        assert (await susans.get(made["url"])).json()["state"] == "failed"
    answer = await susans.post(EXPORTS)
    assert_problem(answer, 429)
    assert int(answer.headers["retry-after"]) > 60
