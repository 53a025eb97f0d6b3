"""Who may use which route: one table of them all, tried with a person of each kind.

A new route belongs into `TABLE`, or this fails. Each row has the route as `blog` registers it, an
address that fits it, and what the five kinds of people get there: a status, or where they
are led. Every form is sent with its CSRF token and with `FORM`: 422 says that somebody was let in,
and only the fields were wrong.
"""

from collections.abc import Callable
from typing import NamedTuple

import httpx
import pytest

from blog import create_app
from blog.core.web.app import Broadside
from blog.models import Comment, Email, EmailState, Media, MediaFile, Post, PostImport, Report
from blog.notifications.live import hub
from settings import Settings
from tests.support import Browser, NewUser, add_users

LOG_IN = "to the login"
CONFIRM = "to the page that asks for the confirmation"
LED = {"/auth/login": LOG_IN, "/auth/unconfirmed": CONFIRM}
FORM = {"body": "x", "reason": "x", "role": "User", "pinned": "true"}

BLOCKING = "/user/<username>/<any(mute, unmute, block, unblock):act>"
PASSKEY_OPTIONS = (
    '/auth/passkeys/options/<any(login, "second-factor", identity, registration):ceremony>'
)
HIDE_REVISION = "/moderate/post/<id:post_id>/revisions/<id:number>/<any(hide, show):action>"

Outcome = int | str


class Access(NamedTuple):
    """What each kind of person gets."""

    anonymous: Outcome
    unconfirmed: Outcome
    user: Outcome
    moderator: Outcome
    administrator: Outcome


class Row(NamedTuple):
    """A route, who may use it, and an address of it where that is not the rule itself."""

    route: str
    access: Access
    address: str = ""


def everybody(status: Outcome) -> Access:
    """Also those who have not confirmed their address."""
    return Access(status, status, status, status, status)


def strangers(status: Outcome) -> Access:
    """Those who are not logged in; the others are led home."""
    return Access(status, 302, 302, 302, 302)


def logged_in(status: Outcome) -> Access:
    """Anyone with an account."""
    return Access(LOG_IN, status, status, status, status)


def confirmed(status: Outcome) -> Access:
    """Anyone with an account and a confirmed address."""
    return Access(LOG_IN, CONFIRM, status, status, status)


def only_the_author(status: Outcome, others: Outcome = 403) -> Access:
    """The user, whose post and comment they are."""
    return Access(LOG_IN, CONFIRM, status, others, others)


def author_and_administrators(status: Outcome) -> Access:
    """The user, whose post it is, and administrators."""
    return Access(LOG_IN, CONFIRM, status, 403, status)


def moderators(status: Outcome) -> Access:
    """Those who may moderate, administrators among them."""
    return Access(LOG_IN, CONFIRM, 403, status, status)


def administrators(status: Outcome) -> Access:
    """Administrators alone."""
    return Access(LOG_IN, CONFIRM, 403, 403, status)


