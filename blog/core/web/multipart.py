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

from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.web.bodies import LARGEST_BODY

# The bytes that the decoder gets at once, less than its limit for the fields of a form.
AT_ONCE = 64 * 1024
MALFORMED = lazy_gettext("The form is malformed or incomplete.")


class UploadedFile(NamedTuple):
    """A file in a form.

    Args:
        field: the name of the form's field.
        name: the client's file name. It may be any text.
        content_type: the declared type, which may be wrong.
        content: the chunks of the file, as they arrive; raises `BadRequest` if the form is
            truncated, and the errors of `blog.core.web.bodies.receive_chunks`.
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
        self._form: _Form | None = None

    async def whole(self) -> bytes:
        """The body, which may be as large as one without a file.

        Raises:
            RequestEntityTooLarge: it is larger.
        """
        body = bytearray()
        async for chunk in self.body:
            body += chunk
            if len(body) > LARGEST_BODY:
                raise RequestEntityTooLarge
        return bytes(body)

    async def fields(
        self, mimetype: str, options: Mapping[str, str], most_fields: int
    ) -> MultiDict[str, str]:
        """The fields of the form before the file; empty if the body is not a multipart form.

        Args:
            mimetype, options: the declared type of the body.
            most_fields: the maximum number of parts.

        Raises:
            BadRequest: the form is malformed, or not UTF-8.
            RequestEntityTooLarge: the fields are too many or too large.
        """
        if mimetype != "multipart/form-data":
            return MultiDict()
        self._form = _Form(_events(self.body, options.get("boundary", ""), most_fields))
        fields, self.file = await self._form.read()
        return fields

    async def later_fields(self) -> MultiDict[str, str]:
        """The fields of the form after the file, whose content has been read. Further files are
        skipped.

        Raises: as `fields`.
        """
        fields, file = MultiDict[str, str](), self.file
        while self._form is not None and file is not None:
            more, file = await self._form.read()
            fields.update(more)
            if file is not None:
                async for _ in file.content:
                    pass
        return fields


class _Form:
    """A form that is read up to its next file."""

    def __init__(self, events: AsyncIterator[Event]) -> None:
        self._events = events
        self._size = 0

    async def read(self) -> tuple[MultiDict[str, str], UploadedFile | None]:
        """The fields before the next file, and that file, if one was chosen.

        Raises:
            BadRequest: the form is malformed, or not UTF-8.
            RequestEntityTooLarge: the fields are too many or too large.
        """
        fields = MultiDict[str, str]()
        name, value, is_file = "", bytearray(), False
        async for event in self._events:
            if isinstance(event, Field | File):
                if not isinstance(event.name, str):
                    raise BadRequest(str(MALFORMED))
                is_file = isinstance(event, File)
                if isinstance(event, File) and event.filename:
                    kind = event.headers.get("Content-Type", "")
                    content = _content(self._events)
                    return fields, UploadedFile(event.name, event.filename, kind, content)
                name, value = event.name, bytearray()
            elif isinstance(event, Data):
                self._size += len(event.data)
                if self._size > LARGEST_BODY:
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
        raise BadRequest(_("The form isn't valid UTF-8.")) from None


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
        raise BadRequest(str(MALFORMED))
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
        raise BadRequest(str(MALFORMED)) from None
