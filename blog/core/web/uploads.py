"""Routes whose requests may be larger than a form."""

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar, cast

from quart import Quart, current_app, request

from blog.core.web.multipart import Upload, UploadedFile
from blog.core.web.requests import StrictRequest

View = TypeVar("View", bound=Callable[..., Any])

LIMIT = "largest_upload"


def takes_upload(largest: int) -> Callable[[View], View]:
    """Let the requests to a view be larger than a form, and be read while they arrive.

    The view gets the body by `uploaded_file` or `uploaded_body`, and may not ask for it as a whole
    (as `Idempotency-Key` does). Until it does, little has arrived: what is to be found out or
    refused beforehand costs the client nothing. It must not hold a connection to the database
    while it reads, and answers only once it wants no more.

    In a form the fields come before the file, the CSRF token among them; they may be as large as
    in any other form.

    Args:
        largest: how many bytes the whole body may have. It may take `BODY_SECONDS` for each MiB of
            them, and not pause for longer than that.
    """

    def decorate(view: View) -> View:
        setattr(view, LIMIT, largest)
        return view

    return decorate


def uploaded_body() -> AsyncIterator[bytes]:
    """The body of the current request, while it arrives; it raises what `bodies.arriving` does."""
    return _upload().body


async def uploaded_file() -> UploadedFile | None:
    """The file in the form of the current request, if one was chosen.

    Raises:
        BadRequest: the form is malformed.
        RequestEntityTooLarge, RequestTimeout: it is too large, or too slow.
    """
    await request.form
    return _upload().file


def _upload() -> Upload:
    upload = cast(StrictRequest, request).upload
    if upload is None:
        raise TypeError("this is for views with @takes_upload")
    return upload


def expect_upload(_endpoint: str | None, _arguments: dict[str, Any] | None) -> None:
    """Prepare for the body of the current request, now that its route is known."""
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
