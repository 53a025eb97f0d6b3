"""The input of a form is preserved after any failure, and can be sent again.

A new form belongs into `TYPED` or `NOTHING_TYPED`, or this fails.
"""

import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from html.parser import HTMLParser

import httpx
import pytest
from markupsafe import escape
from pydantic import SecretStr
from quart import request
from sqlalchemy import delete

import blog.accounts.applications.schemas
import blog.accounts.deletion.pages
import blog.accounts.invitations.schemas
import blog.accounts.schemas
import blog.admin.schemas
import blog.admin.settings.schemas
import blog.blocks.schemas
import blog.comments.schemas
import blog.media.schemas
import blog.moderation.answers.schemas
import blog.moderation.measures.schemas
import blog.moderation.notes.schemas
import blog.moderation.reports.schemas
import blog.moderation.review.schemas
import blog.moderation.schemas
import blog.moderation.waves.schemas
import blog.posts.schemas
import blog.review.schemas
import blog.users.schemas
from blog import create_app
from blog.core.auth.identity import authenticate_viewer
from blog.core.db.database_errors import DatabaseUnavailableError
from blog.core.errors import TooManyRequestsError
from blog.core.text.validation import Schema
from blog.core.web.app import Broadside
from blog.core.web.rate_limits import RateLimits
from blog.core.web.resubmission import LABELS, SECRETS
from blog.models import (
    AnswerTemplate,
    Appeal,
    BookmarkFolder,
    Comment,
    HeldItem,
    HeldKind,
    LoginSession,
    Measure,
    Media,
    MediaFile,
    Post,
    PostRevision,
    Report,
    Tag,
)
from settings import Settings
from tests.conftest import RunningApp
from tests.support import PASSWORD, Browser, add_user

HOSTILE = "Two\nlines, \"quoted\" & </textarea><script>alert(1)</script> 'x'"
LINE = "A name, \"quoted\" & <b> 'x'"
SECRET = "a password that no page shows"
ONE_MINUTE = timedelta(minutes=1)

