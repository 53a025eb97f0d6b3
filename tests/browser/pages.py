"""Every page of the site, and how to get there, for tests of all pages."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from itertools import groupby
from typing import NamedTuple
from uuid import uuid4

from playwright.async_api import Page

from blog.core.clock import now
from tests.browser.sample_site import (
    ARTICLE_PAGE,
    EDITOR,
    ESSAY,
    HIDDEN_POST,
    HOSTILE,
    MARKDOWN_POST,
    NEWCOMER,
    PREVIEW,
    READER,
    REVISIONS,
    SCHEDULED_PAGE,
    WRITER,
)
from tests.browser.steps import log_in, schedule_in
from tests.media.corpus import encoded, picture
from tests.support import PASSWORD
from tests.transfer.importing.samples import front_matter, hugo, zipped

_EMPTY_FORM = """
  const filledIn = ":has(textarea, input:not([type=hidden]))";
  const form = document.querySelector(`main form:not(.plain)${filledIn}`);
  for (const control of form.querySelectorAll("input:not([type=hidden]), textarea")) {
    control.value = "";
    control.checked = false;
  }
"""
SEND_EMPTY = f"""() => {{{_EMPTY_FORM}
  form.noValidate = true;
  form.requestSubmit();
}}"""
# Where it would be sent, and what is in it.
WOULD_SEND = f"""() => {{{_EMPTY_FORM}
  return [form.action, Object.fromEntries(new FormData(form))];
}}"""


async def send_empty(page: Page) -> None:
    """Send the page's form without anything in it."""
    async with page.expect_navigation() as refusal:
        await page.evaluate(SEND_EMPTY)
    assert (await refusal.value).status == 422, page.url


async def preview_measure(page: Page) -> None:
    """Ask what hiding everything by somebody would do."""
    await page.get_by_label("Hide everything").check()
    await page.get_by_label("Reason").fill("Advertising under every post.")
    if await page.get_by_label("Rule").count():
        await page.get_by_label("Rule").select_option(index=1)
    await page.get_by_role("button", name="Continue").click()
    await page.get_by_role("button", name="Hide everything").wait_for()


async def open_ways_out(page: Page) -> None:
    """Look at the ways to be rid of somebody."""
    await page.get_by_text("Muted or blocked").click()


async def open_options(page: Page) -> None:
    """Look at the other fields of the search."""
    await page.get_by_text("More options").click()


async def preview(page: Page) -> None:
    """Look at a post while it is written."""
    await page.get_by_label("on your mind").fill("# Soon\n\nNot *yet* published.")
    await page.get_by_role("region", name="Preview").get_by_role("heading", name="Soon").wait_for()


async def meet_another_editor(page: Page) -> None:
    """Save a text that is not made from the present one."""
    await page.evaluate("() => { document.querySelector('[name=version]').value = 99; }")
    await page.get_by_label("Text", exact=True).fill("What I made of it.")
    await page.get_by_role("button", name="Update").click()
    await page.get_by_role("heading", name="The current text").wait_for()


async def save_draft(page: Page) -> None:
    """Begin a post and save it, with the settings open."""
    await page.get_by_label("Title", exact=True).fill("The tram that never comes")
    await page.get_by_label("Text", exact=True).fill(
        "It was due at *eight*.\n\n## What we did meanwhile\n\nWe counted the pigeons. There were"
        " more of them than of us, and they had brought food.\n\n- One read a novel.\n- One wrote"
        " it."
    )
    await page.get_by_label("Tags").fill("trams, waiting")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_text("Only you can see it.").wait_for()


async def publish_nothing(page: Page) -> None:
    """Publish a post without a text."""
    await page.evaluate("() => { document.querySelector('.editor-form').noValidate = true; }")
    await page.get_by_label("Text", exact=True).fill("")
    await page.get_by_role("button", name="Publish").click()
    await page.get_by_text("Please fill in this field.").first.wait_for()


