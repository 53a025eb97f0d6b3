"""The mailbox of a development site."""

import asyncio
import re
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from blog import create_app
from blog.core.web.app import Broadside
from blog.mail.worker import MailWorker
from settings import Settings
from tests.support import PASSWORD, Browser

FORM = {
    "email": "anna@example.com",
    "username": "anna",
    "password": PASSWORD,
    "password2": PASSWORD,
}


@pytest.fixture
async def development(
    app: Broadside, make_settings: Callable[..., Settings], tmp_path: Path
) -> AsyncIterator[Broadside]:
    """A development site, with its worker."""
    settings = make_settings(env="development", background_worker="internal", var_dir=tmp_path)
    started = create_app(settings)
    started.passwords = app.passwords
    async with started.test_app():
        yield started


@pytest.fixture
async def visitor(development: Broadside) -> AsyncIterator[Browser]:
    async with Browser(development) as visitor:
        yield visitor


async def letters(browser: Browser, number: int = 1) -> list[str]:
    """The addresses of the mails in the mailbox, once there are so many."""
    async with asyncio.timeout(10):
        while True:
            page = await browser.get("/dev/mailbox")
            found = re.findall(r'href="(/dev/mailbox/[^"]+)"', page.text)
            if len(found) >= number:
                return found
            await asyncio.sleep(0.02)


async def test_a_mail_is_shown_as_text_as_html_and_as_source(
    development: Broadside, visitor: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "No mail yet" in (await visitor.get("/dev/mailbox")).text
    await visitor.submit("/auth/register", FORM)
    (letter,) = await letters(visitor)

    page = (await visitor.get(letter)).text
    assert "Confirm your email address" in page
    assert "Message-ID: &lt;" in page
    assert f'src="{letter}/html"' in page
    assert 'sandbox="allow-top-navigation-by-user-activation"' in page
    link = re.search(r'<a href="(https://blog.test/auth/confirm/[^"]+)"', page)
    assert link
    confirmed = await visitor.get(link[1], follow_redirects=True)
    assert confirmed.status_code == 200

    html = await visitor.get(letter + "/html")
    policy = html.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "allow-scripts" not in policy
    assert "frame-ancestors 'self'" in policy
    assert html.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert '<base target="_top">' in html.text

    shown = capsys.readouterr().out
    assert "To: anna@example.com" in shown
    assert link[1] in shown


async def test_nobody_else_on_the_machine_can_read_the_mailbox(
    development: Broadside, visitor: Browser
) -> None:
    await visitor.submit("/auth/register", FORM)
    await letters(visitor)
    folder = development.settings.mailbox_folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()] == [0o600]


async def test_the_newest_mail_comes_first(visitor: Browser) -> None:
    await visitor.submit("/auth/register", FORM)
    (first,) = await letters(visitor)
    visitor.cookies.clear()  # Registering logs in.
    await visitor.submit("/auth/register", FORM | {"email": "b@example.com", "username": "bob"})
    newest, oldest = await letters(visitor, 2)
    assert oldest == first != newest


@pytest.mark.parametrize("name", ["nothing", "..%2fsecret_key", "secret_key", "20260101T000000"])
async def test_a_name_that_is_not_in_the_mailbox_is_not_found(name: str, visitor: Browser) -> None:
    assert (await visitor.get(f"/dev/mailbox/{name}")).status_code == 404
    assert (await visitor.get(f"/dev/mailbox/{name}/html")).status_code == 404


@pytest.mark.parametrize(
    ("client", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("192.168.1.7", {}, 404),
        ("2001:db8::7", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "192.168.1.7"}, 404),
    ],
)
async def test_the_network_does_not_get_at_the_mailbox(
    client: str, headers: dict[str, str], status: int, development: Broadside
) -> None:
    transport = httpx.ASGITransport(development, client=(client, 5))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="https://blog.test") as visitor:
        for address in ("/dev/mailbox", "/dev/mailbox/20260101T000000"):
            answer = await visitor.get(address, headers=headers)
            assert answer.status_code == (status if address == "/dev/mailbox" else 404)


@pytest.mark.parametrize("env", ["testing", "production"])
async def test_there_is_no_mailbox_outside_development(
    env: str, make_settings: Callable[..., Settings]
) -> None:
    other = create_app(make_settings(env=env))
    assert "mailbox" not in other.blueprints


async def test_in_production_without_a_server_mail_waits(
    app: Broadside, make_settings: Callable[..., Settings]
) -> None:
    started = create_app(make_settings(env="production", background_worker="internal"))
    async with started.test_app():
        worker = MailWorker(started.database, started.settings)
        await worker.start()
        assert not worker.is_running
