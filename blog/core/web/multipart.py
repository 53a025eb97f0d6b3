"""Forms with a file (RFC 7578), read while they arrive.

Werkzeug's decoder does the reading. Quart's own parser, which is built on it too, writes files to
temporary ones on the event loop, and first of all receives the whole form.
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

# How much the decoder gets at once, in bytes; it takes no more than a form may have in fields.
AT_ONCE = 64 * 1024
MALFORMED = "The form is malformed, or breaks off."


class UploadedFile(NamedTuple):
    """A file in a form.

    Args:
        field: the name of the form's field.
        name: what the file is called where it comes from. It may be any text.
        content_type: what it is said to be; look into it before you believe that.
        content: the file, piece by piece, while it arrives; it raises `BadRequest` if that breaks
            off, and what `blog.core.web.bodies.arriving` raises.
    """

    field: str
    name: str
    content_type: str
    content: AsyncIterator[bytes]


class Upload:
    """The body of a request that is read while it arrives.

    Attributes:
        body: all of it, piece by piece.
        file: the file in the form, once that has been read as far as there.
    """

    file: UploadedFile | None = None

    def __init__(self, body: AsyncGenerator[bytes, None]) -> None:
        self.body = body

    async def fields(
        self, mimetype: str, options: Mapping[str, str], most_fields: int
    ) -> MultiDict[str, str]:
        """The fields of the form before the file; none, if the body is no form that has files.

        Args:
            mimetype, options: what the body is said to be.
            most_fields: how many parts there may be.

        Raises: as `read_form`.
        """
        if mimetype != "multipart/form-data":
            return MultiDict()
        fields, self.file = await read_form(self.body, options.get("boundary", ""), most_fields)
        return fields


async def read_form(
    body: AsyncIterator[bytes], boundary: str, most_fields: int
) -> tuple[MultiDict[str, str], UploadedFile | None]:
    """Read a form up to the first file in it. What comes behind the file is never looked at.

    Args:
        body: the form.
        boundary: what is between its parts.
        most_fields: how many parts there may be.

    Returns:
        The fields before the file, and the file, if one was chosen.

    Raises:
        BadRequest: it is malformed, or not UTF-8.
        RequestEntityTooLarge: the fields are more, or larger, than a form may have.
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
            # A file that nobody has chosen has no name.
            if not event.more_data and not is_file:
                fields.add(name, _text(value))
    return fields, None


def _text(value: bytearray) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise BadRequest("The form is not valid UTF-8.") from None


async def _content(events: AsyncIterator[Event]) -> AsyncGenerator[bytes, None]:
    """The data of the part that has just begun."""
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
    """What a form consists of, one after another."""
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