# By the address, with the ids of the site: what a person types into the form that is sent there,
# and what the form has besides. All of it is sent by an administrator, whose post and comment are
# those with the id 1. Comment 2 is bob's, on the same post, and so is post 2.
TYPED: dict[str, tuple[str, dict[str, str]]] = {
    "/": ("/", {"body": HOSTILE, "submission": "1"}),
    "/write": ("/write", {"title": LINE, "body": HOSTILE, "submission": "1"}),
    "/post/<id:post_id>": ("/post/1", {"body": HOSTILE, "submission": "1"}),
    "/preview": ("/preview", {"body": HOSTILE}),
    "/hidden-words": ("/hidden-words", {"word": LINE}),
    "/user/<username>/subscribe": ("/user/bob/subscribe", {"email": "carl@example.com"}),
    "/bookmarks/folders": ("/bookmarks/folders", {"name": LINE}),
    "/bookmarks/folders/<id:folder_id>/rename": ("/bookmarks/folders/1/rename", {"name": LINE}),
    "/edit/<id:post_id>": ("/edit/1", {"body": HOSTILE, "version": "1"}),
    "/comment/preview": ("/comment/preview", {"body": HOSTILE}),
    "/comment/<id:comment_id>/remove": ("/comment/2/remove", {"reason": HOSTILE}),
    "/comment/<id:comment_id>/edit": ("/comment/1/edit", {"body": HOSTILE}),
    "/report/post/<id:post_id>": ("/report/post/1", {"reason": HOSTILE}),
    "/report/comment/<id:comment_id>": ("/report/comment/1", {"reason": HOSTILE}),
    "/moderate/<any(disable, enable, hide, show):action>/<id:row_id>": (
        "/moderate/hide/2?next=/moderate/reports",
        {"reason": HOSTILE},
    ),
    "/moderate/post/<id:post_id>/revisions/<id:number>/<any(hide, show):action>": (
        "/moderate/post/2/revisions/1/hide",
        {"reason": HOSTILE},
    ),
    "/moderate/tags/<tag>/<any(rename, merge, block, unblock):action>": (
        "/moderate/tags/boats/rename",
        {"name": "Ships & <b>", "reason": HOSTILE},
    ),
    "/moderate/reports/<id:report_id>/dismiss": (
        "/moderate/reports/1/dismiss",
        {"reason": HOSTILE},
    ),
    "/moderate/reports/<id:report_id>/resolve": (
        "/moderate/reports/1/resolve?next=/moderate/reports",
        {"reason": HOSTILE},
    ),
    "/moderate/reports/<id:report_id>": (
        "/moderate/reports/1", {"outcome": "dismissed", "answer": HOSTILE, "reason": HOSTILE}
    ),
    "/moderate/people/<id:user_id>/notes": ("/moderate/people/2/notes", {"text": HOSTILE}),
    "/admin/answers": ("/admin/answers", {"name": LINE, "text": HOSTILE}),
    "/admin/answers/<id:template_id>": ("/admin/answers/1", {"name": LINE, "text": HOSTILE}),
    "/moderate/people/<id:user_id>": (
        "/moderate/people/2", {"kind": "remind", "reason": HOSTILE, "confirmed": "1"}
    ),
    "/moderate/measures/<id:measure_id>/lift": ("/moderate/measures/1/lift", {"reason": HOSTILE}),
    "/moderate/appeals/<id:measure_id>": (
        "/moderate/appeals/2", {"decision": "keep", "answer": HOSTILE}
    ),
    "/waiting/<id:item_id>": ("/waiting/1", {"body": HOSTILE}),
    "/moderate/review/<id:item_id>/refuse": ("/moderate/review/2/refuse", {"reason": HOSTILE}),
    "/moderate/review/rules": (
        "/moderate/review/rules", {"version": "0", "held_words": "casino & <b>\nroulette"}
    ),
    "/moderate/waves": (
        "/moderate/waves", {"names": "bob\nboss", "disables": "true", "reason": HOSTILE, "act": "1"}
    ),
    "/appeal": ("/appeal", {"email": "bob@example.com"}),
    "/appeal/<token>": ("/appeal/token", {"text": HOSTILE}),
    "/media/<id:media_id>": ("/media/1", {"alt": LINE, "caption": LINE}),
    "/edit-profile": ("/edit-profile", {"name": LINE, "location": LINE, "about_me": HOSTILE}),
    "/edit-profile/<id:user_id>": (
        "/edit-profile/2",
        {"email": "bob@example.com", "username": "bob", "confirmed": "true", "role": "User",
         "name": LINE, "location": LINE, "about_me": HOSTILE, "reason": HOSTILE},
    ),
    "/admin/users/<id:user_id>/role": (
        "/admin/users/2/role?next=/admin/users", {"role": "Moderator", "reason": LINE}
    ),
    "/admin/users/<id:user_id>/disable": ("/admin/users/2/disable", {"reason": LINE}),
    "/admin/settings": (
        "/admin/settings",
        {"version": "0", "site_name": LINE, "tagline": LINE, "accent": "#0b6355",
         "accent_dark": "", "notice": LINE, "about": HOSTILE, "rules": HOSTILE,
         "privacy": HOSTILE, "contact": HOSTILE, "held_words": HOSTILE},
    ),
    "/admin/applications/<id:user_id>/refuse": (
        "/admin/applications/2/refuse", {"reason": LINE}
    ),
    "/invitations": ("/invitations", {"note": LINE, "submission": "1"}),
    "/auth/register": (
        "/auth/register",
        {"email": "carl@example.com", "username": "carl", "password": SECRET,
         "password2": SECRET, "application": HOSTILE, "submission": "1"},
    ),
    "/auth/login": ("/auth/login?next=/user/bob", {"email": "bob", "password": SECRET}),
    "/auth/reset": ("/auth/reset", {"email": "bob@example.com"}),
    "/auth/unlock": ("/auth/unlock", {"email": "bob@example.com"}),
    "/auth/change_email": (
        "/auth/change_email", {"email": "new@example.com", "password": SECRET}
    ),
    "/auth/passkeys/<id:passkey_id>/rename": ("/auth/passkeys/1/rename", {"name": LINE}),
    "/auth/tokens": (
        "/auth/tokens",
        {"name": LINE, "read": "true", "life": "30 days", "password": SECRET, "submission": "1"},
    ),
}  # fmt: skip
FOR_ANONYMOUSS = {
    "/auth/register",
    "/auth/login",
    "/auth/reset",
    "/auth/unlock",
    "/appeal",
    "/user/<username>/subscribe",
}
# Buttons, choices, and passwords alone.
NOTHING_TYPED = {
    "/auth/notifications",
    "/auth/notifications/resume",
    "/auth/notifications/unsubscribe/<token>",
    "/auth/notifications/unsubscribe/<token>/undo",
    "/hidden-words/<id:word_id>/remove",
    "/subscriptions/confirm/<token>",
    "/subscriptions/unsubscribe/<token>",
    "/subscriptions/unsubscribe/<token>/undo",
    "/user/<username>/<any(mute, unmute, block, unblock):act>",
    "/admin/mail/<id:email_id>/retry",
    "/admin/mail/retry",
    "/admin/jobs/<id:job_id>/retry",
    "/admin/jobs/<id:job_id>/discard",
    "/admin/jobs/retry",
    "/admin/applications/<id:user_id>/approve",
    "/admin/settings/logo/remove",
    "/invitations/<any(show, hide):choice>-inviter",
    "/invitations/<id:invitation_id>/revoke",
    "/admin/users/<id:user_id>/enable",
    "/appearance",
    "/language",
    "/auth/change-password",
    "/auth/change_email/<token>",
    "/auth/confirm",
    "/auth/confirm-identity",
    "/auth/confirm/<token>",
    "/auth/delete-account",
    "/auth/export",
    "/auth/delete-account/<token>",
    "/auth/login/passkey",
    "/auth/login/second-factor",
    "/auth/openid/<id:login_id>/remove",
    "/auth/openid/link",
    "/auth/openid/register",
    '/auth/passkeys/options/<any(login, "second-factor", identity, registration):ceremony>',
    "/auth/passkeys/<id:passkey_id>/remove",
    "/auth/logout",
    "/admin/answers/<id:template_id>/delete",
    "/moderate/reports/<id:report_id>/claim",
    "/moderate/reports/<id:report_id>/release",
    "/moderate/review/<id:item_id>/approve",
    "/moderate/waves/<id:act_id>/undo",
    "/auth/reset/<token>",
    "/auth/sessions/<id:login_id>/end",
    "/auth/sessions/end-all",
    "/auth/sessions/end-others",
    "/auth/tokens/<id:token_id>/revoke",
    "/auth/two-factor/app",
    "/auth/two-factor/app/remove",
    "/auth/two-factor/browsers/<id:browser_id>/revoke",
    "/auth/two-factor/recovery-codes",
    "/auth/unlock/<token>",
    "/bookmarks/<id:post_id>/move",
    "/bookmarks/folders/<id:folder_id>/delete",
    "/comment/<id:comment_id>/delete",
    "/comment/<id:comment_id>/like",
    "/comment/<id:comment_id>/unlike",
    "/delete/<id:post_id>",
    "/edit/<id:post_id>/cover/<id:media_id>",
    "/edit-profile/avatar/remove",
    "/follow/<username>",
    "/follow/<username>/<any(alerts, silence):choice>",
    "/notifications/<id:notification_id>/open",
    "/notifications/<id:notification_id>/read",
    "/notifications/read",
    "/import/<id:import_id>/cancel",
    "/import/<id:import_id>/confirm",
    "/import/<id:import_id>/retry",
    "/media/<id:media_id>/delete",
    "/post/<id:post_id>/revisions/<id:number>/hide",
    "/post/<id:post_id>/revisions/<id:number>/restore",
    "/post/<id:post_id>/revisions/<id:number>/show",
    "/post/<id:post_id>/bookmark",
    "/post/<id:post_id>/like",
    "/post/<id:post_id>/unbookmark",
    "/post/<id:post_id>/unlike",
    "/post/<id:post_id>/preview-link",
    "/post/<id:post_id>/preview-link/revoke",
    "/post/<id:post_id>/state",
    "/tag/<tag>/follow",
    "/tag/<tag>/unfollow",
    "/unfollow/<username>",
    "/waiting/<id:item_id>/withdraw",
}
# A page cannot give back the file that was chosen, a copy of an image needs another site
# (tests/media/test_imports.py), and what a script sends it sends again.
OF_FILES = {
    "/admin/settings/logo", "/edit-profile/avatar", "/edit/<id:post_id>/cover/upload", "/import",
    "/media/", "/media/import",
}  # fmt: skip
BY_SCRIPT = {"/auth/passkeys", "/edit/<id:post_id>/autosave", "/write/autosave"}
FORMS = [pytest.param(rule, id=rule) for rule in TYPED]
# It takes no session: people appeal who can't log in.
APPEAL = "/appeal/<token>"
FORMS_OF_MEMBERS = [
    pytest.param(rule, id=rule) for rule in TYPED if rule not in FOR_ANONYMOUSS | {APPEAL}
]