async def choose_import(page: Page, content: bytes) -> None:
    """Upload a file with posts."""
    file = {"name": "blog.zip", "mimeType": "application/zip", "buffer": content}
    await page.get_by_label("File", exact=True).set_input_files(file)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Check file").click()


async def check_import(page: Page) -> None:
    """See what an import would bring, and what not; it may have been checked before."""
    heading = page.get_by_role("heading", name="Ready to import")
    if not await heading.is_visible():
        # One that was not imported before.
        new = {f"my-site/content/posts/{uuid4()}.md": front_matter(title="New", date="2019-01-01")}
        await choose_import(page, zipped(hugo() | new))
    await heading.wait_for()
    await page.get_by_text("Details", exact=True).click()


async def confirm_import(page: Page) -> None:
    """Import posts; most are here already the second time."""
    await check_import(page)
    await page.get_by_role("button", name="Import", exact=True).click()
    await page.get_by_role("heading", name="Import finished").wait_for()


async def fail_import(page: Page) -> None:
    """Import a file that is none."""
    await choose_import(page, b"no posts")
    await page.get_by_role("heading", name="be imported").wait_for()


async def save_changes(page: Page) -> None:
    """Change a published post without publishing that."""
    await page.get_by_label("Text", exact=True).fill("A broadside was *one sheet*, no more.")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_text("Readers will see them").wait_for()


async def schedule_wrongly(page: Page) -> None:
    """Schedule a post for no time at all."""
    await page.get_by_label("Text", exact=True).fill("Good morning.")
    await page.get_by_text("Settings and schedule").click()
    await page.get_by_role("button", name="Schedule").click()
    await page.get_by_text("Please enter a date").wait_for()


async def schedule(page: Page) -> None:
    """Schedule a post for a day that is far away."""
    await page.get_by_label("Title", exact=True).fill("Good morning")
    await page.get_by_label("Text", exact=True).fill("It is *nine* o'clock.")
    await schedule_in(page, days=30)


async def open_scheduled(page: Page) -> None:
    """Schedule a post, and go back to it."""
    await schedule(page)
    await page.get_by_role("link", name="Good morning").first.click()
    await page.get_by_role("button", name="Reschedule").wait_for()


async def look_at_editor_preview(page: Page) -> None:
    """The preview of a post in the editor."""
    await page.get_by_label("Title", exact=True).fill("The tram that never comes")
    await page.get_by_label("Text", exact=True).fill(
        "It was due at *eight*.\n\n## Meanwhile\n\nPigeons."
    )
    await page.locator("main.has-preview").wait_for()
    tab = page.get_by_role("tab", name="Preview")
    if await tab.is_visible():  # On a narrow screen it is not beside the text.
        await tab.click()
    await page.locator("#preview").get_by_text("Pigeons.").wait_for()


async def comment_too_late(page: Page) -> None:
    """Comment on a post that is not there any more."""
    await page.evaluate("() => { document.querySelector('.comment-form').action = '/post/999'; }")
    await page.get_by_label("Your comment").fill("I was about to say so.")
    await page.get_by_role("button", name="Comment", exact=True).click()
    await page.get_by_role("heading", name="Page not found").wait_for()


async def send_stale_form(page: Page) -> None:
    """Send a form that belongs to a session that has ended meanwhile."""
    await page.evaluate("() => { document.querySelector('main [name=csrf_token]').value = 'old'; }")
    await page.get_by_label("About me").fill("I was about to say so.")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_role("heading", name="This form has expired").wait_for()


async def make_token(page: Page) -> None:
    """Make an API token, whose secret is shown."""
    await page.get_by_label("Name").fill("Backup at home")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("button", name="Create token").click()
    await page.get_by_role("heading", name="Your new token").wait_for()


async def make_export(page: Page) -> None:
    """Ask for an export, unless there is one, and wait until it is ready."""
    download = page.get_by_role("link", name="Download")
    if not await download.is_visible():
        await page.get_by_role("button", name="Create an export").click()
    await download.wait_for()


