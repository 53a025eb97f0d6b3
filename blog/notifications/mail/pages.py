"""The settings for notifications by email, and the unsubscribe page."""

from quart import Blueprint, flash, redirect, render_template, url_for
from quart.typing import ResponseReturnValue

from blog.accounts import link_pages
from blog.core.auth.identity import required_account, required_viewer
from blog.core.auth.permissions import confirmed_required
from blog.core.auth.quotas import CHANGING_ACCOUNT, UNSUBSCRIBING, quota
from blog.core.crypto.tokens import InvalidTokenError
from blog.core.i18n import gettext as _
from blog.core.text.wall_times import zone_names
from blog.core.web.app import current_app, db
from blog.core.web.csrf import one_click
from blog.core.web.forms import Form
from blog.models import MailPreference
from blog.models.mail_preference import MailChoice
from blog.notifications.mail import preferences
from blog.notifications.mail.links import read_link
from blog.notifications.mail.preferences import choice_of, chosen_values
from blog.notifications.mail.schemas import PreferencesForm
from blog.users.queries import user_by_id

blueprint = Blueprint("notification_mail", __name__, url_prefix="/auth/notifications")
blueprint.after_request(link_pages.keep_token_secret)


@blueprint.get("")
async def settings() -> ResponseReturnValue:
    """Show which notifications the user gets by email."""
    preference = await preferences.load_preference(db(), required_viewer().id)
    return await _settings_page(Form(PreferencesForm, _values(preference)))


def _values(preference: MailPreference) -> dict[str, str]:
    return {name: str(value) for name, value in chosen_values(preference).items()}


async def _settings_page(form: Form[PreferencesForm]) -> str:
    # A zone that no longer exists stays selected until another one is chosen, and means UTC.
    zones = zone_names() | {form.values.get("time_zone") or "UTC"}
    is_refused = await preferences.is_address_refused(db(), required_account())
    return await render_template(
        "notifications/mail_settings.html", form=form, is_refused=is_refused,
        zones=[(zone, zone.replace("_", " ")) for zone in sorted(zones)],
        hours=[(hour, f"{hour:02}:00") for hour in range(24)],
    )  # fmt: skip


@blueprint.post("")
@quota(CHANGING_ACCOUNT)
async def change_settings() -> ResponseReturnValue:
    """Change which notifications the user gets by email."""
    viewer = required_viewer()
    form = Form(PreferencesForm)
    if (data := await form.submitted()) is None:
        return await _settings_page(form), form.status
    await preferences.change_preferences(db(), viewer.id, data.changes())
    await flash(_("Email settings saved."), "success")
    return redirect(url_for("notification_mail.settings"))


@blueprint.post("/resume")
@quota(CHANGING_ACCOUNT)
@confirmed_required
async def resume() -> ResponseReturnValue:
    """Send emails again to an address that has refused them."""
    await preferences.forget_refusals(db(), required_account().email)
    await flash(_("We'll send you emails again."), "success")
    return redirect(url_for("notification_mail.settings"))


@blueprint.get("/unsubscribe/<token>")
async def show(token: str) -> ResponseReturnValue:
    """The target of unsubscribe links. It only shows a button, because mail scanners open links."""
    return await _unsubscribe_page(token)


@blueprint.post("/unsubscribe/<token>")
@quota(UNSUBSCRIBING)
@one_click
async def unsubscribe(token: str) -> ResponseReturnValue:
    """Unsubscribe from a kind of email, by the button or by an email client (RFC 8058)."""
    await _set_choice(token, wanted=False)
    return await _unsubscribe_page(token)


@blueprint.post("/unsubscribe/<token>/undo")
@quota(UNSUBSCRIBING)
async def undo(token: str) -> ResponseReturnValue:
    """Subscribe to this kind of email again."""
    await _set_choice(token, wanted=True)
    await flash(_("You'll get these emails again."), "success")
    return redirect(url_for("notification_mail.show", token=token))


async def _set_choice(token: str, *, wanted: bool) -> None:
    user_id, kind = read_link(token, current_app.links)
    if await user_by_id(db(), user_id) is None:
        raise InvalidTokenError
    choice = MailChoice.AT_ONCE if wanted else MailChoice.NEVER
    name, value = ("wants_digest", wanted) if kind is None else (kind, choice)
    await preferences.change_preferences(db(), user_id, {name: value})


async def _unsubscribe_page(token: str) -> str:
    user_id, kind = read_link(token, current_app.links)
    preference = await preferences.load_preference(db(), user_id)
    if kind is None:
        is_active = preference.wants_digest
    else:
        is_active = choice_of(preference.choices, kind) == MailChoice.AT_ONCE
    return await render_template(
        "notifications/unsubscribe.html", kind=kind, is_active=is_active, token=token
    )


@blueprint.errorhandler(InvalidTokenError)
async def bad_link(error: InvalidTokenError) -> ResponseReturnValue:
    """Answer an invalid link."""
    return await link_pages.bad_link(error, "notification_mail.settings", _("Go to your settings"))
