"""Fixtures for tests of images."""

import shutil
from collections.abc import AsyncIterator

import pytest

from blog.core.web.app import Broadside
from blog.models import User
from tests.api.support import Client, add_token
from tests.support import add_user


@pytest.fixture(autouse=True)
async def empty_storage(app: Broadside) -> None:
    """A storage without objects, and without what requests of other tests have left half done."""
    shutil.rmtree(app.settings.var_dir / "images", ignore_errors=True)
    for folder in ("media", "originals"):
        await app.storage.delete(*(stored.key for stored in await app.storage.page(folder)))


@pytest.fixture
async def susans(app: Broadside, susan: User) -> AsyncIterator[Client]:
    """Susan's client."""
    async with Client(app, token=await add_token(app, susan)) as client:
        yield client


@pytest.fixture
async def davids(app: Broadside) -> AsyncIterator[Client]:
    """David's client."""
    david = await add_user(app, "david")
    async with Client(app, token=await add_token(app, david)) as client:
        yield client
