"""Storage in a bucket of Amazon S3 or of a compatible store.

Each request has a time limit of a few seconds including retries; in a stream, each chunk has one.
Large objects are multipart uploads. A failed upload is aborted; a lifecycle rule of the bucket
removes what a killed process leaves behind (docs/operating.md).
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
from blog.core.storage.keys import content_type, is_key, validate_folder, validate_key

if TYPE_CHECKING:
    from obstore import GetOptions, ObjectMeta
    from obstore.store import S3Credential

Arguments = TypeVarTuple("Arguments")

# S3's minimum for all parts but the last.
PART = 5 * 1024 * 1024
# The minimum size of a read, in bytes.
PIECE = 64 * 1024
# S3's maximum per request.
MOST_DELETED = 1000
CONNECT_SECONDS = 3
RETRIES = 2
# The error of stores with limited disks; Amazon's has no limit.
FULL = "507 Insufficient Storage"
# In the causes of an error: rustls' name for what is wrong with the store's certificate.
REFUSED_CERTIFICATE = re.compile(r"InvalidCertificate\(\s*(\w+)")
# Longer than any download: `_guard` limits the time of each chunk.
LONGEST_REQUEST = timedelta(hours=6)


class Bucket(NamedTuple):
    """A bucket and its credentials.

    Args:
        name: the name of the bucket.
        endpoint: the URL of the store; empty for Amazon's in the region.
        region: the region.
        access_key: the access key id.
        secret_key: the secret access key.
        path_style: whether the bucket is in the path of URLs instead of the host name.
        prefix: the prefix of all keys in the bucket, such as `backups`; by default none.
    """

    name: str
    endpoint: str
    region: str
    access_key: str
    secret_key: str
    path_style: bool
    prefix: str = ""

    @property
    def address(self) -> str:
        """The endpoint for obstore: with the bucket, unless URLs are path-style."""
        address = self.endpoint or f"https://s3.{self.region}.amazonaws.com"
        if self.path_style:
            return address
        parts = urlsplit(address)
        return urlunsplit(parts._replace(netloc=f"{self.name}.{parts.netloc}"))

    def credential(self) -> "S3Credential":
        """The credentials, as obstore requests them."""
        return {
            "access_key_id": self.access_key,
            "secret_access_key": self.secret_key,
            "token": None,
            "expires_at": None,
        }


class S3Storage:
    """A `Storage` in a bucket. It connects on first use.

    Args:
        bucket: the bucket.
        timeout: the time limit of a request, in seconds.
        part: the size of an upload's parts in bytes; an object can have 10,000.
    """

    def __init__(self, bucket: Bucket, timeout: float, *, part: int = PART) -> None:
        self.place = f"the bucket {bucket.name} at {bucket.address}"
        if bucket.prefix:
            self.place = f"{bucket.prefix} in {self.place}"
        self._timeout = timeout
        self._part = part
        # Set explicitly, because obstore would read environment variables (AWS_…), which may be
        # meant for another program.
        self._store = S3Store(
            bucket.name,
            prefix=bucket.prefix or None,
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
            self._store, key, attributes=attributes, buffer_size=self._part, max_concurrency=1
        )
        size = 0
        try:
            async for chunk in content:
                await self._complete(upload.write, chunk)
                size += len(chunk)
            await self._complete(upload.close)
        except BaseException as error:
            # Stored parts are billed until the upload is aborted.
            with suppress(StorageError):
                await self._complete(upload.__aexit__, type(error), error, None)
            raise
        return size

    async def stat(self, key: str) -> Stored:
        async with self._guard():
            return _metadata(await obstore.head_async(self._store, validate_key(key)))

    async def read(
        self, key: str, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        validate_key(key)
        if stop is not None and stop <= start:
            return
        options: GetOptions = {}
        if stop is not None:
            options["range"] = (start, stop)
        elif start:
            options["range"] = {"offset": start}
        async with self._guard():
            found = await obstore.get_async(self._store, key, options=options)
        pieces = found.stream(PIECE)
        while True:
            async with self._guard():
                piece = await anext(pieces, None)
            if piece is None:
                return
            yield piece

    async def delete(self, *keys: str) -> None:
        paths = [validate_key(key) for key in keys]
        for first in range(0, len(paths), MOST_DELETED):
            async with self._guard():
                await obstore.delete_async(self._store, paths[first : first + MOST_DELETED])

    async def page(self, folder: str = "", after: str = "", limit: int = PAGE) -> list[Stored]:
        pages = obstore.list(
            self._store, validate_folder(folder) or None, offset=after or None, chunk_size=limit
        )
        found: list[Stored] = []
        while len(found) < limit:
            async with self._guard():
                page = await anext(pages, None)
            if page is None:
                break
            found += [_metadata(entry) for entry in page if is_key(entry["path"])]
        return found[:limit]

    async def close(self) -> None:
        """Do nothing: there is nothing to close."""

    async def _complete(
        self, step: Callable[[*Arguments], Awaitable[object]], *arguments: *Arguments
    ) -> None:
        """Complete a step of an upload even if the caller is cancelled.

        An upload can't be aborted without its id, which a cancelled start wouldn't return.
        """

        async def run() -> None:
            async with self._guard():
                await step(*arguments)

        task = asyncio.create_task(run())
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            raise

    @asynccontextmanager
    async def _guard(self) -> AsyncIterator[None]:
        """Limit the time of a request, and translate its errors to those of the storage."""
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
            # The first line is the error, the rest its causes, including the XML response.
            summary = re.split(r": <\?xml|\n", str(error))[0]
            if refused := REFUSED_CERTIFICATE.search(str(error)):
                is_expired = refused[1].startswith("Expired")
                why = "has expired" if is_expired else f"is not valid: {refused[1]}"
                summary = f"its certificate {why}"
            reason = f"{self.place}: {summary}"
            if FULL in reason:
                raise StorageFullError(reason) from None
            raise StorageUnavailableError(reason) from None


def _metadata(entry: "ObjectMeta") -> Stored:
    etag = (entry["e_tag"] or "").strip('"')
    return Stored(entry["path"], entry["size"], entry["last_modified"], etag)