class Forms(HTMLParser):
    """The forms of a page, as a browser without JavaScript sends them: by their actions."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] = {}
        self._area: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._fields = self.found[given.get("action", "")] = {}
        elif tag == "input" and "name" in given:
            self._fields[given["name"]] = given.get("value", "")
        elif tag == "textarea":
            self._area = given.get("name", "")
            self._fields[self._area] = ""

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area is not None:
            # The first line break belongs to the markup (HTML Standard, 13.1.2.5).
            self._fields[self._area] = self._fields[self._area].removeprefix("\n")
            self._area = None


def test_every_form_is_in_the_table(app: Broadside) -> None:
    forms = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or set()) and not rule.rule.startswith("/api/")
    }
    assert forms == TYPED.keys() | NOTHING_TYPED | OF_FILES | BY_SCRIPT


def test_every_field_that_is_typed_has_a_label_and_no_password_has() -> None:
    modules = (
        blog.accounts.applications.schemas, blog.accounts.deletion.pages,
        blog.accounts.invitations.schemas, blog.accounts.schemas, blog.admin.schemas,
        blog.admin.settings.schemas,
        blog.blocks.schemas, blog.comments.schemas, blog.media.schemas, blog.moderation.schemas,
        blog.moderation.measures.schemas, blog.moderation.answers.schemas,
        blog.moderation.notes.schemas, blog.moderation.reports.schemas,
        blog.moderation.review.schemas, blog.moderation.waves.schemas,
        blog.posts.schemas, blog.review.schemas, blog.users.schemas,
    )  # fmt: skip
    fields = {
        (name, field.annotation)
        for module in modules
        for schema in vars(module).values()
        if isinstance(schema, type) and issubclass(schema, Schema)
        for name, field in schema.model_fields.items()
    }
    assert {name for name, kind in fields if kind is SecretStr} == SECRETS.keys()
    chosen = {"invitation", "submission", "role", "q", "state", "credential", "category",
              "default_language", "languages", "network_of"}  # fmt: skip
    of_editor = {"title", "tags", "excerpt"}  # Its fields may be missing.
    typed = {name for name, kind in fields if kind in (str, tuple[str, ...])}
    assert typed - chosen | of_editor == LABELS.keys()


@pytest.fixture(scope="module")
async def started_app(
    running_app: RunningApp, make_settings: Callable[..., Settings]
) -> AsyncIterator[Broadside]:
    """An application in which the header `X-Fail` brings about what goes wrong."""
    failing = create_app(make_settings())
    failing.passwords = running_app.app.passwords

    async def fail_early() -> None:
        """Before authentication, and before the body is read."""
        if request.headers.get("X-Fail") == "503":
            raise DatabaseUnavailableError("away")

    @failing.before_request
    async def fail() -> None:
        kind = request.headers.get("X-Fail")
        if kind == "429":
            raise TooManyRequestsError(ONE_MINUTE)
        if kind == "500":
            raise RuntimeError

    before = failing.before_request_funcs[None]
    before.insert(before.index(authenticate_viewer), fail_early)
    async with failing.test_app():
        yield failing


@pytest.fixture
def failing_app(app: Broadside, started_app: Broadside) -> Broadside:
    """That application, on a site without people; it has not seen any client yet."""
    started_app.rate_limits = RateLimits(started_app.database)
    return started_app


@pytest.fixture
async def browser(failing_app: Broadside) -> AsyncIterator[Browser]:
    """The administrator's, not logged in yet."""
    administrator = await add_user(failing_app, "boss", role="Administrator")
    bob = await add_user(failing_app, "bob")
    written = {"author_id": administrator.id, "body": "x", "body_html": "<p>x</p>",
               "renderer_version": 1}  # fmt: skip
    async with failing_app.database.session() as session:
        edited = written | {"author_id": bob.id, "revision": 2}
        session.add_all([Post(**written), Post(**edited)])
        await session.flush()
        text = {"body": "x", "body_html": "<p>x</p>", "tags": [], "renderer_version": 1}
        session.add_all(
            [PostRevision(post_id=2, number=1, **text), PostRevision(post_id=2, number=2)]
        )
        by_bob = written | {"author_id": bob.id}
        session.add_all([Comment(post_id=1, **written), Comment(post_id=1, **by_bob)])
        file = {"name": "a" * 32, "generation": "0" * 16, "kind": "png", "frames": 1}
        size = {"width": 1, "height": 1, "variants": [[1, 1]], "bytes": 1, "colour": "000000"}
        session.add(MediaFile(**file, **size))
        await session.flush()
        session.add(Media(owner_id=administrator.id, name=file["name"], bytes=1))
        session.add(Tag(name="boats", folded="boats", post_count=1))
        session.add(Report(reporter_id=administrator.id, post_id=2, reason="x"))
        session.add(BookmarkFolder(user_id=administrator.id, name="Recipes"))
        held = {"kind": HeldKind.COMMENT, "post_id": 1, "payload": {"body": "x"}, "reasons": [],
                "digest": "x", "version": 0}  # fmt: skip
        session.add_all(
            [
                Measure(person_id=bob.id, kind="limit", reason="x"),
                Measure(person_id=bob.id, kind="remind", reason="x", appeal=Appeal(text="x")),
                Measure(person_id=administrator.id, kind="remind", reason="x"),
                AnswerTemplate(name="x", text="x"),
                *(HeldItem(author_id=author.id, **held) for author in (administrator, bob)),
            ]
        )
        await session.commit()
    async with Browser(failing_app) as visitor:
        yield visitor