# The post and the comment are the user's; `{bob}` is another user, and none of the viewers.
TABLE = [
    Row("GET /", everybody(200)),
    Row("POST /", confirmed(302)),
    Row("GET /post/<id:post_id>", everybody(200), "/post/{post}"),
    Row("GET /post/<id:post_id>/<slug>", everybody(301), "/post/{post}/old-slug"),
    Row("POST /post/<id:post_id>", confirmed(302), "/post/{post}"),
    Row("POST /post/<id:post_id>/state", only_the_author(302), "/post/{post}/state"),
    Row("POST /post/<id:post_id>/preview-link", confirmed(403), "/post/{post}/preview-link"),
    Row(
        "POST /post/<id:post_id>/preview-link/revoke",
        confirmed(403),
        "/post/{post}/preview-link/revoke",
    ),
    Row("GET /post/<id:post_id>/likes", everybody(200), "/post/{post}/likes"),
    Row("GET /post/<id:post_id>/views", only_the_author(200), "/post/{post}/views"),
    Row("GET /views", confirmed(200)),
    Row("POST /post/<id:post_id>/like", confirmed(302), "/post/{post}/like"),
    Row("POST /post/<id:post_id>/unlike", confirmed(302), "/post/{post}/unlike"),
    Row("POST /post/<id:post_id>/bookmark", confirmed(302), "/post/{post}/bookmark"),
    Row("POST /post/<id:post_id>/unbookmark", confirmed(302), "/post/{post}/unbookmark"),
    Row("GET /bookmarks", confirmed(200)),
    Row(
        "POST /follow/<username>/<any(alerts, silence):choice>",
        confirmed(302),
        "/follow/bob/alerts",
    ),
    Row("GET /notifications", logged_in(200)),
    Row("POST /notifications/read", confirmed(302)),
    # There is no room, because a stream has no end; see tests/notifications/test_live.py.
    Row("GET /notifications/stream", Access(204, 503, 503, 503, 503)),
    Row(
        "POST /notifications/<id:notification_id>/read", confirmed(404), "/notifications/4711/read"
    ),
    Row(
        "POST /notifications/<id:notification_id>/open", confirmed(404), "/notifications/4711/open"
    ),
    Row("POST /bookmarks/folders", confirmed(422)),
    Row(
        "POST /bookmarks/folders/<id:folder_id>/rename",
        confirmed(404),
        "/bookmarks/folders/1/rename",
    ),
    Row(
        "POST /bookmarks/folders/<id:folder_id>/delete",
        confirmed(404),
        "/bookmarks/folders/1/delete",
    ),
    Row("POST /bookmarks/<id:post_id>/move", confirmed(404), "/bookmarks/{post}/move"),
    Row("GET /post/<id:post_id>/revisions", everybody(200), "/post/{post}/revisions"),
    Row("GET /post/<id:post_id>/revisions/<id:number>", everybody(200), "/post/{post}/revisions/1"),
    Row("GET /post/<id:post_id>/timemap", everybody(200), "/post/{post}/timemap"),
    Row(
        "GET /post/<id:post_id>/revisions/<id:number>/text",
        everybody(200),
        "/post/{post}/revisions/1/text",
    ),
    # It is the current one, which neither can be restored nor hidden.
    Row(
        "GET /post/<id:post_id>/revisions/<id:number>/restore",
        confirmed(403),
        "/post/{post}/revisions/1/restore",
    ),
    Row(
        "POST /post/<id:post_id>/revisions/<id:number>/restore",
        confirmed(403),
        "/post/{post}/revisions/1/restore",
    ),
    Row(
        "POST /post/<id:post_id>/revisions/<id:number>/hide",
        author_and_administrators(422),
        "/post/{post}/revisions/1/hide",
    ),
    Row(
        "POST /post/<id:post_id>/revisions/<id:number>/show",
        author_and_administrators(422),
        "/post/{post}/revisions/1/show",
    ),
    Row(
        f"GET {HIDE_REVISION}",
        moderators(404),
        "/moderate/post/{post}/revisions/1/hide",
    ),
    Row(
        f"POST {HIDE_REVISION}",
        moderators(422),
        "/moderate/post/{post}/revisions/1/hide",
    ),
    Row("GET /preview/<key>", everybody(404), "/preview/none"),
    Row("GET /user/<username>", everybody(200), "/user/bob"),
    Row("GET /user/<username>/subscribe", everybody(200), "/user/bob/subscribe"),
    Row("POST /user/<username>/subscribe", everybody(422), "/user/bob/subscribe"),
    *(
        Row(f"{method} /subscriptions/{rest}", everybody(400), f"/subscriptions/{address}")
        for method, rest, address in (
            ("GET", "confirm/<token>", "confirm/token"),
            ("POST", "confirm/<token>", "confirm/token"),
            ("GET", "unsubscribe/<token>", "unsubscribe/token"),
            ("POST", "unsubscribe/<token>", "unsubscribe/token"),
            ("POST", "unsubscribe/<token>/undo", "unsubscribe/token/undo"),
        )
    ),
    Row("GET /feed.<any(atom, json):form>", everybody(200), "/feed.json"),
    Row("GET /card/site.png", everybody(200)),
    Row("GET /card/user/<username>.png", everybody(200), "/card/user/bob.png"),
    Row("GET /card/post/<id:post_id>.png", everybody(200), "/card/post/{post}.png"),
    Row("GET /embed/<id:post_id>", everybody(200), "/embed/{post}"),
    Row("GET /oembed", everybody(404)),
    Row("GET /sitemap.xml", everybody(200)),
    Row(
        "GET /sitemap/<any(posts, people, tags):kind>-<id:number>.xml",
        everybody(200),
        "/sitemap/people-1.xml",
    ),
    Row("GET /.well-known/security.txt", everybody(404)),
    Row("GET /.well-known/change-password", everybody(302)),
    Row("GET /user/<username>/feed.<any(atom, json):form>", everybody(200), "/user/bob/feed.atom"),
    Row(
        "GET /post/<id:post_id>/comments/feed.<any(atom, json):form>",
        everybody(200),
        "/post/{post}/comments/feed.atom",
    ),
    Row("GET /static/<path:filename>", everybody(404), "/static/none"),
    Row("GET /favicon.ico", everybody(200)),
    Row("GET /apple-touch-icon.png", everybody(200)),
    Row("GET /robots.txt", everybody(200)),
    # Until administrators have written something.
    Row("GET /about", everybody(404)),
    Row("GET /rules", everybody(404)),
    Row("GET /privacy", everybody(404)),
    Row("GET /contact", everybody(404)),
    Row("GET /accent/<light>-<dark>.css", everybody(200), "/accent/0b6355-74cfbb.css"),
    Row("GET /appearance", everybody(200)),
    Row("GET /status", everybody(200)),
    Row("POST /appearance", everybody(400)),
    Row("GET /language", everybody(200)),
    Row("POST /language", everybody(400)),
    Row("GET /search", everybody(200), "/search?q=x"),
    Row("GET /search/suggestions", everybody(200), "/search/suggestions?q=x"),
    Row("GET /search/people", confirmed(200), "/search/people?q=x"),
    Row("GET /opensearch.xml", everybody(200)),
    Row("GET /all", everybody(302)),
    Row("GET /followed", logged_in(302)),
    Row("POST /preview", confirmed(200)),
    Row("GET /markdown", everybody(200)),
    Row("GET /write", confirmed(200)),
    Row("POST /write", confirmed(302)),
    Row("POST /write/autosave", confirmed(200)),
    Row(
        "POST /edit/<id:post_id>/autosave", author_and_administrators(409), "/edit/{post}/autosave"
    ),
    Row("GET /drafts", confirmed(200)),
    Row("GET /edit/<id:post_id>", author_and_administrators(200), "/edit/{post}"),
    Row("POST /edit/<id:post_id>", author_and_administrators(422), "/edit/{post}"),
    Row("GET /edit/<id:post_id>/cover", only_the_author(200), "/edit/{post}/cover"),
    Row("POST /edit/<id:post_id>/cover/upload", only_the_author(422), "/edit/{post}/cover/upload"),
    Row(
        "POST /edit/<id:post_id>/cover/<id:media_id>",
        only_the_author(302),
        "/edit/{post}/cover/{media}",
    ),
    Row("GET /delete/<id:post_id>", author_and_administrators(200), "/delete/{post}"),
    # The author is the first to delete it; after that it is gone, as the others wanted.
    Row("POST /delete/<id:post_id>", only_the_author(302, others=302), "/delete/{post}"),
    Row("POST /follow/<username>", confirmed(302), "/follow/bob"),
    Row("POST /unfollow/<username>", confirmed(302), "/unfollow/bob"),
    Row("GET /user/<username>/block", confirmed(200), "/user/bob/block"),
    Row(f"POST {BLOCKING}", confirmed(302), "/user/bob/mute"),
    Row("GET /muted", confirmed(200)),
    Row("GET /blocked", confirmed(200)),
    Row("GET /hidden-words", confirmed(200)),
    Row("POST /hidden-words", confirmed(422)),
    Row("POST /hidden-words/<id:word_id>/remove", confirmed(302), "/hidden-words/1/remove"),
    Row("GET /tags", everybody(200)),
    Row("GET /explore", everybody(200)),
    Row("GET /people", everybody(200)),
    Row("GET /archive", everybody(200)),
    Row("GET /archive/<int:year>/<int:month>", everybody(404), "/archive/1969/5"),
    Row("GET /tag/<tag>", everybody(404), "/tag/none"),
    Row("GET /search/feed.<any(atom, json):form>", everybody(200), "/search/feed.atom?q=x"),
    Row("GET /tag/<tag>/feed.<any(atom, json):form>", everybody(404), "/tag/none/feed.atom"),
    Row("POST /tag/<tag>/follow", confirmed(404), "/tag/none/follow"),
    Row("POST /tag/<tag>/unfollow", confirmed(404), "/tag/none/unfollow"),
    Row("GET /followers/<username>", everybody(200), "/followers/bob"),
    Row("GET /followed_by/<username>", everybody(200), "/followed_by/bob"),
    Row("GET /avatar/<seed>.svg", everybody(200), "/avatar/0123456789abcdef.svg"),
    Row("GET /media/", confirmed(200)),
    Row("POST /media/", confirmed(422)),
    Row("POST /media/import", confirmed(422)),
    # Each is the user's own: to all others it is not there.
    Row("POST /media/<id:media_id>", only_the_author(302, others=404), "/media/{media}"),
    Row("POST /media/<id:media_id>/delete", confirmed(302), "/media/{media}/delete"),
    Row("GET /media/<name>", everybody(404), "/media/none"),
    Row("GET /media/<name>-<int:width>.webp", everybody(200), "/media/{image}-480.webp"),
    Row("GET /import", confirmed(200)),
    Row("POST /import", confirmed(422)),
    # To all but the owner it is not there.
    Row(
        "POST /import/<id:import_id>/confirm",
        only_the_author(302, others=404),
        "/import/{import}/confirm",
    ),
    Row(
        "POST /import/<id:import_id>/retry",
        only_the_author(302, others=404),
        "/import/{import}/retry",
    ),
    Row(
        "POST /import/<id:import_id>/cancel",
        only_the_author(302, others=404),
        "/import/{import}/cancel",
    ),
    Row(
        "GET /import/<id:import_id>/report",
        only_the_author(200, others=404),
        "/import/{import}/report",
    ),
    Row("GET /healthz", everybody(200)),
    Row("GET /readyz", everybody(200)),
    # Who may see it is no question of accounts; see tests/web/test_metrics.py.
    Row("GET /metrics", everybody(404)),
    Row("GET /edit-profile", logged_in(200)),
    Row("POST /edit-profile", logged_in(302)),
    Row("POST /edit-profile/avatar", confirmed(422)),
    Row("POST /edit-profile/avatar/remove", confirmed(302)),
    Row("GET /edit-profile/<id:user_id>", administrators(200), "/edit-profile/{bob}"),
    Row("POST /edit-profile/<id:user_id>", administrators(422), "/edit-profile/{bob}"),
    Row("GET /admin", administrators(200)),
    Row("GET /admin/figures/<name>.csv", administrators(200), "/admin/figures/posts.csv"),
    Row("GET /admin/users", administrators(200)),
    Row("GET /admin/users/<id:user_id>/role", administrators(200), "/admin/users/{bob}/role"),
    Row("GET /admin/users/<id:user_id>/disable", administrators(200), "/admin/users/{bob}/disable"),
    Row("POST /admin/users/<id:user_id>/role", administrators(302), "/admin/users/{bob}/role"),
    Row(
        "POST /admin/users/<id:user_id>/disable", administrators(302), "/admin/users/{bob}/disable"
    ),
    Row("POST /admin/users/<id:user_id>/enable", administrators(302), "/admin/users/{bob}/enable"),
    Row("GET /admin/audit", administrators(200)),
    Row("GET /admin/settings", administrators(200)),
    Row("GET /admin/applications", administrators(200)),
    # They have not applied.
    Row(
        "POST /admin/applications/<id:user_id>/approve",
        administrators(302),
        "/admin/applications/{bob}/approve",
    ),
    Row(
        "GET /admin/applications/<id:user_id>/refuse",
        administrators(404),
        "/admin/applications/{bob}/refuse",
    ),
    Row(
        "POST /admin/applications/<id:user_id>/refuse",
        administrators(302),
        "/admin/applications/{bob}/refuse",
    ),
    Row("GET /moderate/invitations", moderators(200)),
    Row("GET /invitations", confirmed(200)),
    Row("POST /invitations", confirmed(302)),
    Row(
        "POST /invitations/<any(show, hide):choice>-inviter",
        confirmed(302),
        "/invitations/show-inviter",
    ),
    Row("POST /invitations/<id:invitation_id>/revoke", confirmed(404), "/invitations/99/revoke"),
    Row("POST /admin/settings", administrators(302)),
    Row("POST /admin/settings/logo", administrators(422)),
    Row("POST /admin/settings/logo/remove", administrators(302)),
    Row("GET /admin/mail", administrators(200)),
    Row("POST /admin/mail/<id:email_id>/retry", administrators(302), "/admin/mail/{mail}/retry"),
    Row("POST /admin/mail/retry", administrators(302)),
    Row("GET /admin/jobs", administrators(200)),
    Row("POST /admin/jobs/<id:job_id>/retry", administrators(302), "/admin/jobs/1/retry"),
    Row("POST /admin/jobs/<id:job_id>/discard", administrators(302), "/admin/jobs/1/discard"),
    Row("POST /admin/jobs/retry", administrators(302)),
    Row("GET /auth/register", strangers(200)),
    Row("POST /auth/register", strangers(422)),
    Row("GET /auth/login/second-factor", Access(LOG_IN, 302, 302, 302, 302)),
    Row("POST /auth/login/second-factor", everybody(LOG_IN)),
    Row("POST /auth/login/passkey", everybody(422)),
    Row("GET /auth/openid", logged_in(200)),
    Row(
        "GET /auth/openid/<provider>/start",
        Access(404, 302, 302, 302, 302),
        "/auth/openid/none/start",
    ),
    Row("GET /auth/openid/<provider>/connect", confirmed(404), "/auth/openid/none/connect"),
    Row("GET /auth/openid/<provider>/confirm", logged_in(404), "/auth/openid/none/confirm"),
    Row("GET /auth/openid/<provider>/callback", everybody(404), "/auth/openid/none/callback"),
    *(
        Row(f"{method} /auth/openid/{page}", Access(LOG_IN, 302, 302, 302, 302))
        for method in ("GET", "POST")
        for page in ("link", "register")
    ),
    Row("POST /auth/openid/<id:login_id>/remove", logged_in(302), "/auth/openid/4711/remove"),
    Row("GET /auth/passkeys", logged_in(200)),
    Row("GET /auth/passkeys/new", confirmed(200)),
    Row("POST /auth/passkeys", confirmed(422)),
    Row(
        "POST /auth/passkeys/<id:passkey_id>/rename",
        logged_in(422),
        "/auth/passkeys/4711/rename",
    ),
    Row(
        "POST /auth/passkeys/<id:passkey_id>/remove",
        logged_in(302),
        "/auth/passkeys/4711/remove",
    ),
    Row(
        f"POST {PASSKEY_OPTIONS}",
        logged_in(200),
        "/auth/passkeys/options/identity",
    ),
    Row("GET /auth/two-factor", logged_in(200)),
    Row("GET /auth/two-factor/app", confirmed(200)),
    Row("POST /auth/two-factor/app", confirmed(422)),
    Row("POST /auth/two-factor/app/remove", logged_in(302)),
    Row("POST /auth/two-factor/recovery-codes", logged_in(302)),
    Row(
        "POST /auth/two-factor/browsers/<id:browser_id>/revoke",
        logged_in(302),
        "/auth/two-factor/browsers/4711/revoke",
    ),
    Row("GET /auth/login", strangers(200)),
    Row("POST /auth/login", everybody(422)),
    Row("POST /auth/logout", everybody(302)),
    Row("GET /auth/notifications", logged_in(200)),
    Row("POST /auth/notifications", logged_in(422)),
    Row("POST /auth/notifications/resume", confirmed(302)),
    *(
        Row(
            f"{method} /auth/notifications/unsubscribe/<token>{rest}",
            everybody(400),
            f"/auth/notifications/unsubscribe/token{rest}",
        )
        for method, rest in (("GET", ""), ("POST", ""), ("POST", "/undo"))
    ),
    Row("GET /auth/confirm/<token>", everybody(400), "/auth/confirm/token"),
    Row("POST /auth/confirm/<token>", everybody(400), "/auth/confirm/token"),
    Row("POST /auth/confirm", Access(LOG_IN, CONFIRM, 302, 302, 302)),
    Row("GET /auth/unconfirmed", Access(302, 200, 302, 302, 302)),
    Row("GET /auth/confirm-identity", logged_in(200)),
    Row("POST /auth/confirm-identity", logged_in(422)),
    Row("GET /auth/change-password", logged_in(200)),
    Row("POST /auth/change-password", logged_in(422)),
    Row("GET /auth/change_email", logged_in(200)),
    Row("POST /auth/change_email", logged_in(422)),
    Row("GET /auth/change_email/<token>", logged_in(400), "/auth/change_email/token"),
    Row("POST /auth/change_email/<token>", logged_in(400), "/auth/change_email/token"),
    Row("GET /auth/unlock", everybody(200)),
    Row("POST /auth/unlock", everybody(422)),
    Row("GET /auth/unlock/<token>", everybody(400), "/auth/unlock/token"),
    Row("POST /auth/unlock/<token>", everybody(400), "/auth/unlock/token"),
    Row("GET /auth/reset", everybody(200)),
    Row("POST /auth/reset", everybody(422)),
    Row("GET /auth/reset/<token>", everybody(400), "/auth/reset/token"),
    Row("POST /auth/reset/<token>", everybody(400), "/auth/reset/token"),
    Row("GET /auth/sessions", logged_in(200)),
    Row("POST /auth/sessions/<id:login_id>/end", logged_in(302), "/auth/sessions/4711/end"),
    Row("POST /auth/sessions/end-all", everybody(LOG_IN)),
    Row("POST /auth/sessions/end-others", logged_in(302)),
    Row("GET /auth/tokens", logged_in(200)),
    Row("POST /auth/tokens", confirmed(422)),
    Row("POST /auth/tokens/<id:token_id>/revoke", logged_in(302), "/auth/tokens/4711/revoke"),
    Row("GET /auth/delete-account", logged_in(200)),
    Row("POST /auth/delete-account", logged_in(422)),
    Row("GET /auth/delete-account/<token>", logged_in(400), "/auth/delete-account/token"),
    Row("POST /auth/delete-account/<token>", logged_in(400), "/auth/delete-account/token"),
    Row("GET /auth/export", logged_in(200)),
    Row("POST /auth/export", logged_in(302)),
    Row("GET /auth/export/<id:export_id>", logged_in(404), "/auth/export/4711"),
    Row("GET /comment/<id:comment_id>", everybody(302), "/comment/{comment}"),
    Row("POST /comment/preview", confirmed(200)),
    # It is the comment of the author of the post.
    Row("GET /comment/<id:comment_id>/remove", confirmed(403), "/comment/{comment}/remove"),
    Row("POST /comment/<id:comment_id>/remove", confirmed(403), "/comment/{comment}/remove"),
    Row("GET /comment/<id:comment_id>/likes", everybody(200), "/comment/{comment}/likes"),
    Row("POST /comment/<id:comment_id>/like", confirmed(302), "/comment/{comment}/like"),
    Row("POST /comment/<id:comment_id>/unlike", confirmed(302), "/comment/{comment}/unlike"),
    Row("GET /comment/<id:comment_id>/edit", only_the_author(200), "/comment/{comment}/edit"),
    Row("POST /comment/<id:comment_id>/edit", only_the_author(302), "/comment/{comment}/edit"),
    Row("GET /comment/<id:comment_id>/delete", only_the_author(200), "/comment/{comment}/delete"),
    Row(
        "POST /comment/<id:comment_id>/delete",
        only_the_author(302, others=302),
        "/comment/{comment}/delete",
    ),
    Row("GET /moderate", moderators(200)),
    Row("GET /moderate/posts", moderators(200)),
    Row("GET /moderate/review", moderators(200)),
    Row("GET /moderate/review/rules", moderators(200)),
    Row("POST /moderate/review/rules", moderators(302)),
    Row(
        "POST /moderate/review/<id:item_id>/approve",
        moderators(422),
        "/moderate/review/4711/approve",
    ),
    Row(
        "GET /moderate/review/<id:item_id>/refuse", moderators(404), "/moderate/review/4711/refuse"
    ),
    Row(
        "POST /moderate/review/<id:item_id>/refuse",
        moderators(302),
        "/moderate/review/4711/refuse",
    ),
    Row("GET /moderate/waves", moderators(200)),
    Row("POST /moderate/waves", moderators(422)),
    Row("GET /moderate/waves/<id:act_id>", moderators(404), "/moderate/waves/4711"),
    Row("POST /moderate/waves/<id:act_id>/undo", moderators(404), "/moderate/waves/4711/undo"),
    Row("GET /waiting", logged_in(200)),
    Row("GET /waiting/<id:item_id>", confirmed(404), "/waiting/4711"),
    Row("POST /waiting/<id:item_id>", confirmed(404), "/waiting/4711"),
    Row("POST /waiting/<id:item_id>/withdraw", confirmed(302), "/waiting/4711/withdraw"),
    Row("GET /moderate/reports", moderators(200)),
    Row("GET /moderate/tags", moderators(200)),
    Row(
        "GET /moderate/tags/<tag>/<any(rename, merge, block, unblock):action>",
        moderators(404),
        "/moderate/tags/none/block",
    ),
    Row(
        "POST /moderate/tags/<tag>/<any(rename, merge, block, unblock):action>",
        moderators(404),
        "/moderate/tags/none/block",
    ),
    Row("GET /moderate/reports/closed", moderators(200)),
    Row("GET /moderate/reports/<id:report_id>", moderators(200), "/moderate/reports/{report}"),
    Row("POST /moderate/reports/<id:report_id>", moderators(422), "/moderate/reports/{report}"),
    *(
        Row(
            f"POST /moderate/reports/<id:report_id>/{action}",
            moderators(302),
            f"/moderate/reports/{{report}}/{action}",
        )
        for action in ("claim", "release")
    ),
    Row(
        "POST /moderate/people/<id:user_id>/notes",
        moderators(422),
        "/moderate/people/{bob}/notes",
    ),
    Row("GET /admin/answers", administrators(200)),
    Row("POST /admin/answers", administrators(422)),
    Row("GET /admin/answers/<id:template_id>", administrators(404), "/admin/answers/4711"),
    Row("POST /admin/answers/<id:template_id>", administrators(404), "/admin/answers/4711"),
    Row(
        "POST /admin/answers/<id:template_id>/delete",
        administrators(404),
        "/admin/answers/4711/delete",
    ),
    Row("GET /moderate/people/<id:user_id>", moderators(200), "/moderate/people/{bob}"),
    Row("POST /moderate/people/<id:user_id>", moderators(422), "/moderate/people/{bob}"),
    Row("GET /moderate/appeals", moderators(200)),
    *(
        Row(f"{method} /moderate/{rule}", moderators(404), f"/moderate/{address}")
        for method in ("GET", "POST")
        for rule, address in (
            ("appeals/<id:measure_id>", "appeals/4711"),
            ("measures/<id:measure_id>/lift", "measures/4711/lift"),
        )
    ),
    Row("GET /auth/measures", logged_in(200)),
    Row("GET /appeal", everybody(200)),
    Row("POST /appeal", everybody(422)),
    Row("GET /appeal/<token>", everybody(404), "/appeal/token"),
    Row("POST /appeal/<token>", everybody(404), "/appeal/token"),
    Row(
        "POST /moderate/reports/<id:report_id>/dismiss",
        moderators(302),
        "/moderate/reports/{report}/dismiss",
    ),
    Row(
        "POST /moderate/reports/<id:report_id>/resolve",
        moderators(302),
        "/moderate/reports/{report}/resolve",
    ),
    Row(
        "GET /moderate/<any(disable, enable, hide, show):action>/<id:row_id>",
        moderators(200),
        "/moderate/disable/{comment}",
    ),
    Row(
        "POST /moderate/<any(disable, enable, hide, show):action>/<id:row_id>",
        moderators(302),
        "/moderate/hide/{post}",
    ),
    Row("GET /moderation/log", everybody(200)),
    Row("GET /moderation/log.ndjson", everybody(200)),
    Row("GET /moderation/report", everybody(302)),
    Row(
        "GET /moderation/report/<int(fixed_digits=4):year>",
        everybody(404),
        "/moderation/report/1969",
    ),
    Row(
        "GET /moderation/log/feed.<any(atom, json):form>",
        everybody(200),
        "/moderation/log/feed.atom",
    ),
    Row("GET /api/docs", everybody(200)),
    Row("GET /api/docs/<path:filename>", everybody(404), "/api/docs/none"),
    Row("GET /api/openapi.json", everybody(200)),
    Row("GET /report/post/<id:post_id>", confirmed(200), "/report/post/{post}"),
    Row("POST /report/post/<id:post_id>", confirmed(302), "/report/post/{post}"),
    Row("GET /report/comment/<id:comment_id>", confirmed(200), "/report/comment/{comment}"),
    Row("POST /report/comment/<id:comment_id>", confirmed(302), "/report/comment/{comment}"),
]
IN_DEVELOPMENT_ONLY = {
    "GET /dev/mailbox",
    "GET /dev/mailbox/<name>",
    "GET /dev/mailbox/<name>/html",
}


