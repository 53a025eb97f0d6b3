"""Both storages: a folder, and a bucket of a store in this process."""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from blog.core.storage.folder import FolderStorage
from blog.core.storage.interface import Storage
from blog.core.storage.s3 import Bucket, S3Storage
from tests.buckets import KEYS, client_of, serving_buckets

_numbers = itertools.count()


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    """The address of an S3-compatible store without buckets."""
    with serving_buckets() as address:
        yield address


@pytest.fixture(scope="session")
def s3(store: str) -> Any:
    """The store as an operator sees it."""
    return client_of(store)


@pytest.fixture
def bucket(store: str, s3: Any) -> Bucket:
    """An empty bucket."""
    name = f"bucket-{next(_numbers)}"
    s3.create_bucket(Bucket=name)
    return Bucket(name, store, "us-east-1", *KEYS, path_style=True)


@pytest.fixture
async def in_folder(tmp_path: Path) -> AsyncIterator[FolderStorage]:
    """A storage in a folder that is not there yet."""
    storage = FolderStorage(tmp_path / "var" / "files")
    yield storage
    await storage.close()


@pytest.fixture
def in_bucket(bucket: Bucket) -> S3Storage:
    """A storage in an empty bucket."""
    return S3Storage(bucket, timeout=20)


@pytest.fixture(params=["in_folder", pytest.param("in_bucket", marks=pytest.mark.live)])
def storage(request: pytest.FixtureRequest) -> Storage:
    """Either of them."""
    found: Storage = request.getfixturevalue(request.param)
    return found
