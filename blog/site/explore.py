"""The posts of the week."""

from quart import render_template, request
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import current_viewer
from blog.core.web.app import read
from blog.posts.explore import ADDED_FOLLOWERS, CONSIDERED, Ranking, suggestions
from blog.posts.hidden_words import collapse_hidden
from blog.posts.viewer_state import state_of_list
from blog.site.blueprint import blueprint


@blueprint.get("/explore")
async def explore() -> ResponseReturnValue:
    """Show posts of the week in one of three orders (`?order=`), each with the reason for its
    rank."""
    chosen = request.args.get("order", "")
    ranking = Ranking(chosen) if chosen in [*Ranking] else Ranking.POINTS
    found = await read(suggestions, ranking, current_viewer().filtered_for)
    cards = await collapse_hidden([each.post for each in found])
    found = [each._replace(post=card) for each, card in zip(found, cards, strict=True)]
    return await render_template(
        "site/explore.html", suggestions=found, ranking=ranking,
        state=await state_of_list(cards),
        added=ADDED_FOLLOWERS, considered=CONSIDERED,
    )  # fmt: skip
