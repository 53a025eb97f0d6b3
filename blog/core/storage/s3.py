"""Objects in a bucket of Amazon S3, or of any store that speaks its language.

Whatever is asked of the store may take a few seconds, retries included; where an object comes or
goes in pieces, each piece may. Large objects are uploaded in parts, which the store puts together
at the end. An upload that fails is aborted; what a process that was killed leaves of one is removed
by a rule of the bucket (docs/operating.md).
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeVarTuple
from urllib.parse import urlsplit, urlunsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from blog.core.storage.interface import (
    PAGE,
    NoSuchObjectError,
    StorageError,
    StorageFullError,
    StorageUnavailableError,
    Stored,
)
from blog.core.storage.keys import checked_folder, checked_key, content_type, is_key

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta
    from obstore.store import S3Credential

Arguments = TypeVarTuple("Arguments")

# The smallest that S3 takes, but for the last one.
PART = 5 * 1024 * 1024
# At least so much is read at once, in bytes.
PIECE = 64 * 1024
# As many as one request may delete.
MOST_DELETED = 1000
CONNECT_SECONDS = 3
RETRIES = 2
# How stores say so that have disks of their own; Amazon's are never full.
FULL = "507 Insufficient Storage"
# Longer than anybody is sent an object for: the time of each piece is limited by `_limited`.
LONGEST_REQUEST = timedelta(hours=6)


class Bucket(NamedTuple):
    """Which bucket, and how to get at it.

    Args:
        name: the bucket's.
        endpoint: the address of the store; empty for Amazon's own of the region.
        region: what the store calls the place where it is.
        access_key: who we are.
        secret_key: what proves it.
        path_style: whether the bucket is part of the path of an address, and not of its host.
    """

    name: str
    endpoint: str
    region: str
    access_key: str
    secret_key: str
    path_style: bool

    @property
    def address(self) -> str:
        """The address of the store, as the client wants it: with the bucket, if it is a host."""
        address = self.endpoint or f"https://s3.{self.region}.amazonaws.com"
        if self.path_style:
            return address
        parts = urlsplit(address)
        return urlunsplit(parts._replace(netloc=f"{self.name}.{parts.netloc}"))

    def credential(self) -> "S3Credential":
        """Who we are, as obstore asks for it; it never changes."""
        return {
            "access_key_id": self.access_key,
            "secret_access_key": self.secret_key,
            "token": None,
            "expires_at": None,
        }


class S3Storage:
    """A `Storage` in a bucket. Nothing is connected before it is used.

    Args:
        bucket: which one.
        timeout: how many seconds the store may take for one thing.
    """

    def __init__(self, bucket: Bucket, timeout: float) -> None:
        self.place = f"the bucket {bucket.name} at {bucket.address}"
        self._timeout = timeout
        # obstore looks for what it is not told in variables of the environment (AWS_…), which may
        # be there for another program.
        self._store = S3Store(
            bucket.name,
            config={
                "aws_endpoint_url_s3": bucket.address,
                "region": bucket.region,
                "s3_express": False,
                "skip_signature": False,
                "virtual_hosted_style_request": not bucket.path_style,
            },
            credential_provider=bucket.credential,
            client_options={
                "allow_http": True,
                "connect_timeout": timedelta(seconds=min(CONNECT_SECONDS, timeout)),
                "timeout": LONGEST_REQUEST,
            },
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=timeout)},
        )

    async def put(self, key: str, content: AsyncIterable[bytes]) -> int:
        attributes = {"Content-Type": content_type(key)}
        upload = obstore.open_writer_async(
            self._store, key, attributes=attributes, buffer_size=PART, max_concurrency=1
        )
        size = 0
        try:
            async for chunk in content:
                await self._to_its_end(upload.write, chunk)
                size += len(chunk)
            await self._to_its_end(upload.close)
        except BaseException as error:
            # The parts that have arrived are kept, and paid for, until the upload is aborted.
            with suppress(StorageError):
                await self._to_its_end(upload.__aexit__, type(error), error, None)
            raise
        return size

    async def stat(self, key: str) -> Stored:
        async with self._limited():
            return _stored(await obstore.head_async(self._store, checked_key(key)))

    async def read(
        self, key: str, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        checked_key(key)
        if stop is not None and stop <= start:
            return
        options: GetOptions = {}
        if stop is not None:
            options["range"] = (start, stop)
        elif start:
            options["range"] = {"offset": start}
        async with self._limited():
            found = await obstore.get_async(self._store, key, options=options)
        pieces = found.stream(PIECE)
        while True:
            async with self._limited():
                piece = await anext(pieces, None)
            if piece is None:
                return
            yield piece

    async def delete(self, *keys: str) -> None:
        paths = [checked_key(key) for key in keys]
        for first in range(0, len(paths), MOST_DELETED):
            async with self._limited():
                await obstore.delete_async(self._store, paths[first : first + MOST_DELETED])

    async def page(self, folder: str = "", after: str = "", limit: int = PAGE) -> list[Stored]:
        pages = obstore.list(
            self._store, checked_folder(folder) or None, offset=after or None, chunk_size=limit
        )
        found: list[Stored] = []
        while len(found) < limit:
            async with self._limited():
                page = await anext(pages, None)
            if page is None:
                break
            found += [_stored(entry) for entry in page if is_key(entry["path"])]
        return found[:limit]

    async def close(self) -> None:
        """There is nothing to close."""

    async def _to_its_end(
        self, step: Callable[[*Arguments], Awaitable[object]], *arguments: *Arguments
    ) -> None:
        """Do a step of an upload, and go on with it when the caller is cancelled.

        An upload whose beginning is given up has no number yet by which it could be aborted.
        """

        async def limited() -> None:
            async with self._limited():
                await step(*arguments)

        task = asyncio.create_task(limited())
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            raise

    @asynccontextmanager
    async def _limited(self) -> AsyncIterator[None]:
        """While the store is asked for something; what fails there is an error of the storage."""
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except TimeoutError:
            reason = f"{self.place} has not answered within {self._timeout:g} s"
            raise StorageUnavailableError(reason) from None
        except (BaseError, OSError) as error:
            if "NoSuchBucket" in str(error):
                raise StorageUnavailableError(f"{self.place} does not exist") from None
            if isinstance(error, FileNotFoundError):
                raise NoSuchObjectError("there is no such object in the bucket") from None
            # Behind the first line are its causes; a store's answer is a document of XML.
            summary = re.split(r": <\?xml|\n", str(error))[0]
            reason = f"{self.place}: {summary}"
            if FULL in reason:
                raise StorageFullError(reason) from None
            raise StorageUnavailableError(reason) from None


def _stored(entry: "ObjectMeta") -> Stored:
    etag = (entry["e_tag"] or "").strip('"')
    return Stored(entry["path"], entry["size"], entry["last_modified"], etag)
