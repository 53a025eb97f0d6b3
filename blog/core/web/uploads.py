"""Routes that accept uploads."""

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar, cast

from quart import Quart, current_app, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from blog.core.web.bodies import LARGEST_BODY
from blog.core.web.multipart import Upload, UploadedFile
from blog.core.web.requests import StrictRequest

View = TypeVar("View", bound=Callable[..., Any])

LIMIT = "largest_upload"


def takes_upload(largest: int) -> Callable[[View], View]:
    """Let a view accept larger bodies than forms, as a stream.

    The view gets the body by `uploaded_file` or `uploaded_body`, and cannot read it as a whole (as
    `Idempotency-Key` does). Little of it is received before, so requests can be refused early. The
    view must not hold a database connection while it reads, and must not respond before it has
    finished reading.

    The fields of a form have the same limits as in any other form. Those that are needed before
    the file is read have to come before it, as the CSRF token; `fields_after_file` has the others.

    Args:
        largest: the maximum size of the body in bytes. It may take `BODY_SECONDS` per MiB of this,
            without a longer pause than that.
    """

    def decorate(view: View) -> View:
        setattr(view, LIMIT, largest)
        return view

    return decorate


def uploaded_body() -> AsyncIterator[bytes]:
    """The chunks of the current request's body, with the errors of `bodies.receive_chunks`."""
    return _upload().body


async def small_body() -> bytes:
    """The whole of the current request's body, where it is no upload after all.

    Raises:
        RequestEntityTooLarge: it is larger than the bodies of other requests may be.
    """
    content = b""
    async for chunk in uploaded_body():
        content += chunk
        if len(content) > LARGEST_BODY:
            raise RequestEntityTooLarge
    return content


async def uploaded_file() -> UploadedFile | None:
    """The file in the form of the current request, if one was chosen.

    Raises:
        BadRequest: the form is malformed.
        RequestEntityTooLarge, RequestTimeout: the form is too large or too slow.
    """
    await request.form
    return _upload().file


async def fields_after_file() -> MultiDict[str, str]:
    """The fields of the form that come after the file, once its content has been read.

    Raises: as `uploaded_file`.
    """
    return await _upload().later_fields()


def _upload() -> Upload:
    upload = cast(StrictRequest, request).upload
    if upload is None:
        raise TypeError("this is for views with @takes_upload")
    return upload


def expect_upload(_endpoint: str | None, _arguments: dict[str, Any] | None) -> None:
    """Prepare the streaming of the current request's body, once its route is known."""
    sent = cast(StrictRequest, request)
    if not sent.may_be_upload:
        return
    view = current_app.view_functions.get(sent.endpoint or "")
    largest: int | None = getattr(view, LIMIT, None)
    if largest is not None:
        sent.expect_upload(largest)
    sent.is_routed.set()


def init_app(app: Quart) -> None:
    app.url_value_preprocessor(expect_upload)