async def opened(browser: Browser, rule: str) -> tuple[str, dict[str, str]]:
    """Log in where the form is for members; where it is sent, and what with."""
    if rule not in FOR_ANONYMOUSS:
        await browser.open_session("boss")
    address, fields = TYPED[rule]
    if rule == APPEAL:
        link = re.search('/appeal/[^"]+', (await browser.get("/auth/measures")).text)
        address = link[0] if link else address
    return address, fields | {"csrf_token": await browser.token("/auth/reset")}


def assert_is_back(page: str, address: str, sent: dict[str, str]) -> dict[str, str]:
    """Make sure that a page has the form to `address` with all that was typed, but no password.

    Returns:
        What sending it again would send.
    """
    assert SECRET not in page
    assert "<script>alert" not in page
    again = Forms(page).found[address]
    for name, text in sent.items():
        if name in SECRETS:
            assert again[name] == ""
            again[name] = text
        elif name != "csrf_token":
            assert again[name] == text
            assert str(escape(text)) in page
    assert again["csrf_token"] != sent["csrf_token"]
    return again


async def assert_works(browser: Browser, address: str, form: dict[str, str]) -> None:
    """Make sure that a form that is sent again does its work."""
    answer = await browser.post(address, data=form)
    is_wrong_password = form.get("password") == SECRET and "register" not in address
    expected = {422} if is_wrong_password else {200, 201, 302}
    assert answer.status_code in expected, answer.text


