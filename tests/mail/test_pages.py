"""The outbox as an administrator sees it, on the site and on the command line."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from blog.core.web.app import Broadside
from blog.models import User
from tests.mail.conftest import InState, Put, Working
from tests.mail.smtp import Inbox
from tests.servers import Program, run, settings_of
from tests.support import Browser, outbox


@pytest.fixture
async def root(make_user: Callable[..., Awaitable[User]], browser: Browser) -> Browser:
    """The browser of an administrator."""
    await make_user("root", role="Administrator")
    await browser.log_in("root")
    return browser


async def test_an_administrator_sees_what_failed_and_sends_it_again(
    root: Browser, put: Put, app: Broadside
) -> None:
    await put("waiting@example.com")
    failed = await put(
        "nobody@example.com", state="failed", attempts=3, last_error="550 <No> such person"
    )
    assert failed
    page = (await root.get("/admin/mail")).text
    assert "nobody@example.com" in page
    assert "550 &lt;No&gt; such person" in page
    assert "waiting@example.com" not in page

    action = f"/admin/mail/{failed.id}/retry"
    answer = await root.submit(action, page="/admin/mail")
    assert (answer.status_code, answer.headers["location"]) == (302, "/admin/mail")
    assert "will be sent again" in (await root.get("/admin/mail")).text
    assert {(email.state, email.attempts) for email in await outbox(app)} == {("queued", 0)}


async def test_all_that_failed_is_sent_again_at_once(
    root: Browser, put: Put, working: Working, inbox: Inbox
) -> None:
    for name in ("anna", "susan"):
        await put(f"{name}@example.com", state="failed", attempts=9, last_error="451 no")
    async with working():
        await root.submit("/admin/mail/retry", page="/admin/mail")
        await inbox.holds(2)


async def test_a_mail_that_was_sent_cannot_be_sent_again(
    root: Browser, put: Put, app: Broadside
) -> None:
    await put("failed@example.com", state="failed")
    sent = await put("anna@example.com", state="sent", text="", html="")
    assert sent
    await root.submit(f"/admin/mail/{sent.id}/retry", page="/admin/mail")
    assert "failed, or no longer exists" in (await root.get("/admin/mail")).text
    assert [email.state for email in await outbox(app)] == ["failed", "sent"]


async def test_nobody_else_sees_the_outbox(
    browser: Browser, susans_browser: Browser, make_user: Callable[..., Awaitable[User]]
) -> None:
    answer = await browser.get("/admin/mail")
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/auth/login")
    assert (await susans_browser.get("/admin/mail")).status_code == 403
    refused = await susans_browser.submit("/admin/mail/retry", page="/")
    assert refused.status_code == 403


@pytest.mark.live
async def test_a_worker_without_a_mail_server_says_so(tmp_path: Path, database_url: str) -> None:
    settings = settings_of(
        tmp_path, env="production", base_url="https://blog.test", database_url=database_url
    )
    worker = await Program.quickly_start("blog", "worker", environment=settings)
    try:
        await worker.printed("Not sending mail until Ctrl-C.")
        assert await worker.stop() == 0
    finally:
        await worker.kill()


@pytest.mark.live
async def test_the_command_line_shows_and_retries(
    put: Put, app: Broadside, database_url: str, tmp_path: Path, in_state: InState
) -> None:
    await put("waiting@example.com")
    failed = await put("nobody@example.com", state="failed", last_error="550 No")
    assert failed

    async def blog(*arguments: str) -> tuple[int, str]:
        return await run(tmp_path, "blog", "mail", *arguments, database_url=database_url)

    code, printed = await blog("status")
    assert code == 0
    assert [line.split()[:2] for line in printed.splitlines()] == [
        ["queued", "1"], ["sending", "0"], ["sent", "0"], ["failed", "1"],
    ]  # fmt: skip
    code, printed = await blog("list", "--failed")
    assert printed.split("\t")[0] == str(failed.id)
    assert "550 No" in printed
    assert await blog("retry", str(failed.id)) == (0, "1 email will be sent again.\n")
    assert len(await in_state("queued", 2)) == 2