async def upload_image(page: Page) -> None:
    """Upload an image, which is listed."""
    photo = encoded(picture(900, 600), "JPEG")
    file = {"name": "tram.jpg", "mimeType": "image/jpeg", "buffer": photo}
    await page.get_by_label("Image", exact=True).set_input_files(file)  # type: ignore[arg-type]
    await page.get_by_label("Alt text").first.fill("Quarters in four colours")
    await page.get_by_label("Caption").first.fill("As a flag")
    await page.get_by_role("button", name="Upload").click()
    await page.get_by_label("Markdown").first.wait_for()


async def publish_undescribed(page: Page) -> None:
    """Publish a post with an image that nobody has described."""
    photo = encoded(picture(640, 400), "JPEG")
    file = {"name": "stop.jpg", "mimeType": "image/jpeg", "buffer": photo}
    await page.get_by_label("Image", exact=True).set_input_files(file)  # type: ignore[arg-type]
    await page.get_by_role("button", name="Upload").click()
    markdown = await page.get_by_label("Markdown").first.input_value()
    await page.goto("/write")
    await page.get_by_label("Title", exact=True).fill("What the stop looks like")
    await page.get_by_label("Text", exact=True).fill(markdown)
    await page.get_by_role("button", name="Publish").click()
    await page.get_by_role("heading", name="Describe your image").wait_for()


async def log_in_again(page: Page) -> None:
    """Send a form after the session has ended, and log in."""
    await page.get_by_label("About me").fill("I was about to say so.")
    await page.context.clear_cookies(name="login")
    await page.get_by_role("button", name="Save").click()
    await page.get_by_label("Email or username").fill(WRITER)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
    await page.get_by_role("heading", name="logged in").wait_for()


async def show_image(page: Page) -> None:
    """Look at a post with an image while it is written."""
    await upload_image(page)
    markdown = await page.get_by_label("Markdown").first.input_value()
    await page.goto("/")
    await page.get_by_label("on your mind").fill(f"Look:\n\n{markdown}\n\nNice.")
    figure = page.get_by_role("region", name="Preview").get_by_role("figure")
    await figure.get_by_text("ALT").click()


class Sight(NamedTuple):
    """Something to look at.

    Attributes:
        who: who sees it; `None` for somebody who is not logged in.
        name: of the picture of it.
        address: where it is; `{comment}` is one that its author may still edit, and the others
            in braces are the links of mails (`sample_site.fill`).
        act: what has to be done there first.
    """

    who: str | None
    name: str
    address: str
    act: Callable[[Page], Awaitable[None]] | None = None


