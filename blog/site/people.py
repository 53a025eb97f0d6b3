"""The directory of people."""

from quart import render_template, request
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import current_viewer
from blog.core.web.app import current_app, read
from blog.core.web.headers import keep_out_of_indexes
from blog.core.web.requests import requested_page
from blog.follows.common import common_follows
from blog.site.blueprint import blueprint
from blog.users import queries

# By the value of `order` in the URL.
ORDERS = {"followed": queries.most_followed, "newest": queries.newest, "name": queries.by_username}


@blueprint.get("/people")
async def people() -> ResponseReturnValue:
    """List all people: the most followed first, the newest first, or by username (`?order=`)."""
    wanted = requested_page(current_app.settings.followers_per_page)
    order = request.args.get("order", "")
    order = order if order in ORDERS else "followed"
    viewer, common = current_viewer(), {}
    page = await read(ORDERS[order], wanted, viewer.filtered_for)
    if page.number != 1:
        keep_out_of_indexes()  # People move from page to page.
    if viewer.account is not None:
        ids = tuple(person.id for person in page.rows)
        common = await read(common_follows, viewer.id, ids)
    return await render_template("site/people.html", page=page, order=order, common=common)
