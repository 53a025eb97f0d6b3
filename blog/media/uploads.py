"""Receiving an image: from a form, for pages and the API alike, or from another site."""

from collections.abc import AsyncIterator

from pydantic import ValidationError
from quart import request
from werkzeug.exceptions import RequestEntityTooLarge

from blog.core.auth.viewer import Viewer
from blog.core.errors import BusyError, InvalidFieldsError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.text.validation import messages
from blog.core.web.app import current_app, db, look_up
from blog.core.web.bodies import MIB
from blog.core.web.fetching import FetchError, fetch
from blog.core.web.uploads import fields_after_file, uploaded_file
from blog.media import queries, service
from blog.media.jobs import SMALLEST_BYTES
from blog.media.keeping import build_new_file, store_received
from blog.media.processes import image_processes
from blog.media.schemas import MediaForm
from blog.media.scratch import WrittenFile, scratch_folder, write
from blog.media.sizes import size_text, variant_key
from blog.models import Media, MediaState

# Administrators may lower it (`upload_limit`).
LARGEST_FILE = 20 * MIB
# With the fields of the form.
LARGEST_UPLOAD = LARGEST_FILE + MIB

NO_FILE = lazy_gettext("Please choose an image.")
IS_NOT_READY = lazy_gettext("This image hasn't been processed yet, or couldn't be.")


async def receive(owner: Viewer, *, as_avatar: bool = False) -> Media:
    """Receive the image in the form of the current request, which has no session yet.

    Args:
        owner: the owner of the new image.
        as_avatar: whether to make small, square variants without animation.

    The file is received, inspected and stored before there is a row for it. If the process dies in
    between, a job removes the object (`cleaning.py`).

    Raises:
        InvalidFieldsError: no file was chosen, or it isn't an image that can be accepted.
        LimitReachedError: the owner's quota is used up.
        BusyError: too many images are being inspected.
        RequestEntityTooLarge: the file is larger than the site allows.
    """
    await _require_quota(owner)
    fields = (await request.form).to_dict()
    file = await uploaded_file()
    if file is None or file.field != "file":
        raise InvalidFieldsError({"file": NO_FILE})
    async with scratch_folder() as folder:
        received = await write(folder / "upload", _limit_size(file.content))
        fields |= (await fields_after_file()).to_dict()
        return await _inspect_and_store(
            owner, received, _validate_form(fields), as_avatar=as_avatar
        )


async def make_avatar(owner: Viewer, media: Media) -> Media:
    """Make an avatar of an existing image; the current request has no session yet.

    Raises:
        InvalidFieldsError: it has not been processed yet, or couldn't be.
        LimitReachedError: the owner's quota is used up.
        BusyError: too many images are being inspected.
    """
    file = media.file
    if file.state != MediaState.READY:
        raise InvalidFieldsError({"media": IS_NOT_READY})
    await _require_quota(owner)
    largest = variant_key(file.name, file.generation, file.variants[-1][0])
    async with scratch_folder() as folder:
        received = await write(folder / "upload", current_app.storage.read(largest))
        return await _inspect_and_store(owner, received, MediaForm(), as_avatar=True)


async def receive_from_url(owner: Viewer, url: str, form: MediaForm) -> Media:
    """Copy an image from another site; the current request has no session yet.

    Raises:
        InvalidFieldsError: it can't be fetched, or isn't an image that can be accepted.
        LimitReachedError: the owner's quota is used up.
        BusyError: too many images are being inspected.
    """
    await _require_quota(owner)
    agent = f"Broadside (+{current_app.settings.base_url})"
    async with scratch_folder() as folder:
        try:
            async with fetch(url, agent) as content:
                received = await write(folder / "upload", _limit_size(content))
        except FetchError as error:
            raise InvalidFieldsError({"url": str(error)}) from None
        except RequestEntityTooLarge:
            raise InvalidFieldsError({"url": _too_large_message()}) from None
        try:
            return await _inspect_and_store(owner, received, form)
        except InvalidFieldsError as error:
            if not isinstance(error, BusyError):
                error.errors = dict(zip(["url"], error.errors.values(), strict=False))
            raise


async def _require_quota(owner: Viewer) -> None:
    quota = current_app.site.media_quota_bytes
    used = await look_up(queries.usage, owner.id)
    if used.bytes + SMALLEST_BYTES > quota:
        raise service.quota_error(quota)


async def _inspect_and_store(
    owner: Viewer, received: WrittenFile, form: MediaForm, *, as_avatar: bool = False
) -> Media:
    """Inspect a received file, and store it if it is an image that can be accepted."""
    inspected = await image_processes().inspect(str(received.path), owner.id)
    new = build_new_file(received, inspected, as_avatar=as_avatar)
    return await store_received(db(), owner.id, new, form, received)


def _too_large_message() -> str:
    return _(
        "This file is larger than %(limit)s. Please make it smaller.",
        limit=size_text(current_app.site.upload_limit_bytes),
    )


async def _limit_size(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    size, most = 0, current_app.site.upload_limit_bytes
    async for chunk in content:
        size += len(chunk)
        if size > most:
            raise RequestEntityTooLarge(_too_large_message())
        yield chunk


def _validate_form(fields: dict[str, str]) -> MediaForm:
    try:
        return MediaForm.model_validate(fields)
    except ValidationError as error:
        raise InvalidFieldsError(messages(error)) from None
