"""The profile page, with the user's posts."""

from collections.abc import Sequence

from quart import redirect, render_template, request, url_for
from quart.typing import ResponseReturnValue

from blog.accounts.invitations.queries import inviter_name
from blog.core.auth.identity import current_viewer
from blog.core.purging.keys import keys_of_list, user_key
from blog.core.web.anonymous_pages import anonymous_page
from blog.core.web.app import current_app, read
from blog.core.web.headers import keep_out_of_indexes
from blog.core.web.requests import requested_page
from blog.core.web.shared_caches import shows
from blog.core.web.snapshots import digest_of
from blog.follows import queries as follows
from blog.models import Post
from blog.posts.queries import BY_AUTHOR, hidden_posts_of
from blog.posts.reading import cards_for_viewer
from blog.posts.viewer_state import state_of_list
from blog.site.blueprint import blueprint
from blog.users.blocking import NOBODY, shut_out_by_viewer
from blog.users.reading import person_called


@blueprint.get("/user/<username>")
async def profile(username: str) -> ResponseReturnValue:
    """Show a user's profile and posts."""
    user = await person_called(username)
    if user.username != username:
        address, query = url_for("site.profile", username=user.username), request.query_string
        return redirect(f"{address}?{query.decode()}" if query else address)
    wanted = requested_page(current_app.settings.posts_per_page)
    page = await cards_for_viewer(BY_AUTHOR, wanted, user.id)
    shows(user_key(user.id), further=keys_of_list(page.rows))
    if user.noindex or page.number != 1 or not page.rows:
        keep_out_of_indexes()
    viewer, relation, outside = current_viewer(), None, NOBODY
    hidden: Sequence[Post] = ()
    if viewer.account is not None and viewer.id != user.id:
        relation = await read(follows.relation, viewer, user)
        outside = await shut_out_by_viewer((user.id,))
    elif viewer.account is not None and page.number == 1:
        hidden = await read(hidden_posts_of, user.id)
    inviter = None
    if user.shows_inviter and user.invited_by_id and current_app.site.may_show_inviter:
        inviter = await read(inviter_name, user.invited_by_id)
    values = {
        "user": user, "page": page, "relation": relation, "hidden": hidden, "shut_out": outside,
        "inviter": inviter, "state": await state_of_list(page.rows),
    }  # fmt: skip
    if viewer.account is None:
        shown = digest_of(user), page, inviter
        return await anonymous_page("site/profile.html", shown, **values)
    return await render_template("site/profile.html", **values)
