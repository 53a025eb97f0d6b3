"""Pages that show authors how often their posts are read."""

from datetime import timedelta

from quart import Blueprint, render_template
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import required_viewer
from blog.core.auth.permissions import confirmed_required
from blog.core.clock import now
from blog.core.errors import ForbiddenError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext, ngettext
from blog.core.web.app import current_app, read
from blog.core.web.plots import Plot, Row
from blog.core.web.requests import requested_page
from blog.posts.queries import BY_AUTHOR
from blog.posts.reading import readable_post
from blog.posts.views.queries import ViewsOfPost, views_by_day, views_of_posts
from blog.posts.views.sketch import STANDARD_ERROR

blueprint = Blueprint("views", __name__)

DAYS = 30
NOT_COUNTED = lazy_gettext("This site doesn't count views.")


@blueprint.get("/views")
@confirmed_required
async def overview() -> ResponseReturnValue:
    """List the viewer's posts with the number of views of each."""
    _require_counting()
    wanted = requested_page(current_app.settings.posts_per_page)
    page = await read(BY_AUTHOR.cards, wanted, required_viewer().id)
    first = (now() - timedelta(days=DAYS - 1)).date()
    views = await read(views_of_posts, tuple(post.id for post in page.rows), first)
    return await render_template(
        "posts/views/overview.html", page=page, views=views, none_yet=ViewsOfPost(), days=DAYS,
        error=STANDARD_ERROR,
    )  # fmt: skip


@blueprint.get("/post/<id:post_id>/views")
@confirmed_required
async def of_post(post_id: int) -> ResponseReturnValue:
    """Show the author of a post its views day by day."""
    _require_counting()
    post, today = await readable_post(post_id), now().date()
    if post.author_id != required_viewer().id:
        raise ForbiddenError(_("Only the author of a post can see how often it's read."))
    first = today - timedelta(days=DAYS - 1)
    views = await read(views_by_day, post_id, first)
    published_on = post.published_at.date() if post.published_at else today
    days = [first + timedelta(days=number) for number in range(DAYS)]
    rows = [
        Row(day, [views.get(day, 0) if day >= published_on else None], day == today) for day in days
    ]
    of_post = (await read(views_of_posts, (post_id,), first)).get(post_id, ViewsOfPost())
    plot = Plot(
        "views",
        ngettext("Views in the last %(num)s day", "Views in the last %(num)s days", DAYS),
        [_("Views")],
        rows,
    )
    return await render_template(
        "posts/views/of_post.html", post=post, views_plot=plot, views=of_post, days=DAYS,
        error=STANDARD_ERROR,
    )  # fmt: skip


def _require_counting() -> None:
    if not current_app.site.count_views:
        raise NotFoundError(NOT_COUNTED)
