"""Secrets stay out of logs."""

import logging

import pytest

from blog.core.web.app import Broadside
from tests.support import Browser, link_in, outbox

FIRST, WRONG, SECOND, THIRD = (
    "the first password", "the mistaken password", "the second password", "the third password",
)  # fmt: skip


async def test_no_password_and_no_token_is_logged(
    app: Broadside, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="httpx")  # the visitor, not the site
    caplog.set_level(logging.INFO)
    person = {"email": "david@example.com", "username": "david"}
    await browser.submit("/auth/register", person | {"password": FIRST, "password2": FIRST})
    secrets = {FIRST, WRONG, SECOND, THIRD}

    async def follow_mail() -> str:
        link = link_in((await outbox(app))[-1])
        secrets.add(link.rpartition("/")[2])
        await browser.get(link)
        await browser.get(link[:-3])
        return link

    await follow_mail()
    await browser.submit("/auth/logout", page="/auth/sessions")
    for password in (WRONG, FIRST):
        await browser.submit("/auth/login", {"email": "david", "password": password})
    secrets.add(browser.cookies["__Host-login"])
    for old in (WRONG, FIRST):
        form = {"old_password": old, "password": SECOND, "password2": SECOND}
        await browser.submit("/auth/change-password", form)
    secrets.add(browser.cookies["__Host-login"])
    await browser.submit("/auth/change_email", {"email": "new@example.com", "password": SECOND})
    await browser.submit(await follow_mail())
    await browser.submit("/auth/reset", {"email": "new@example.com"})
    answer = await browser.submit(await follow_mail(), {"password": THIRD, "password2": THIRD})

    assert answer.headers["location"] == "/auth/login"
    assert "/auth/reset" in caplog.text
    assert [secret for secret in secrets if secret in caplog.text] == []
