"""`/admin`: how the site is doing."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import timedelta

from quart import Blueprint, Response, abort, render_template, request
from quart.typing import ResponseReturnValue

from blog.admin.figures import queries
from blog.admin.figures.queries import Cohort, RouteFigures
from blog.admin.figures.series import DAYS, MOST_DAYS, NAMES, SERIES, SERIES_BY_NAME, first_day
from blog.core.auth.permissions import admin_required
from blog.core.clock import now
from blog.core.figures.counts import month_of, week_of
from blog.core.i18n import SOURCE, format_list, using_language
from blog.core.i18n import gettext as _
from blog.core.web.app import db
from blog.core.web.plots import Plot

blueprint = Blueprint("figures", __name__, url_prefix="/admin")

RETENTION_MONTHS = 12
ROUTE_DAYS = 7
# The files in addition to those of the plots.
RETENTION, ROUTES = "retention", "routes"


@blueprint.get("")
@admin_required
async def dashboard() -> ResponseReturnValue:
    """Show how the site is doing, in the last `?days=` days: 30, 90 or 365."""
    days, today = _days(), now().date()
    figures, counted_at = await queries.daily_figures(db(), NAMES, week_of(first_day(today, days)))
    routes = await _routes()
    return await render_template(
        "admin/figures/dashboard.html",
        days=days, choices=DAYS, by_week=days > MOST_DAYS, counted_at=counted_at,
        state=await queries.state(db()),
        plots=[series.plot(figures, today, days) for series in SERIES],
        now_active=figures.get("active_people", {}).get(today, 0),
        now_active_in_week=figures.get("active_in_week", {}).get(week_of(today), 0),
        cohorts=await _cohorts(),
        routes=[each for each in routes if each.requests >= queries.FEWEST_REQUESTS]
            [:queries.SLOWEST],
        failing=[each for each in sorted(routes, key=_errors, reverse=True) if each.errors]
            [:queries.SLOWEST],
        counted_up_to=queries.COUNTED, fewest_requests=queries.FEWEST_REQUESTS,
    )  # fmt: skip


@blueprint.get("/figures/<name>.csv")
@admin_required
async def file(name: str) -> ResponseReturnValue:
    """The numbers of a plot or a table of the dashboard as CSV (RFC 4180), for `?days=` days."""
    if name == RETENTION:
        return _csv(name, _retention_lines(await _cohorts()))
    if name == ROUTES:
        return _csv(name, _route_lines(await _routes()))
    if (series := SERIES_BY_NAME.get(name)) is None:
        abort(404)
    days, today = _days(), now().date()
    first = week_of(first_day(today, days))
    figures, _counted_at = await queries.daily_figures(db(), series.figures, first)
    with using_language(SOURCE):  # A file is the same for everyone, as its readers expect.
        return _csv(name, _lines(series.plot(figures, today, days)))


def _days() -> int:
    days = request.args.get("days", f"{DAYS[0]}")
    if days not in map(str, DAYS):
        choices = format_list([f"{days}" for days in DAYS], "or")
        abort(400, _("Please choose %(choices)s days.", choices=choices))
    return int(days)


async def _cohorts() -> list[Cohort]:
    last = month_of(now().date())
    first = month_of(last - timedelta(days=31 * (RETENTION_MONTHS - 1) - 15))
    return await queries.cohorts(db(), first, last)


async def _routes() -> list[RouteFigures]:
    return await queries.routes(db(), first_day(now().date(), ROUTE_DAYS))


def _errors(figures: RouteFigures) -> int:
    return figures.errors


def _lines(plot: Plot) -> Iterable[Sequence[object]]:
    yield [plot.per, *plot.series]
    for row in plot.rows:
        yield [row.day, *row.values]


def _retention_lines(cohorts: Sequence[Cohort]) -> Iterable[Sequence[object]]:
    yield ["joined", "people", *(f"month {number}" for number in range(RETENTION_MONTHS))]
    for cohort in cohorts:
        yield [cohort.joined, cohort.people, *cohort.active]


def _route_lines(routes: Sequence[RouteFigures]) -> Iterable[Sequence[object]]:
    yield ["method", "route", "requests", "errors", "mean seconds", "95 % within seconds"]
    for each in routes:
        yield [each.method, each.route, each.requests, each.errors, round(each.mean, 4), each.most]


def _csv(name: str, lines: Iterable[Sequence[object]]) -> Response:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    response = Response(text.getvalue(), content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.headers["Cache-Control"] = "no-store"
    return response