@pytest.mark.parametrize("rule", FORMS)
async def test_a_form_that_failed_comes_back_and_sending_it_again_is_enough(
    browser: Browser, rule: str
) -> None:
    address, form = await opened(browser, rule)
    sent_again: list[dict[str, str]] = []
    for token in ("", "stale"):
        answer = await browser.post(address, data=form | {"csrf_token": token})
        assert answer.status_code == 400
        assert "Just send it again" in answer.text
        sent_again.append(assert_is_back(answer.text, address, form | {"csrf_token": token}))
    for failure in (429, 500, 503):
        answer = await browser.post(address, data=form, headers={"X-Fail": str(failure)})
        assert answer.status_code == failure
        sent_again.append(assert_is_back(answer.text, address, form))
    # All of them send the same, with a token that is taken. It is done once.
    for again in sent_again:
        assert again | {"csrf_token": ""} == sent_again[0] | {"csrf_token": ""}
        answer = await browser.post("/auth/reset", data={"csrf_token": again["csrf_token"]})
        assert "Just send it again" not in answer.text
    await assert_works(browser, address, sent_again[-1])


async def test_all_ticked_boxes_of_a_list_come_back(browser: Browser) -> None:
    await browser.open_session("boss")
    form = {"version": "0", "languages": ["", "en", "de"], "count_views": ["true", "false"]}
    answer = await browser.post("/admin/settings", data=form)
    again = Forms(answer.text).found["/admin/settings"]
    assert (again["languages"].split(), again["count_views"]) == (["en", "de"], "true")


