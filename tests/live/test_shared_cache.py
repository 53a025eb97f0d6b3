"""nginx shows strangers the page of the last stranger, and none that is older than a second."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

from tests.api.support import add_token
from tests.browser.sample_site import app_of
from tests.live.certificates import Certificates
from tests.live.test_proxy import Site
from tests.support import add_user

WRITES = 5
# What is answered within a second of a write may still be the page before it; nginx looks at its
# clock between events, which a busy machine delays.
FRESH_SECONDS = 1.5


async def test_a_reader_that_compares_sees_each_post_within_a_second(
    tmp_path: Path, site_url: str, certificates: Certificates
) -> None:
    settings: dict[str, object] = {
        "env": "production", "database_url": site_url, "background_worker": "external",
        "trusted_proxies": "127.0.0.1/32", "shared_cache_seconds": 1,
    }  # fmt: skip
    site = Site(tmp_path, certificates, settings)
    async with AsyncExitStack() as stack:
        app = app_of(tmp_path / "filling", site_url)
        await app.database.open()
        token = await add_token(app, await add_user(app, "reader"))
        await app.database.close()
        await site.start(stack)
        reader = await stack.enter_async_context(site.client())
        writer = await stack.enter_async_context(site.client())
        written: dict[str, float] = {}
        is_over, reads, stale = False, 0, []

        async def read() -> None:
            nonlocal reads
            while not is_over:
                asked = time.monotonic()
                page = (await reader.get("/")).text
                reads += 1
                stale.extend(
                    text for text, at in written.items()
                    if asked - at > FRESH_SECONDS and text not in page
                )  # fmt: skip

        reading = asyncio.create_task(read())
        for number in range(WRITES):
            text = f"The post of number {number}"
            answer = await writer.post(
                "/api/v1/posts/", json={"body": text}, headers={"Authorization": f"Bearer {token}"}
            )
            assert answer.status_code == 201
            written[text] = time.monotonic()
            await asyncio.sleep(0.7)
        await asyncio.sleep(FRESH_SECONDS)
        is_over = True
        await reading
        assert stale == []
        rendered = len(site.logged("/"))
        assert rendered < reads / 3, f"{rendered} of {reads} were rendered"
