"""Fixtures for tests of exports and imports."""

import shutil

import pytest

from blog.core.web.app import Broadside


@pytest.fixture(autouse=True)
async def empty_storage(app: Broadside) -> None:
    """A storage without objects."""
    shutil.rmtree(app.settings.var_dir / "images", ignore_errors=True)
    for folder in ("media", "originals", "exports", "imports"):
        await app.storage.delete(*(stored.key for stored in await app.storage.page(folder)))
