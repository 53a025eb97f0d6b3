"""Registering and confirming."""

import asyncio

from blog.web.app import Broadside
from tests.support import PASSWORD, Browser, link_in, outbox

FORM = {
    "email": "Susan@Example.com",
    "username": "susan",
    "password": PASSWORD,
    "password2": PASSWORD,
}


async def test_a_stranger_becomes_a_writer(app: Broadside, browser: Browser) -> None:
    answer = await browser.submit("/auth/register", FORM)
    assert (answer.status_code, answer.headers["location"]) == (302, "/auth/login")

    (mail,) = await outbox(app)
    assert mail.recipient == "susan@example.com"
    await browser.log_in("susan@example.com")
    assert (await browser.get("/")).headers["location"] == "/auth/unconfirmed"

    confirmed = await browser.get(link_in(mail), follow_redirects=True)
    assert "Your address is confirmed" in confirmed.text

    written = await browser.submit("/", {"body": "Hello *world*"})
    assert written.status_code == 302
    assert "Hello <em>world</em>" in (await browser.get("/")).text


async def test_of_two_simultaneous_registrations_one_is_told_that_the_name_is_taken(
    app: Broadside,
) -> None:
    async with Browser(app) as one, Browser(app) as other:
        answers = await asyncio.gather(
            one.submit("/auth/register", FORM),
            other.submit("/auth/register", FORM | {"username": "SUSAN", "email": "s2@example.com"}),
        )
    assert sorted(answer.status_code for answer in answers) == [302, 422]
    refused = next(answer for answer in answers if answer.status_code == 422)
    assert "This name is taken" in refused.text
    assert len(await outbox(app)) == 1
