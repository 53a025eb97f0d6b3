"""The pages for following, and the lists of follows."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.core.auth.identity import current_viewer, required_viewer
from blog.core.auth.permissions import permission_required
from blog.core.auth.quotas import FOLLOWING, quota
from blog.core.errors import InvalidFieldsError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.web.app import current_app, db, look_up, read, writes
from blog.core.web.headers import keep_out_of_indexes
from blog.core.web.requests import requested_page
from blog.follows import queries, service
from blog.models import Permission
from blog.users.queries import user_by_username
from blog.users.reading import person_called

blueprint = Blueprint("follows", __name__)


@blueprint.post("/follow/<username>")
@quota(FOLLOWING)
@permission_required(Permission.FOLLOW)
async def follow(username: str) -> ResponseReturnValue:
    """Follow a user, and redirect to the profile."""
    if (person := await look_up(user_by_username, username)) is None:
        return await _person_is_gone(username)
    name = person.username
    try:
        is_new = await service.follow(await writes(), required_viewer(), person)
    except NotFoundError:
        return await _person_is_gone(name)
    except InvalidFieldsError as error:
        await flash(str(error), "info")
    else:
        if is_new:
            await flash(_("You're now following %(name)s.", name=name), "success")
        else:
            await flash(_("You're already following %(name)s.", name=name), "info")
    return redirect(url_for("site.profile", username=name))


@blueprint.post("/unfollow/<username>")
@quota(FOLLOWING)
@permission_required(Permission.FOLLOW)
async def unfollow(username: str) -> ResponseReturnValue:
    """Unfollow a user, and redirect to the profile."""
    if (person := await look_up(user_by_username, username)) is None:
        return await _person_is_gone(username)
    if await service.unfollow(await writes(), required_viewer(), person):
        await flash(_("You're no longer following %(name)s.", name=person.username), "success")
    else:
        await flash(_("You aren't following %(name)s.", name=person.username), "info")
    return redirect(url_for("site.profile", username=person.username))


@blueprint.post("/follow/<username>/<any(alerts, silence):choice>")
@quota(FOLLOWING)
@permission_required(Permission.FOLLOW)
async def set_alerts(username: str, choice: str) -> ResponseReturnValue:
    """Turn notifications of a user's new posts on or off, and redirect to the profile."""
    if (person := await look_up(user_by_username, username)) is None:
        return await _person_is_gone(username)
    name, notify = person.username, choice == "alerts"
    try:
        await service.set_alerts(db(), required_viewer(), person, notify=notify)
    except InvalidFieldsError as error:
        await flash(str(error), "info")
    else:
        if notify:
            done = _("You'll be notified when %(name)s publishes a post.", name=name)
        else:
            done = _("You won't be notified when %(name)s publishes a post.", name=name)
        await flash(done, "success")
    return redirect(url_for("site.profile", username=name))


async def _person_is_gone(username: str) -> ResponseReturnValue:
    await flash(
        _("There's no user called %(name)s. The account may have been deleted.", name=username),
        "error",
    )
    return redirect(url_for("site.home"))


@blueprint.get("/followers/<username>")
async def followers(username: str) -> ResponseReturnValue:
    """List a user's followers, the newest first."""
    keep_out_of_indexes()
    person = await person_called(username)
    wanted = requested_page(current_app.settings.followers_per_page)
    page = await read(queries.followers, person, wanted, current_viewer().filtered_for)
    return await render_template("follows/followers.html", person=person, page=page)


@blueprint.get("/followed_by/<username>")
async def followed_by(username: str) -> ResponseReturnValue:
    """List the users that a user follows, the newest first."""
    keep_out_of_indexes()
    person = await person_called(username)
    wanted = requested_page(current_app.settings.followers_per_page)
    page = await read(queries.followed_by, person, wanted, current_viewer().filtered_for)
    return await render_template("follows/followed_by.html", person=person, page=page)
