"""The page `/import`, where people import posts they wrote elsewhere."""

import secrets
from collections.abc import AsyncGenerator, AsyncIterator

from quart import Blueprint, Response, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import IMPORTING, WRITING, quota
from blog.core.db.database import Database
from blog.core.errors import InvalidFieldsError, LimitReachedError, NotFoundError
from blog.core.i18n import format_number, lazy_gettext, pgettext
from blog.core.i18n import gettext as _
from blog.core.text.validation import Schema
from blog.core.web.app import close_db, current_app, db, look_up
from blog.core.web.bodies import MIB
from blog.core.web.forms import Form
from blog.core.web.uploads import takes_upload, uploaded_file
from blog.models import ImportState, Permission, PostImport
from blog.transfer.importing import queries, report, service
from blog.transfer.importing.archive import printable
from blog.transfer.importing.jobs import KEPT_FOR
from blog.transfer.importing.progress import RUNNING
from blog.transfer.importing.uploads import upload_key

blueprint = Blueprint("importing", __name__, url_prefix="/import")

# The maximum of `IMPORT_LIMIT`, plus the fields of the form.
LARGEST_UPLOAD = 1024 * MIB + MIB

NO_FILE = lazy_gettext("Please choose a file.")


class ImportForm(Schema):
    """The upload form. The file is not one of its fields."""


@blueprint.get("")
@permission_required(Permission.WRITE)
async def overview() -> ResponseReturnValue:
    """Show the progress and results of the last import, and the form for another one."""
    return await _render_page(Form(ImportForm))


@blueprint.post("")
@takes_upload(LARGEST_UPLOAD)
@quota(IMPORTING)
@permission_required(Permission.WRITE)
async def upload() -> ResponseReturnValue:
    """Receive a file, and start checking it."""
    owner_id = required_viewer().id
    try:
        await _receive(owner_id)
    except InvalidFieldsError as error:
        form = Form(ImportForm)
        form.refuse(error)
        return await _render_page(form)
    return redirect(url_for("importing.overview"))


@blueprint.post("/<id:import_id>/confirm")
@quota(WRITING)
@permission_required(Permission.WRITE)
async def confirm(import_id: int) -> ResponseReturnValue:
    """Import the posts of a file that was checked."""
    await service.confirm(db(), required_viewer().id, import_id)
    return redirect(url_for("importing.overview"))


@blueprint.post("/<id:import_id>/retry")
@quota(IMPORTING)
@permission_required(Permission.WRITE)
async def retry(import_id: int) -> ResponseReturnValue:
    """Resume an import that failed."""
    await service.retry(db(), required_viewer().id, import_id)
    return redirect(url_for("importing.overview"))


@blueprint.post("/<id:import_id>/cancel")
@quota(WRITING)
@permission_required(Permission.WRITE)
async def cancel(import_id: int) -> ResponseReturnValue:
    """Cancel an import."""
    await service.cancel(db(), required_viewer().id, import_id)
    await flash(_("Import cancelled. The file has been deleted."), "success")
    return redirect(url_for("importing.overview"))


@blueprint.get("/<id:import_id>/report")
@permission_required(Permission.WRITE)
async def download_report(import_id: int) -> ResponseReturnValue:
    """Download a report of what was imported and what was skipped."""
    row = await look_up(queries.own_import, required_viewer().id, import_id)
    if row is None:
        raise NotFoundError(service.IS_GONE)
    lines = _report_lines(current_app.database, row)
    response = Response(lines, content_type="text/plain; charset=utf-8")
    name = f"import-{row.created_at:%Y-%m-%d}.txt"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.cache_control.no_store = True
    return response


async def _receive(owner_id: int) -> None:
    """Store the uploaded file, and add an import for it.

    If the process dies in between, a job deletes the file.
    """
    if await look_up(queries.has_unfinished, owner_id):
        raise LimitReachedError({"file": service.IS_RUNNING})
    await request.form
    file = await uploaded_file()
    if file is None or file.field != "file":
        raise InvalidFieldsError({"file": NO_FILE})
    name, limit = secrets.token_hex(16), current_app.site.import_limit
    key = upload_key(name)
    await current_app.storage.put(key, _limit_size(file.content, limit))
    try:
        await service.begin(db(), owner_id, printable(file.name), name)
    except InvalidFieldsError:
        await close_db()
        await current_app.storage.delete(key)
        raise


async def _limit_size(content: AsyncIterator[bytes], limit: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in content:
        size += len(chunk)
        if size > limit * MIB:
            raise RequestEntityTooLarge(
                _(
                    "This file is larger than %(limit)s MB. Please import it in parts.",
                    limit=format_number(limit),
                )
            )
        yield chunk


async def _report_lines(database: Database, row: PostImport) -> AsyncGenerator[str, None]:
    kind, day = row.kind or pgettext("kind of file", "unknown"), f"{row.created_at:%Y-%m-%d}"
    yield _("Import of %(file)s (%(kind)s), %(day)s", file=row.file_name, kind=kind, day=day)
    yield "\n\n"
    for line in report.summary(row.counts):
        yield f"{line}\n"
    yield "\n"
    async for remarks in queries.remarks_of(database, row.id):
        for each in remarks:
            if each.is_left_out:
                yield _("%(item)s: skipped: %(remark)s", item=each.item, remark=each.remark)
            else:
                yield f"{each.item}: {each.remark}"
            yield "\n"


async def _render_page(form: Form[ImportForm]) -> tuple[str, int]:
    imports = await look_up(queries.imports_of, required_viewer().id)
    current = imports.current
    html = await render_template(
        "transfer/import.html",
        form=form,
        imports=imports,
        current=current,
        is_running=current is not None and current.state in RUNNING,
        is_unfinished=current is not None and not current.is_finished,
        brings_something=current is not None and report.has_anything_new(current.counts),
        ImportState=ImportState,
        summary=report.summary,
        most_shown=queries.MOST_SHOWN,
        limit=current_app.site.import_limit,
        kept=KEPT_FOR,
    )
    return html, form.status
