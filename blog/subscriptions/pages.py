"""The pages for subscribing to an author's posts by email.

The pages with a token need no account, and unsubscribing needs no cookie.
"""

from quart import Blueprint, Response, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.accounts.link_pages import keep_token_secret
from blog.core.auth.identity import current_viewer
from blog.core.auth.quotas import SUBSCRIBING, UNSUBSCRIBING, quota
from blog.core.crypto.tokens import ExpiredTokenError, InvalidTokenError
from blog.core.i18n import current_language
from blog.core.i18n import gettext as _
from blog.core.web.app import current_app, db
from blog.core.web.csrf import one_click
from blog.core.web.forms import Form
from blog.core.web.headers import keep_out_of_indexes
from blog.subscriptions import queries, service
from blog.subscriptions.links import subscription_to_confirm, subscription_to_end
from blog.subscriptions.schemas import SubscribeForm
from blog.users.reading import person_called

blueprint = Blueprint("subscriptions", __name__)


@blueprint.after_request
async def keep_secret(response: Response) -> Response:
    """Keep the token out of caches, indexes and the Referer header."""
    return await keep_token_secret(response)


@blueprint.get("/user/<username>/subscribe")
async def form(username: str) -> ResponseReturnValue:
    """Show the form for an email address."""
    author, account = await person_called(username), current_viewer().account
    known = {"email": account.email} if account is not None and account.is_confirmed else {}
    keep_out_of_indexes()
    return await render_template(
        "subscriptions/subscribe.html", author=author, form=Form(SubscribeForm, known)
    )


@blueprint.post("/user/<username>/subscribe")
@quota(SUBSCRIBING)
async def ask(username: str) -> ResponseReturnValue:
    """Send a confirmation link to the address."""
    author = await person_called(username)
    form = Form(SubscribeForm)
    if (data := await form.submitted()) is None:
        page = await render_template("subscriptions/subscribe.html", author=author, form=form)
        return page, form.status
    await service.ask(db(), author, data.email, current_app.links, language=current_language())
    await flash(
        _(
            "Check your inbox: we've sent a link to %(address)s. If it doesn't "
            "arrive, look in your spam folder, or try again tomorrow.",
            address=data.email,
        ),
        "success",
    )
    return redirect(url_for("site.profile", username=author.username))


@blueprint.get("/subscriptions/confirm/<token>")
async def review(token: str) -> ResponseReturnValue:
    """Show a button to confirm, because mail scanners open links."""
    found = await queries.subscription_by_id(
        db(), subscription_to_confirm(token, current_app.links)
    )
    if found is None or found.subscription.ended_at is not None:
        raise InvalidTokenError
    return await render_template("subscriptions/confirm.html", **found._asdict())


@blueprint.post("/subscriptions/confirm/<token>")
@quota(SUBSCRIBING)
async def confirm(token: str) -> ResponseReturnValue:
    """Confirm the subscription."""
    subscription_id = subscription_to_confirm(token, current_app.links)
    await service.confirm(db(), subscription_id)
    found = await queries.subscription_by_id(db(), subscription_id)
    if found is None:
        raise InvalidTokenError
    username = found.author.username
    await flash(_("Done: you'll get %(name)s's new posts by email.", name=username), "success")
    return redirect(url_for("site.profile", username=username))


@blueprint.get("/subscriptions/unsubscribe/<token>")
async def show(token: str) -> ResponseReturnValue:
    """Show a button to unsubscribe, because mail scanners open links."""
    return await _unsubscribe_page(subscription_to_end(token, current_app.links), token)


@blueprint.post("/subscriptions/unsubscribe/<token>")
@quota(UNSUBSCRIBING)
@one_click
async def unsubscribe(token: str) -> ResponseReturnValue:
    """End the subscription, by the button or by a mail program (RFC 8058)."""
    subscription_id = subscription_to_end(token, current_app.links)
    await service.end(db(), subscription_id)
    return await _unsubscribe_page(subscription_id, token)


@blueprint.post("/subscriptions/unsubscribe/<token>/undo")
@quota(UNSUBSCRIBING)
async def undo(token: str) -> ResponseReturnValue:
    """Resume the subscription."""
    await service.resume(db(), subscription_to_end(token, current_app.links))
    await flash(_("You're subscribed again."), "success")
    return redirect(url_for("subscriptions.show", token=token))


async def _unsubscribe_page(subscription_id: int, token: str) -> str:
    found = await queries.subscription_by_id(db(), subscription_id)
    return await render_template("subscriptions/unsubscribe.html", found=found, token=token)


@blueprint.errorhandler(InvalidTokenError)
async def bad_link(error: InvalidTokenError) -> ResponseReturnValue:
    """Respond to an invalid link."""
    page = await render_template(
        "subscriptions/bad_link.html", is_expired=isinstance(error, ExpiredTokenError)
    )
    return page, 400
