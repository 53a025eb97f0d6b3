"""The public log of moderation: a page, feeds, and the file that `blog moderation verify` reads."""

import json
import re
from collections.abc import AsyncIterator
from html import escape

from quart import Blueprint, Response, abort, redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.moderation_log import subject_text
from blog.core.clock import now
from blog.core.db.database import Database
from blog.core.errors import NotFoundError
from blog.core.i18n import gettext as _
from blog.core.i18n import ngettext
from blog.core.web.app import current_app, read
from blog.core.web.requests import requested_cursor
from blog.feeds.entries import Entry, Feed
from blog.feeds.ids import SiteFacts, this_site
from blog.feeds.responses import FEED_SIZE, feed_response
from blog.moderation.log import queries
from blog.moderation.log.queries import PublicEntry
from blog.moderation.log.report import report

ENTRIES_PER_PAGE = 50
# The number of entries in a file; a header links to the next one.
ENTRIES_PER_FILE = 10_000
LAST_NUMBER = 2**63 - 1
NUMBER = re.compile("[0-9]{1,19}", re.ASCII)

blueprint = Blueprint("moderation_log", __name__, url_prefix="/moderation")
blueprint.add_app_template_global(subject_text)


@blueprint.get("/log")
async def index() -> ResponseReturnValue:
    """List what moderators did, newest first."""
    page = await read(queries.newest, requested_cursor(ENTRIES_PER_PAGE))
    head = await read(queries.head)
    return await render_template("moderation/log.html", page=page, head=head)


@blueprint.get("/log/feed.<any(atom, json):form>")
async def feed(form: str) -> Response:
    """The newest entries as a feed. Its subtitle contains the head of the chain."""
    page = await read(queries.newest, requested_cursor(FEED_SIZE))
    head, site = await read(queries.head), await this_site()
    feed_data = Feed(
        key=("moderation log",),
        title=" · ".join((_("Moderation log"), current_app.site.site_name)),
        subtitle=ngettext(
            "%(num)s entry. Hash of the last one: %(hash)s",
            "%(num)s entries. Hash of the last one: %(hash)s",
            head.number,
            hash=head.hash,
        ),
        page=url_for("moderation_log.index", _external=True),
        since=site.created_at,
    )
    entries = [_feed_entry(entry, feed_data.page, site) for entry in page.rows]
    return await feed_response(form, feed_data, entries, page.next_cursor)


def _feed_entry(entry: PublicEntry, page: str, site: SiteFacts) -> Entry:
    lines = [_("Entry %(number)s: %(summary)s.", number=entry.number, summary=entry.summary)]
    if entry.person:
        lines.append(_("Account: %(name)s.", name=entry.person))
    if entry.about:
        lines.append(_("About: %(subject)s.", subject=subject_text(entry.about)))
    if entry.rule:
        rule = entry.rule
        lines.append(_("Rule %(number)s: %(text)s", number=rule["number"], text=rule["text"]))
    lines.append(f"SHA-256: {entry.hash}")
    return Entry(
        id=site.id_of("moderation log", entry.number),
        page=f"{page}#entry-{entry.number}",
        title=str(entry.summary),
        html="".join(f"<p>{escape(line)}</p>" for line in lines),
        published=entry.at,
        updated=entry.at,
        author=entry.moderator or _("A deleted account"),
    )


@blueprint.get("/report")
async def newest_report() -> ResponseReturnValue:
    """Redirect to the report of this year."""
    return redirect(url_for("moderation_log.yearly_report", year=now().year))


@blueprint.get("/report/<int(fixed_digits=4):year>")
async def yearly_report(year: int) -> ResponseReturnValue:
    """Show what moderators did in a year."""
    found = await read(report, year, now().year)
    if found is None:
        raise NotFoundError(_("There's no report for this year."))
    return await render_template("moderation/transparency.html", report=found)


@blueprint.get("/log.ndjson")
async def file() -> Response:
    """The log, oldest entries first, one JSON object per line. `?after=` is an entry's number."""
    text = request.args.get("after", "0")
    if not NUMBER.fullmatch(text) or (after := int(text)) > LAST_NUMBER:
        abort(400, "after must be the number of an entry.")
    response = Response(
        _lines(current_app.database, after), content_type="application/x-ndjson; charset=utf-8"
    )
    if (await read(queries.head)).number > after + ENTRIES_PER_FILE:
        following = url_for("moderation_log.file", after=after + ENTRIES_PER_FILE, _external=True)
        response.headers["Link"] = f'<{following}>; rel="next"'
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


async def _lines(database: Database, after: int) -> AsyncIterator[str]:
    async for records in queries.all_records(database, after, ENTRIES_PER_FILE):
        yield "".join(
            json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"
            for record in records
        )
