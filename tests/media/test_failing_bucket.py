"""Images while their bucket fails: the rest of the site works, and one line and a metric tell."""

import asyncio
import logging

import pytest

from blog.core.storage.s3 import Bucket, S3Storage
from blog.core.web.app import Broadside
from tests.api.support import Client
from tests.buckets import KEYS, client_of, serving_buckets
from tests.failing_store import Fault, failing_store
from tests.media.corpus import encoded, picture
from tests.media.support import upload, uploaded
from tests.status.test_status import watch
from tests.support import Browser
from tests.web.test_metrics import figure

pytestmark = pytest.mark.live

LONGEST_SECONDS = 2.0


async def test_a_bucket_that_fails_or_is_slow_is_told_and_works_again_by_itself(
    app: Broadside, susans: Client, browser: Browser, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    with serving_buckets() as whole, failing_store(whole) as store:
        await asyncio.to_thread(client_of(whole).create_bucket, Bucket="images")
        bucket = Bucket("images", store.url, "us-east-1", *KEYS, path_style=True)
        storage = S3Storage(bucket, LONGEST_SECONDS)
        monkeypatch.setattr(app, "storage", storage)
        media = await uploaded(app, susans, encoded(picture(600, 300), "JPEG"))
        store.pause = LONGEST_SECONDS * 2
        for fault in (Fault.STATUS_500, Fault.SLOW):
            store.fault = fault
            with caplog.at_level(logging.ERROR, logger="blog.core.web.errors"):
                refused = await upload(susans, encoded(picture(40, 30), "PNG"))
                image = await browser.get(media["image_url"])
            assert (refused.status_code, image.status_code) == (503, 503), fault
            assert "Retry-After" in refused.headers
            lines = [each for each in caplog.messages if "the file storage does not" in each]
            assert len(lines) == 2, "one for each request"
            assert all("the bucket images at " in line for line in lines)
            caplog.clear()
            assert (await browser.get("/")).status_code == 200
            await watch(app)
            assert await figure(app, "component_up", component="files") == 0

            store.fault = Fault.NONE
            assert (await browser.get(media["image_url"])).status_code == 200
            await watch(app)
            assert await figure(app, "component_up", component="files") == 1
        await storage.close()
