"""A store that gives no answer in time may still store the object later: sweeping removes it."""

import os
from collections.abc import AsyncIterable, Awaitable, Callable
from datetime import timedelta

import pytest

from blog.core.clock import now
from blog.core.storage.folder import FolderStorage
from blog.core.storage.interface import StorageUnavailableError
from blog.core.web.app import Broadside
from blog.transfer.exporting.jobs import KEPT_FOR, MAKE_EXPORT
from tests.core.storage.support import chunks
from tests.jobs import do_job, fail_for_good
from tests.media.corpus import encoded, picture
from tests.media.support import send
from tests.support import Browser
from tests.transfer.importing.samples import hugo, zipped
from tests.transfer.support import ask


class LateStorage(FolderStorage):
    """Stores nothing before `arrive`."""

    def __init__(self, storage: FolderStorage) -> None:
        self.__dict__.update(storage.__dict__)
        self.on_their_way: dict[str, bytes] = {}

    async def put(self, key: str, content: AsyncIterable[bytes]) -> int:
        self.on_their_way[key] = b"".join([chunk async for chunk in content])
        raise StorageUnavailableError("no answer within 5 s")

    async def arrive(self) -> None:
        """Store what is on its way."""
        for key, content in self.on_their_way.items():
            await super().put(key, chunks(content))


async def by_export(app: Broadside, browser: Browser) -> None:
    await ask(browser)
    await fail_for_good(app, MAKE_EXPORT)


async def by_image(_app: Broadside, browser: Browser) -> None:
    assert (await send(browser, encoded(picture(), "PNG"))).status_code == 503


async def by_import(_app: Broadside, browser: Browser) -> None:
    token = await browser.token("/import")
    files = {"file": ("site.zip", zipped(hugo()))}
    answer = await browser.post("/import", data={"csrf_token": token}, files=files)
    assert answer.status_code == 503


@pytest.mark.parametrize("way", [by_export, by_image, by_import])
async def test_what_arrives_after_its_upload_was_given_up_is_removed(
    app: Broadside, susans_browser: Browser, monkeypatch: pytest.MonkeyPatch,
    way: Callable[[Broadside, Browser], Awaitable[None]],
) -> None:  # fmt: skip
    assert isinstance(app.storage, FolderStorage)
    storage = LateStorage(app.storage)
    monkeypatch.setattr(app, "storage", storage)
    await way(app, susans_browser)
    await storage.arrive()
    (late,) = storage.on_their_way
    file = app.settings.storage_folder / late
    assert file.exists()
    old = (now() - KEPT_FOR - timedelta(days=2)).timestamp()
    os.utime(file, (old, old))
    for sweep in ("sweep_exports", "sweep_uploads", "sweep_import_uploads"):
        await do_job(app, sweep)
    assert not file.exists()
