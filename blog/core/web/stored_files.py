"""Responses that stream a stored object."""

from collections.abc import AsyncIterator
from types import TracebackType
from urllib.parse import quote

from quart import Response, request
from quart.wrappers.response import DataBody, ResponseBody
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from blog.core.storage.interface import NoSuchObjectError, Storage, Stored
from blog.core.storage.keys import content_type, is_key
from blog.core.web.app import current_app


class StoredBody(ResponseBody):
    """The content of an object, or a range of it, read lazily."""

    def __init__(self, storage: Storage, stored: Stored) -> None:
        self._storage = storage
        self._stored = stored
        self.begin, self.end = 0, stored.size

    async def make_conditional(self, begin: int, end: int | None) -> int:
        """Select the range of a request; a negative `begin` counts from the end.

        Returns:
            The size of the object.

        Raises:
            RequestedRangeNotSatisfiable: the range is out of bounds (RFC 9110, 15.5.17).
        """
        size = self._stored.size
        self.begin = max(begin + size, 0) if begin < 0 else begin
        self.end = size if end is None else min(end, size)
        if self.begin >= self.end:
            raise RequestedRangeNotSatisfiable(size)
        return size

    async def __aenter__(self) -> AsyncIterator[bytes]:
        self._pieces = self._storage.read(self._stored.key, self.begin, self.end)
        return self._pieces

    async def __aexit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pieces.aclose()


async def stored_file(key: str, *, name: str | None = None) -> Response:
    """The response for an object, or for a range of it (RFC 9110, 14).

    By default browsers revalidate it each time, and shared caches do not store it. For public,
    permanent objects the view sets `response.cache_control`.

    Args:
        key: the object's key. It may come from a URL: an invalid one does not exist.
        name: the file name for a download; without it, browsers display the file.

    Raises:
        NoSuchObjectError: the object does not exist; answered by 404.
        StorageUnavailableError: it cannot be read now; answered by 503.
    """
    storage = current_app.storage
    if not is_key(key):
        raise NoSuchObjectError(f"not the key of an object: {key!r}")
    stored = await storage.stat(key)
    response = Response(StoredBody(storage, stored), content_type=content_type(key))
    response.content_length = stored.size
    response.set_etag(stored.etag)
    response.last_modified = stored.modified
    response.accept_ranges = "bytes"
    response.cache_control.private = response.cache_control.no_cache = True
    if name is not None:
        # Percent-encoded by RFC 8187, any text is a valid name (RFC 6266, 4.3).
        disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
        response.headers["Content-Disposition"] = disposition
    length = stored.size if _asks_for_a_part() else None
    await response.make_conditional(request, accept_ranges=True, complete_length=length)
    if request.method == "HEAD":
        response.response = DataBody(b"")
    return response


def _asks_for_a_part() -> bool:
    """Whether the request is for one range of bytes. Any other `Range` is ignored, as units that
    are unknown have to be (RFC 9110, 14.2)."""
    wanted = request.range
    return wanted is not None and wanted.units == "bytes" and len(wanted.ranges) == 1
