"""What is worth reading this week."""

from quart import render_template, request
from quart.typing import ResponseReturnValue

from blog.core.web.app import read
from blog.posts.explore import ADDED_FOLLOWERS, CONSIDERED, Ranking, suggestions
from blog.site.blueprint import blueprint


@blueprint.get("/explore")
async def explore() -> ResponseReturnValue:
    """Posts of the week in one of three orders (`?order=`), each with the reason for its place."""
    chosen = request.args.get("order", "")
    ranking = Ranking(chosen) if chosen in [*Ranking] else Ranking.POINTS
    return await render_template(
        "site/explore.html", suggestions=await read(suggestions, ranking), ranking=ranking,
        added=ADDED_FOLLOWERS, considered=CONSIDERED,
    )  # fmt: skip