def routes(app: Broadside) -> set[str]:
    """The routes of an application, but for `HEAD` and `OPTIONS`, which Quart adds.

    The resources of the API have a table of their own (`tests/api/test_access.py`).
    """
    return {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if not rule.rule.startswith("/api/v")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_the_table_has_every_route_and_no_other(make_settings: Callable[..., Settings]) -> None:
    table = {row.route for row in TABLE}
    assert len(table) == len(TABLE)
    assert routes(create_app(make_settings())) == table
    in_development = routes(create_app(make_settings(env="development")))
    assert in_development - table == IN_DEVELOPMENT_ONLY


@pytest.fixture
async def ids(app: Broadside) -> dict[str, int | str]:
    """People of each kind, and the ids of what the addresses in the table name."""
    people = await add_users(
        app, NewUser("user"), NewUser("unconfirmed", confirmed=False),
        NewUser("moderator", "Moderator"), NewUser("administrator", "Administrator"),
        NewUser("bob"),
    )  # fmt: skip
    user, bob = people["user"], people["bob"]
    written = {"body": "x", "body_html": "<p>x</p>", "renderer_version": 1}
    async with app.database.session() as session:
        post = Post(author_id=user.id, **written)
        mail = Email(
            purpose="confirm", recipient="x@example.com", subject="x", text="x", html="x",
            state=EmailState.FAILED,
        )  # fmt: skip
        image = MediaFile(
            name="a" * 32, generation="x", kind="png", width=480, height=1, frames=1,
            colour="000000", variants=[[480, 1]], bytes=1,
        )  # fmt: skip
        session.add_all([post, mail, image])
        await session.flush()
        comment = Comment(author_id=user.id, post_id=post.id, **written)
        report = Report(reporter_id=bob.id, post_id=post.id, reason="x")
        media = Media(owner_id=user.id, name=image.name, bytes=1)
        post_import = PostImport(owner_id=user.id, file_name="x.zip")
        session.add_all([comment, report, media, post_import])
        await session.commit()
        return {
            "image": image.name,
            "media": media.id,
            "import": post_import.id,
            "bob": bob.id,
            "post": post.id,
            "comment": comment.id,
            "report": report.id,
            "mail": mail.id,
        }


def outcome(answer: httpx.Response) -> Outcome:
    """Where the answer leads, if that is one of the two, or its status.

    The page that asks to log in comes at once where it takes along what was typed.
    """
    if answer.status_code == 403 and "been logged out" in answer.text:
        return LOG_IN
    if answer.status_code == 403 and "Confirm your email address to" in answer.text:
        return CONFIRM
    target = answer.headers.get("location", "").partition("?")[0]
    return LED.get(target, answer.status_code)


PAGES = [row for row in TABLE if row.route.startswith("GET ")]
FORMS = [row for row in TABLE if row not in PAGES]
# Also what is for strangers there must not be kept: the CSRF token in it ends with the login.
PRIVATE = [row for row in PAGES if row.access.anonymous in (LOG_IN, 204) or "/auth/" in row.route]


async def test_a_page_is_for_whom_the_table_says_and_kept_nowhere_if_it_is_for_one_person_alone(
    app: Broadside,
    ids: dict[str, int | str],
    monkeypatch: pytest.MonkeyPatch,
    subtests: pytest.Subtests,
) -> None:
    monkeypatch.setattr(hub, "MOST_STREAMS", 0)
    async with Browser(app) as visitor:
        cookies = {"anonymous": httpx.Cookies()}
        for kind in Access._fields[1:]:
            await visitor.open_session(kind)
            cookies[kind] = httpx.Cookies(visitor.cookies)
        for row in PAGES:
            address = (row.address or row.route.removeprefix("GET ")).format_map(ids)
            with subtests.test(row.route):
                got = {}
                for kind in Access._fields:
                    # Nothing is left of the page before, such as its message.
                    visitor.cookies = cookies[kind]
                    answer = await visitor.get(address)
                    got[kind] = outcome(answer)
                    if row in PRIVATE and answer.status_code == 200:
                        assert answer.headers["cache-control"] == "no-store", kind
                        assert "etag" not in answer.headers, kind
                assert got == row.access._asdict()


@pytest.mark.parametrize("row", FORMS, ids=[row.route for row in FORMS])
async def test_a_form_is_for_whom_the_table_says(
    app: Broadside, ids: dict[str, int | str], row: Row
) -> None:
    address = (row.address or row.route.partition(" ")[2]).format_map(ids)
    got = {}
    for kind in Access._fields:
        async with Browser(app) as visitor:
            if kind != "anonymous":
                await visitor.open_session(kind)
            got[kind] = outcome(await visitor.submit(address, FORM, page="/auth/reset"))
    assert got == row.access._asdict()
