"""No accepted mail is lost when workers or the mail server are killed, and no request waits."""

import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from blog.core.web.app import Broadside
from blog.mail import outbox
from tests.mail.conftest import LINK, InState, Working
from tests.mail.crashes import run_with_crashes
from tests.mail.smtp import Inbox
from tests.support import PASSWORD, Browser

pytestmark = pytest.mark.live


async def test_no_message_is_lost_when_workers_and_the_mail_server_are_killed(
    app: Broadside, database_url: str, tmp_path: Path, in_state: InState
) -> None:
    async def write(address: str, commit: bool) -> None:
        async with app.app_context(), app.database.session() as session:
            user = SimpleNamespace(username="anna")
            await outbox.put(session, to=address, message="confirm", user=user, link=LINK)
            await (session.commit() if commit else session.rollback())

    async def all_sent() -> None:
        await in_state("sent", 1000, seconds=120)

    figures = await run_with_crashes(
        tmp_path, database_url, write, all_sent, messages=1000, kills=20, outages=1
    )
    print(  # noqa: T201
        f"1,000 messages in {figures.seconds:.0f} s, 20 kills: {figures.twice} arrived twice"
    )
    assert figures.lost == []
    assert figures.unwanted == []
    assert figures.strangers == []


async def test_a_slow_mail_server_slows_no_registration(
    app: Broadside, browser: Browser, working: Working, inbox: Inbox
) -> None:
    number = 0

    async def register() -> float:
        nonlocal number
        number += 1
        form = {
            "email": f"anna{number}@example.com",
            "username": f"anna{number}",
            "password": PASSWORD,
            "password2": PASSWORD,
        }
        browser.cookies.clear()  # Registering logs in.
        token = await browser.token("/auth/register")
        start = time.perf_counter()
        answer = await browser.post("/auth/register", data=form | {"csrf_token": token})
        assert answer.status_code == 302
        return time.perf_counter() - start

    async def median() -> float:
        return sorted([await register() for _ in range(9)])[4]

    await register()
    async with working(mail_timeout=30):
        fast = await median()
    inbox.answer_seconds = 5
    async with working(mail_timeout=30) as worker:
        slow = await median()
        worker._stop_seconds = 0
    print(f"registering with a slow mail server: {slow / fast:.2f} times as long")  # noqa: T201
    assert slow < max(fast * 3, inbox.answer_seconds / 5)
