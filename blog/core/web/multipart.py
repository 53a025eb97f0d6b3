"""Streaming of multipart forms with a file (RFC 7578).

This uses Werkzeug's decoder. Quart's parser, which also does, receives the whole form first, and
writes temporary files on the event loop.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import NamedTuple

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.sansio.multipart import (
    Data,
    Epilogue,
    Event,
    Field,
    File,
    MultipartDecoder,
    NeedData,
)

from blog.core.web.bodies import LARGEST_BODY

# The bytes that the decoder gets at once, less than its limit for the fields of a form.
AT_ONCE = 64 * 1024
MALFORMED = "The form is malformed, or breaks off."


class UploadedFile(NamedTuple):
    """A file in a form.

    Args:
        field: the name of the form's field.
        name: the client's file name. It may be any text.
        content_type: the declared type, which may be wrong.
        content: the chunks of the file, as they arrive; raises `BadRequest` if the form is
            truncated, and the errors of `blog.core.web.bodies.arriving`.
    """

    field: str
    name: str
    content_type: str
    content: AsyncIterator[bytes]


class Upload:
    """The streamed body of a request.

    Attributes:
        body: the chunks of the body.
        file: the file in the form, once the fields before it have been read.
    """

    file: UploadedFile | None = None

    def __init__(self, body: AsyncGenerator[bytes, None]) -> None:
        self.body = body

    async def fields(
        self, mimetype: str, options: Mapping[str, str], most_fields: int
    ) -> MultiDict[str, str]:
        """The fields of the form before the file; empty if the body is not a multipart form.

        Args:
            mimetype, options: the declared type of the body.
            most_fields: the maximum number of parts.

        Raises: as `read_form`.
        """
        if mimetype != "multipart/form-data":
            return MultiDict()
        fields, self.file = await read_form(self.body, options.get("boundary", ""), most_fields)
        return fields


async def read_form(
    body: AsyncIterator[bytes], boundary: str, most_fields: int
) -> tuple[MultiDict[str, str], UploadedFile | None]:
    """Read a form up to its first file. Anything after the file is ignored.

    Args:
        body: the form.
        boundary: the boundary between its parts.
        most_fields: the maximum number of parts.

    Returns:
        The fields before the file, and the file, if one was chosen.

    Raises:
        BadRequest: the form is malformed, or not UTF-8.
        RequestEntityTooLarge: the fields are too many or too large.
    """
    events = _events(body, boundary, most_fields)
    fields, size = MultiDict[str, str](), 0
    name, value, is_file = "", bytearray(), False
    async for event in events:
        if isinstance(event, Field | File):
            if not isinstance(event.name, str):
                raise BadRequest(MALFORMED)
            is_file = isinstance(event, File)
            if isinstance(event, File) and event.filename:
                kind = event.headers.get("Content-Type", "")
                file = UploadedFile(event.name, event.filename, kind, _content(events))
                return fields, file
            name, value = event.name, bytearray()
        elif isinstance(event, Data):
            size += len(event.data)
            if size > LARGEST_BODY:
                raise RequestEntityTooLarge
            value += event.data
            # A file input without a chosen file has no file name.
            if not event.more_data and not is_file:
                fields.add(name, _text(value))
    return fields, None


def _text(value: bytearray) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise BadRequest("The form is not valid UTF-8.") from None


async def _content(events: AsyncIterator[Event]) -> AsyncGenerator[bytes, None]:
    """The data of the current part."""
    async for event in events:
        if not isinstance(event, Data):
            return
        if event.data:
            yield event.data
        if not event.more_data:
            return


async def _events(
    body: AsyncIterator[bytes], boundary: str, most_fields: int
) -> AsyncGenerator[Event, None]:
    """The events of the decoder."""
    if not boundary.isascii() or not boundary:
        raise BadRequest(MALFORMED)
    decoder = MultipartDecoder(boundary.encode(), LARGEST_BODY, max_parts=most_fields)
    async for chunk in body:
        for start in range(0, len(chunk), AT_ONCE):
            decoder.receive_data(chunk[start : start + AT_ONCE])
            while not isinstance(event := _next(decoder), NeedData):
                yield event
    decoder.receive_data(None)
    while not isinstance(event := _next(decoder), Epilogue):
        yield event


def _next(decoder: MultipartDecoder) -> Event:
    try:
        return decoder.next_event()
    except ValueError:
        raise BadRequest(MALFORMED) from None
