"""The page with the viewer's notifications."""

from quart import Blueprint, abort, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.quotas import READING_NOTIFICATIONS, quota
from blog.core.db.pagination import PageRequest
from blog.core.errors import NotFoundError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.core.text.fields import Moment
from blog.core.text.validation import Schema
from blog.core.web.app import db, look_up, read
from blog.core.web.forms import Form
from blog.core.web.requests import requested_page
from blog.models import NotificationKind
from blog.notifications import queries, service, wording
from blog.notifications.queries import IS_GONE

blueprint = Blueprint("notifications", __name__, url_prefix="/notifications")

LINES_PER_PAGE = 30
# The names of the filters, in their order.
FILTERS = {
    NotificationKind.COMMENT: lazy_gettext("Comments"),
    NotificationKind.REPLY: lazy_gettext("Replies"),
    NotificationKind.MENTION: lazy_gettext("Mentions"),
    NotificationKind.LIKE: lazy_gettext("Likes"),
    NotificationKind.FOLLOW: lazy_gettext("Followers"),
    NotificationKind.POST: lazy_gettext("Posts"),
    NotificationKind.MODERATION: lazy_gettext("Moderation"),
    NotificationKind.REPORT: lazy_gettext("Reports"),
    NotificationKind.EXPORT: lazy_gettext("Exports"),
    NotificationKind.IMPORT: lazy_gettext("Imports"),
}


class SeenForm(Schema):
    """The form that marks all notifications as read, up to the newest one on the page."""

    until: Moment | None = None


@blueprint.get("")
async def index() -> ResponseReturnValue:
    """Show the viewer's notifications: the newest unread ones, and then read ones.

    `?kind=` selects a kind, and `?unread=1` shows all unread ones in pages.
    """
    viewer = required_viewer()
    kind, shows_unread = _selected_kind(), "unread" in request.args
    wanted = requested_page(LINES_PER_PAGE)
    page = await read(queries.notifications_page, wanted, viewer.id, kind, not shows_unread)
    unread = None
    if page.number == 1 and not shows_unread:
        first = PageRequest(1, LINES_PER_PAGE)
        unread = await read(queries.notifications_page, first, viewer.id, kind, False)
    return await render_template(
        "notifications/index.html",
        page=page,
        unread=unread,
        kind=kind,
        kept={"kind": kind, "unread": "1" if shows_unread else None},
        filters=FILTERS,
        wording=wording,
    )


@blueprint.post("/<id:notification_id>/open")
@quota(READING_NOTIFICATIONS)
async def open_one(notification_id: int) -> ResponseReturnValue:
    """Mark a notification as read, and redirect to what it is about."""
    viewer = required_viewer()
    line = await look_up(queries.one_notification, viewer.id, notification_id)
    if line is None:
        raise NotFoundError(IS_GONE)
    await service.mark_read(db(), viewer, notification_id)
    return redirect(wording.address(line, viewer.username))


@blueprint.post("/<id:notification_id>/read")
@quota(READING_NOTIFICATIONS)
async def read_one(notification_id: int) -> ResponseReturnValue:
    """Mark a notification as read, and return to the list."""
    viewer = required_viewer()
    if await look_up(queries.one_notification, viewer.id, notification_id) is None:
        raise NotFoundError(IS_GONE)
    await service.mark_read(db(), viewer, notification_id)
    return _redirect_to_list()


@blueprint.post("/read")
@quota(READING_NOTIFICATIONS)
async def read_all() -> ResponseReturnValue:
    """Mark all notifications as read that were on the page or are older."""
    viewer = required_viewer()
    seen = await Form(SeenForm).submitted()
    if seen is None:
        abort(400, _("The time isn't valid. Please go back and try again."))
    await service.mark_all_read(db(), viewer, seen.until, _selected_kind())
    return _redirect_to_list()


def _selected_kind() -> NotificationKind | None:
    """The kind that `?kind=` selects."""
    if (given := request.args.get("kind")) is None:
        return None
    if given not in FILTERS:
        abort(404, _("There are no notifications of this kind."))
    return NotificationKind(given)


def _redirect_to_list() -> ResponseReturnValue:
    """Redirect to the list with the same filter."""
    kind, unread = request.args.get("kind"), request.args.get("unread")
    return redirect(url_for("notifications.index", kind=kind, unread=unread))