async def logged_out(failing_app: Broadside) -> None:
    async with failing_app.database.session() as session:
        await session.execute(delete(LoginSession))
        await session.commit()


@pytest.mark.parametrize("rule", FORMS_OF_MEMBERS)
async def test_the_log_in_form_takes_along_what_was_written_after_the_session_had_ended(
    browser: Browser, failing_app: Broadside, rule: str
) -> None:
    address, form = await opened(browser, rule)
    await logged_out(failing_app)
    answer = await browser.post(address, data=form)
    assert answer.status_code == 403
    assert "been logged out" in answer.text
    assert SECRET not in answer.text
    login = Forms(answer.text).found["/auth/login"] | {"email": "boss"}
    # A wrong password keeps it as well.
    wrong = await browser.post("/auth/login", data=login | {"password": "wrong"})
    assert wrong.status_code == 422
    login = Forms(wrong.text).found["/auth/login"] | {"email": "boss", "password": PASSWORD}
    back = await browser.post("/auth/login", data=login)
    assert back.status_code == 200
    assert "been sent yet" in back.text
    sent = {name: text for name, text in form.items() if name not in SECRETS}
    again = assert_is_back(back.text, address, sent)
    await assert_works(browser, address, again | {n: form[n] for n in SECRETS if n in form})


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}],
)
@pytest.mark.parametrize("failure", ["", "429", "503"])
async def test_input_of_a_cross_site_request_is_not_shown(
    browser: Browser, headers: dict[str, str], failure: str
) -> None:
    _, form = await opened(browser, "/")
    for address in ("/", "/post/1", "/no/such/page"):
        answer = await browser.post(
            address, data=form | {"body": "Buy this"}, headers=headers | {"X-Fail": failure}
        )
        assert answer.status_code in {400, 404, 405, 429, 503}
        assert "Buy this" not in answer.text


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "", "javascript:x"])
async def test_the_log_in_form_leads_what_it_takes_along_to_this_site_alone(
    browser: Browser, target: str
) -> None:
    form = {"email": "boss", "password": PASSWORD, "draft_to": target, "draft.body": "secret"}
    answer = await browser.submit("/auth/login", form)
    assert answer.status_code == 302
    assert answer.headers["location"] == "/"


async def test_a_form_for_no_page_of_ours_is_not_sent_anywhere(browser: Browser) -> None:
    token = await browser.token("/auth/reset")
    for address in ("https://blog.test//evil.example/x", "/no/such/page"):
        answer = await browser.post(address, data={"csrf_token": token, "body": "Written"})
        assert answer.status_code == 404
        assert "Written" in answer.text
        assert Forms(answer.text).found.keys() <= {""}


async def test_a_comment_under_a_post_that_is_gone_can_be_copied(
    browser: Browser, failing_app: Broadside
) -> None:
    address, form = await opened(browser, "/post/<id:post_id>")
    async with failing_app.database.session() as session:
        await session.execute(delete(Post))
        await session.commit()
    answer = await browser.post(address, data=form)
    assert answer.status_code == 404
    assert str(escape(HOSTILE)) in answer.text
    assert re.search(r"<textarea[^>]* readonly", answer.text)


async def two_tabs(browser: Browser, page: str) -> tuple[str, str]:
    return await browser.token(page), await browser.token(page)


async def test_to_log_in_and_out_in_two_tabs_is_a_success(browser: Browser) -> None:
    first, second = await two_tabs(browser, "/auth/login")
    form = {"email": "boss", "password": PASSWORD}
    for token in (first, second):
        answer: httpx.Response = await browser.post(
            "/auth/login?next=/user/bob", data=form | {"csrf_token": token}
        )
        assert answer.headers["location"] == "/user/bob"
    # As somebody else: that is not what the first tab has done.
    other = await browser.post(
        "/auth/login", data={"email": "bob", "password": PASSWORD, "csrf_token": second}
    )
    assert other.status_code == 400
    first, second = await two_tabs(browser, "/")
    for token in (first, second):
        answer = await browser.post("/auth/logout", data={"csrf_token": token})
        assert answer.headers["location"] == "/"
    assert (await browser.get("/")).text.count("logged out.") == 2
