"""`/admin/jobs`: background jobs, for administrators."""

from quart import Blueprint, abort, flash, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from blog.admin.background import queries, service
from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import admin_required
from blog.core.auth.quotas import MODERATING, quota
from blog.core.i18n import gettext as _
from blog.core.i18n import ngettext
from blog.core.jobs.queue import REPEATED
from blog.core.jobs.summary import Sort, summary
from blog.core.web.app import db
from blog.core.web.requests import local_address, requested_page

blueprint = Blueprint("jobs", __name__, url_prefix="/admin/jobs")

PAGE_SIZE = 50


@blueprint.get("")
@admin_required
async def overview() -> ResponseReturnValue:
    """Show the number of jobs of each sort, and list those of one sort (`?state=`)."""
    wanted = request.args.get("state", Sort.FAILED.value)
    if wanted not in set(Sort):
        abort(400, _("This list of jobs doesn't exist."))
    sort = Sort(wanted)
    return await render_template(
        "admin/jobs.html",
        summary=await summary(db()),
        sort=sort,
        page=await queries.jobs_of(db(), sort, requested_page(PAGE_SIZE)),
        REPEATED=REPEATED,
    )


@blueprint.post("/retry")
@quota(MODERATING)
@admin_required
async def retry_all() -> ResponseReturnValue:
    """Retry all failed jobs."""
    number = await service.retry_all(db(), required_viewer())
    await flash(
        ngettext("%(num)s job will run again.", "%(num)s jobs will run again.", number)
        if number
        else _("There's nothing to retry."),
        "success",
    )
    return redirect(url_for("jobs.overview"))


@blueprint.post("/<id:job_id>/retry")
@quota(MODERATING)
@admin_required
async def retry(job_id: int) -> ResponseReturnValue:
    """Run a job now."""
    if await service.retry(db(), required_viewer(), job_id):
        await flash(_("Job %(id)s will run as soon as possible.", id=job_id), "success")
    else:
        await flash(_("Job %(id)s is running, or has finished.", id=job_id), "info")
    return await _back_to_list()


@blueprint.post("/<id:job_id>/discard")
@quota(MODERATING)
@admin_required
async def discard(job_id: int) -> ResponseReturnValue:
    """Discard a job."""
    if await service.discard(db(), required_viewer(), job_id):
        await flash(_("Job %(id)s discarded.", id=job_id), "success")
    else:
        await flash(_("Job %(id)s has finished, or is a recurring job.", id=job_id), "info")
    return await _back_to_list()


async def _back_to_list() -> Response:
    target = local_address((await request.form).get("next"))
    return redirect(target or url_for("jobs.overview"))
