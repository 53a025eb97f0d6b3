"""A cache that keeps pages for an hour shows none that is older than a moment, because it is
purged."""

import asyncio
import time
from pathlib import Path

import httpx
from sqlalchemy import text

from tests.api.support import add_token
from tests.browser.sample_site import app_of
from tests.live.purging_cache import PurgingCache, caching
from tests.servers import free_port, serving, until
from tests.support import add_user

# The job looks twice a second; a busy machine delays it.
FRESH_SECONDS = 5.0


async def test_a_reader_that_compares_sees_each_post_although_pages_are_stored_for_an_hour(
    tmp_path: Path, site_url: str
) -> None:
    app = app_of(tmp_path / "filling", site_url)
    await app.database.open()
    token = await add_token(app, await add_user(app, "subscriber"))
    port, cache_port = free_port(), free_port()
    cache = PurgingCache(f"http://127.0.0.1:{port}", cache_port)
    settings: dict[str, object] = {
        "database_url": site_url, "base_url": cache.url, "background_worker": "internal",
        "purge_url": f"{cache.url}/purge", "purge_cache": "fastly", "purge_token": "a-token",
    }  # fmt: skip
    async with (
        caching(cache),
        serving(tmp_path, port=port, **settings) as server,
        httpx.AsyncClient(base_url=cache.url, timeout=60) as reader,
        httpx.AsyncClient(base_url=server.url, timeout=60) as writer,
    ):

        async def is_stored() -> bool:
            hits = cache.hits
            await reader.get("/")
            return cache.hits > hits

        async def is_purged() -> bool:
            return {"site"} in cache.purges

        await until(is_purged)
        for number in range(3):
            async with app.database.session() as session:  # As if the last change were long ago.
                await session.execute(text("DELETE FROM stale_keys"))
                await session.commit()
            await until(is_stored)
            written = f"The post of number {number}"
            answer = await writer.post(
                "/api/v1/posts/", json={"body": written},
                headers={"Authorization": f"Bearer {token}", "Host": f"127.0.0.1:{cache_port}"},
            )  # fmt: skip
            assert answer.status_code == 201
            begin = time.monotonic()
            while written not in (await reader.get("/")).text:
                assert time.monotonic() - begin < FRESH_SECONDS
                await asyncio.sleep(0.1)
    await app.database.close()
