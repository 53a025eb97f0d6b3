"""The archive: a calendar of all posts."""

from calendar import Calendar
from datetime import date
from itertools import groupby

from quart import redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.errors import NotFoundError
from blog.core.i18n import format_month, lazy_gettext, month_names, weekday_names
from blog.core.web.app import current_app, read
from blog.core.web.headers import keep_out_of_indexes
from blog.core.web.requests import requested_page
from blog.posts.archive import (
    FIRST_YEAR,
    IN_MONTH,
    LAST_YEAR,
    cursor_of_day,
    days_of_month,
    month_id,
    months,
)
from blog.posts.reading import cards_for_viewer
from blog.posts.viewer_state import state_of_list
from blog.site.blueprint import blueprint

NO_POSTS = lazy_gettext("There are no posts from this month.")


@blueprint.get("/archive")
async def archive() -> ResponseReturnValue:
    """The number of posts of each month."""
    found = await read(months)
    years = [
        (year, {each.month: each.posts for each in of_year})
        for year, of_year in groupby(found, key=lambda month: month.year)
    ]
    return await render_template("site/archive.html", years=years, short_names=month_names())


@blueprint.get("/archive/<int:year>/<int:month>")
async def month(year: int, month: int) -> ResponseReturnValue:
    """A month as a calendar, and its posts."""
    if not (FIRST_YEAR <= year <= LAST_YEAR and 1 <= month <= 12):
        raise NotFoundError(NO_POSTS)
    address = url_for("site.month", year=year, month=month)
    if request.path != address:  # With zeros in front.
        query = request.query_string
        return redirect(f"{address}?{query.decode()}" if query else address, 301)
    wanted = requested_page(current_app.settings.posts_per_page)
    days = await read(days_of_month, year, month)
    if not days:
        raise NotFoundError(NO_POSTS)
    page = await cards_for_viewer(IN_MONTH, wanted, month_id(year, month))
    if page.number != 1:
        keep_out_of_indexes()  # Posts move from page to page.
    cursors = {day: cursor_of_day(date(year, month, day)) for day in days}
    return await render_template(
        "site/month.html", year=year, month=month, days=days, page=page,
        month_of_year=format_month(date(year, month, 1)),
        state=await state_of_list(page.rows), cursors=cursors, day_names=weekday_names(),
        weeks=Calendar().monthdayscalendar(year, month),
    )  # fmt: skip