VISITOR = None
# Grouped by user, so that each logs in once.
SIGHTS = [
    Sight(VISITOR, "front", "/"),
    Sight(VISITOR, "page-past-the-end", "/?page=999"),
    Sight(VISITOR, "post-visited", ESSAY),
    Sight(VISITOR, "search-empty", "/search"),
    Sight(VISITOR, "search", "/search?q=tram"),
    Sight(VISITOR, "search-nothing", "/search?q=zeppelin", open_options),
    Sight(VISITOR, "search-comments", "/search?q=find+or+paper+in:comments"),
    Sight(VISITOR, "markdown-post", MARKDOWN_POST),
    Sight(VISITOR, "markdown", "/markdown"),
    Sight(VISITOR, "profile-hostile", f"/user/{HOSTILE}"),
    Sight(VISITOR, "article", ARTICLE_PAGE),
    Sight(VISITOR, "embed", f"/embed/{ARTICLE_PAGE.split('/')[2]}"),
    Sight(VISITOR, "article-preview", f"/preview/{PREVIEW}"),
    Sight(VISITOR, "about", "/about"),
    Sight(VISITOR, "rules", "/rules"),
    Sight(VISITOR, "privacy", "/privacy"),
    Sight(VISITOR, "contact", "/contact"),
    Sight(VISITOR, "status", "/status"),
    Sight(VISITOR, "explore", "/explore"),
    Sight(VISITOR, "explore-newest", "/explore?order=newest"),
    Sight(VISITOR, "explore-discussed", "/explore?order=discussed"),
    Sight(VISITOR, "people", "/people"),
    Sight(VISITOR, "people-newest", "/people?order=newest"),
    Sight(VISITOR, "archive", "/archive"),
    Sight(VISITOR, "archive-month", f"/archive/{now().year}/{now().month}"),
    Sight(VISITOR, "tags", "/tags"),
    Sight(VISITOR, "tags-by-name", "/tags?order=name"),
    Sight(VISITOR, "tag", "/tag/public%20space"),
    Sight(VISITOR, "revisions", REVISIONS),
    Sight(VISITOR, "revisions-first", f"{REVISIONS}/1"),
    Sight(VISITOR, "revisions-hidden", f"{REVISIONS}/2"),
    Sight(VISITOR, "revisions-after-hidden", f"{REVISIONS}/3"),
    Sight(VISITOR, "revisions-changes", f"{REVISIONS}/4"),
    Sight(VISITOR, "revisions-text", f"{REVISIONS}/3/text"),
    Sight(WRITER, "revisions-own", f"{REVISIONS}/3"),
    Sight(WRITER, "revisions-restore", f"{REVISIONS}/1/restore"),
    Sight(WRITER, "article-own", ARTICLE_PAGE),
    Sight(WRITER, "article-scheduled", SCHEDULED_PAGE),
    Sight(VISITOR, "code-hostile", "/post/3"),
    Sight(VISITOR, "table-hostile", "/post/4"),
    Sight(VISITOR, "not-found", "/nowhere"),
    Sight(VISITOR, "post-hidden", HIDDEN_POST),
    Sight(VISITOR, "login", "/auth/login"),
    Sight(VISITOR, "login-refused", "/auth/login", send_empty),
    Sight(VISITOR, "register", "/auth/register"),
    Sight(VISITOR, "register-refused", "/auth/register", send_empty),
    Sight(VISITOR, "reset", "/auth/reset"),
    Sight(VISITOR, "reset-refused", "/auth/reset", send_empty),
    Sight(VISITOR, "unlock", "/auth/unlock"),
    Sight(VISITOR, "reset-link", "{reset}"),
    Sight(VISITOR, "bad-link", "/auth/confirm/wrong"),
    Sight(VISITOR, "subscribe", f"/user/{WRITER}/subscribe"),
    Sight(VISITOR, "subscribe-refused", f"/user/{WRITER}/subscribe", send_empty),
    Sight(VISITOR, "subscribe-link", "{subscribe}"),
    Sight(VISITOR, "unsubscribe-link", "{unsubscribe}"),
    Sight(VISITOR, "unsubscribed", "{unsubscribed}"),
    Sight(VISITOR, "mail-end-comments", "{end_comments}"),
    Sight(VISITOR, "mail-end-digests", "{end_digests}"),
    Sight(VISITOR, "bad-unsubscribe-link", "/subscriptions/unsubscribe/wrong"),
    Sight(VISITOR, "mailbox", "/dev/mailbox"),
    Sight(VISITOR, "appearance-visited", "/appearance"),
    Sight(VISITOR, "language-visited", "/language"),
    Sight(NEWCOMER, "unconfirmed", "/auth/unconfirmed"),
    Sight(NEWCOMER, "home-unconfirmed", "/"),
    Sight(NEWCOMER, "post-unconfirmed", ESSAY),
    Sight(NEWCOMER, "profile-unconfirmed", f"/user/{WRITER}"),
    Sight(NEWCOMER, "edit-profile-unconfirmed", "/edit-profile"),
    Sight(NEWCOMER, "tokens-unconfirmed", "/auth/tokens"),
    Sight(READER, "profile-followed", f"/user/{WRITER}"),
    Sight(READER, "followed", "/followed"),
    Sight(READER, "tag-to-follow", "/tag/public%20space"),
    Sight(READER, "explore-as-member", "/explore"),
    Sight(READER, "people-in-common", "/people"),
    Sight(READER, "mail-settings-stopped", "/auth/notifications"),
    Sight(READER, "notifications-none", "/notifications?unread=1"),
    Sight(READER, "home-collapsed", "/"),
    Sight(READER, "profile-muted", f"/user/{EDITOR}", open_ways_out),
    Sight(READER, "mute-or-block", f"/user/{WRITER}/block"),
    Sight(READER, "muted", "/muted"),
    Sight(READER, "blocked-nobody", "/blocked"),
    Sight(READER, "hidden-words", "/hidden-words"),
    Sight(READER, "hidden-words-refused", "/hidden-words", send_empty),
    # The writer has made a token by then, and isn't asked for a password again.
    Sight(READER, "delete-account-refused", "/auth/delete-account", send_empty),
    Sight(WRITER, "home", "/"),
    Sight(WRITER, "home-refused", "/", send_empty),
    Sight(WRITER, "preview", "/", preview),
    Sight(WRITER, "post", ESSAY),
    Sight(WRITER, "comment-refused", ESSAY, send_empty),
    Sight(WRITER, "comment-too-late", ESSAY, comment_too_late),
    Sight(WRITER, "editor-new", "/write"),
    Sight(WRITER, "editor-preview", "/write", look_at_editor_preview),
    Sight(WRITER, "editor-refused", "/write", publish_nothing),
    Sight(WRITER, "editor-draft", "/write", save_draft),
    Sight(WRITER, "editor-schedule-refused", "/write", schedule_wrongly),
    Sight(WRITER, "editor-scheduled", "/write", open_scheduled),
    Sight(WRITER, "editor-changes", ESSAY.replace("post", "edit"), save_changes),
    Sight(WRITER, "editor-cover", f"{ESSAY.replace('post', 'edit')}/cover"),
    Sight(WRITER, "search-own", "/search?q=waiting"),
    Sight(WRITER, "drafts", "/drafts"),
    Sight(WRITER, "drafts-none", "/drafts?q=nothing"),
    Sight(WRITER, "bookmarks", "/bookmarks"),
    Sight(WRITER, "notifications", "/notifications"),
    Sight(WRITER, "bookmarks-folder", "/bookmarks?folder=1"),
    Sight(WRITER, "bookmarks-search", "/bookmarks?q=nothing"),
    Sight(WRITER, "likes", f"{ESSAY}/likes"),
    Sight(WRITER, "comment-likes", "/comment/1/likes"),
    Sight(WRITER, "edit", ESSAY.replace("post", "edit")),
    Sight(WRITER, "edit-conflict", ESSAY.replace("post", "edit"), meet_another_editor),
    Sight(WRITER, "delete", ESSAY.replace("post", "delete")),
    Sight(WRITER, "comment-remove", "/comment/1/remove"),
    Sight(WRITER, "post-reply", f"{ESSAY}?reply_to=1"),
    Sight(WRITER, "comment-edit", "/comment/{comment}/edit"),
    Sight(WRITER, "comment-delete", "/comment/{comment}/delete"),
    Sight(WRITER, "profile", f"/user/{WRITER}"),
    Sight(WRITER, "followers", f"/followers/{WRITER}"),
    Sight(WRITER, "followed-by-nobody", f"/followed_by/{WRITER}"),
    Sight(WRITER, "edit-profile", "/edit-profile"),
    Sight(WRITER, "images-none", "/media/"),
    Sight(WRITER, "images-refused", "/media/", send_empty),
    Sight(WRITER, "images", "/media/", upload_image),
    Sight(WRITER, "image-shown", "/media/", show_image),
    Sight(WRITER, "alt-texts", "/media/", publish_undescribed),
    Sight(WRITER, "import", "/import"),
    Sight(WRITER, "import-refused", "/import", send_empty),
    Sight(WRITER, "import-checked", "/import", check_import),
    Sight(WRITER, "import-done", "/import", confirm_import),
    Sight(WRITER, "import-failed", "/import", fail_import),
    Sight(WRITER, "sessions", "/auth/sessions"),
    Sight(WRITER, "appearance", "/appearance"),
    Sight(WRITER, "language", "/language"),
    Sight(WRITER, "change-password", "/auth/change-password"),
    Sight(WRITER, "change-password-refused", "/auth/change-password", send_empty),
    Sight(WRITER, "change-email", "/auth/change_email"),
    Sight(WRITER, "change-email-refused", "/auth/change_email", send_empty),
    Sight(WRITER, "change-email-link", "{change_email}"),
    Sight(WRITER, "mail-settings", "/auth/notifications"),
    Sight(WRITER, "stale-form", "/edit-profile", send_stale_form),
    Sight(WRITER, "logged-in-again", "/edit-profile", log_in_again),
    Sight(WRITER, "confirm-identity", "/auth/confirm-identity"),
    Sight(WRITER, "confirm-identity-refused", "/auth/confirm-identity", send_empty),
    Sight(WRITER, "two-factor", "/auth/two-factor"),
    Sight(WRITER, "two-factor-app", "/auth/two-factor/app"),
    Sight(WRITER, "two-factor-app-refused", "/auth/two-factor/app", send_empty),
    Sight(WRITER, "connected-accounts", "/auth/openid"),
    Sight(WRITER, "passkeys", "/auth/passkeys"),
    Sight(WRITER, "passkey-new", "/auth/passkeys/new"),
    Sight(WRITER, "tokens", "/auth/tokens"),
    Sight(WRITER, "token-refused", "/auth/tokens", send_empty),
    Sight(WRITER, "token", "/auth/tokens", make_token),
    Sight(WRITER, "export", "/auth/export"),
    Sight(WRITER, "export-ready", "/auth/export", make_export),
    Sight(WRITER, "delete-account", "/auth/delete-account"),
    Sight(WRITER, "delete-account-link", "{delete_account}"),
    Sight(WRITER, "report", "/report/post/1"),
    Sight(WRITER, "report-refused", "/report/post/1", send_empty),
    Sight(WRITER, "report-comment", "/report/comment/1"),
    Sight(HOSTILE, "post-hidden-own", HIDDEN_POST),
    Sight(HOSTILE, "profile-own-hidden", f"/user/{HOSTILE}"),
    Sight(EDITOR, "post-moderated", ESSAY),
    Sight(EDITOR, "dashboard", "/admin"),
    Sight(EDITOR, "dashboard-year", "/admin?days=365"),
    Sight(WRITER, "views", "/views"),
    Sight(WRITER, "views-of-post", f"{REVISIONS.removesuffix('revisions')}views"),
    Sight(EDITOR, "users", "/admin/users"),
    Sight(EDITOR, "user", "/edit-profile/1"),
    Sight(EDITOR, "user-refused", "/edit-profile/1", send_empty),
    Sight(EDITOR, "user-role", "/admin/users/2/role"),
    Sight(EDITOR, "user-disable", "/admin/users/2/disable"),
    Sight(EDITOR, "user-disable-refused", "/admin/users/2/disable", send_empty),
    Sight(EDITOR, "audit", "/admin/audit"),
    Sight(EDITOR, "settings", "/admin/settings"),
    Sight(EDITOR, "applications", "/admin/applications"),
    Sight(EDITOR, "application-refuse", "/admin/applications/8/refuse"),
    Sight(EDITOR, "invitations-tree", "/moderate/invitations"),
    Sight(WRITER, "invitations", "/invitations"),
    Sight(EDITOR, "mail", "/admin/mail"),
    Sight(EDITOR, "jobs", "/admin/jobs"),
    Sight(EDITOR, "jobs-scheduled", "/admin/jobs?state=scheduled"),
    Sight(EDITOR, "moderate", "/moderate"),
    Sight(EDITOR, "review", "/moderate/review"),
    Sight(EDITOR, "waves", "/moderate/waves"),
    Sight(EDITOR, "wave", "/moderate/waves/1"),
    Sight(WRITER, "waiting-edit", "/waiting/2"),
    Sight(EDITOR, "review-rules", "/moderate/review/rules"),
    Sight(EDITOR, "review-refuse", "/moderate/review/1/refuse"),
    Sight(WRITER, "waiting", "/waiting"),
    Sight(EDITOR, "moderation-log", "/moderation/log"),
    Sight(EDITOR, "transparency-report", f"/moderation/report/{now().year}"),
    Sight(EDITOR, "person-moderated", "/moderate/people/2"),
    Sight(EDITOR, "measure-preview", "/moderate/people/2", preview_measure),
    Sight(EDITOR, "appeals", "/moderate/appeals"),
    Sight(EDITOR, "appeal-of-own-measure", "/moderate/appeals/1"),
    Sight(EDITOR, "lift", "/moderate/measures/1/lift"),
    Sight(WRITER, "measures", "/auth/measures"),
    Sight(VISITOR, "appeal-asked", "/appeal"),
    Sight(VISITOR, "appeal", "{appeal}"),
    Sight(EDITOR, "reports", "/moderate/reports"),
    Sight(EDITOR, "reports-closed", "/moderate/reports/closed"),
    Sight(EDITOR, "report-handled", "/moderate/reports/1"),
    Sight(EDITOR, "answers", "/admin/answers"),
    Sight(EDITOR, "answer", "/admin/answers/1"),
    Sight(EDITOR, "posts-hidden", "/moderate/posts"),
    Sight(EDITOR, "tag-moderated", "/tag/public%20space"),
    Sight(EDITOR, "tags-blocked", "/moderate/tags"),
    Sight(EDITOR, "tag-merge", "/moderate/tags/trams/merge"),
    Sight(EDITOR, "tag-rename-refused", "/moderate/tags/trams/rename", send_empty),
    Sight(EDITOR, "disable", "/moderate/disable/1"),
    Sight(EDITOR, "disable-refused", "/moderate/disable/1", send_empty),
    Sight(EDITOR, "enable", "/moderate/enable/4"),
    Sight(EDITOR, "hide", "/moderate/hide/2"),
    Sight(EDITOR, "revisions-moderated", f"{REVISIONS}/2"),
    Sight(EDITOR, "revisions-hide", f"/moderate{REVISIONS}/1/hide"),
]


async def each_page(
    open_window: Callable[[], Awaitable[Page]],
    links: Mapping[str, str],
    wanted: Callable[[str], bool] = lambda _name: True,
) -> AsyncIterator[tuple[str, Page]]:
    """Go to every page, one after the other, as somebody who may see it.

    Args:
        open_window: opens a window that nobody has logged in with.
        links: the links of mails, by name.
        wanted: whether to go to the page with this name.

    Yields:
        The name of what is seen, and the window that shows it.
    """
    sights = [sight for sight in SIGHTS if wanted(sight.name)]
    for who, his in groupby(sights, key=lambda sight: sight.who):
        page, places = await open_window(), dict(links)
        if who is not None:
            await log_in(page, who)
        for sight in his:
            if "{comment}" in sight.address and "comment" not in places:
                places["comment"] = await write_comment(page)
            await page.goto(sight.address.format_map(places))
            if sight.act is not None:
                await sight.act(page)
            yield sight.name, page
        await page.close()


async def write_comment(page: Page) -> str:
    """Comment on the first post; the id of the comment."""
    await page.goto("/post/1")
    await page.get_by_label("Your comment").fill("A word of __mine__.")
    await page.get_by_role("button", name="Comment", exact=True).click()
    await page.wait_for_url("**#comment-*")
    return page.url.rpartition("-")[2]
