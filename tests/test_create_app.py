"""Two applications with different settings in one process share nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from blog import create_app
from blog.core.web.app import Broadside
from settings import Settings
from tests.databases import create_database, drop_database
from tests.support import PASSWORD, Browser, add_user, outbox


@pytest.fixture
async def other_app(
    make_settings: Callable[..., Settings], database_url: str, tmp_path: Path
) -> AsyncIterator[Broadside]:
    """A second application, which differs in all that a setting decides."""
    other = create_app(
        make_settings(
            env="development",
            secret_key="another key",
            database_url=await create_database(database_url, "other"),
            var_dir=tmp_path,
            site_name="The Other Site",
            base_url="http://other.test",
            allowed_hosts="blog.test",
            mail_subject_prefix="[Other] ",
        )
    )
    async with other.test_app():
        yield other
    await drop_database(database_url, "other")


def form(username: str) -> dict[str, str]:
    """What registers somebody."""
    return {
        "email": f"{username}@example.com",
        "username": username,
        "password": PASSWORD,
        "password2": PASSWORD,
    }


async def test_each_has_its_own_name_database_and_mail(
    app: Broadside, other_app: Broadside
) -> None:
    async with Browser(app) as here, Browser(other_app) as there:
        pages = await asyncio.gather(here.get("/"), there.get("/"))
        assert ["The Other Site" in page.text for page in pages] == [False, True]

        answers = await asyncio.gather(
            here.submit("/auth/register", form("susan")),
            there.submit("/auth/register", form("susan")),
        )
        assert [answer.status_code for answer in answers] == [302, 302]
    (mail,), (other_mail,) = await outbox(app), await outbox(other_app)
    assert mail.subject.startswith("[Broadside] ")
    assert "https://blog.test/auth/confirm/" in mail.text
    assert other_mail.subject.startswith("[Other] ")
    assert "http://other.test/auth/confirm/" in other_mail.text


async def test_a_login_at_one_application_is_not_valid_at_another(
    app: Broadside, other_app: Broadside
) -> None:
    await asyncio.gather(add_user(app, "susan"), add_user(other_app, "susan"))
    async with Browser(app) as here, Browser(other_app) as there:
        await here.log_in("susan")
        cookies = dict(here.cookies)
        assert "__Host-login" in cookies
        # The same values under the names that the other one reads.
        for name, signed in cookies.items():
            there.cookies.set(name.removeprefix("__Host-"), signed)
        assert "Log in" in (await there.get("/")).text
        assert "Log out" in (await here.get("/")).text


async def test_a_link_of_one_does_not_work_at_the_other(
    app: Broadside, other_app: Broadside
) -> None:
    assert app.secret_key != other_app.secret_key
    async with Browser(app) as here, Browser(other_app) as there:
        await here.submit("/auth/register", form("susan"))
        await there.submit("/auth/register", form("susan"))
        (mail,) = await outbox(app)
        path = "/" + mail.text.split("https://blog.test/")[1].split()[0]
        assert (
            "Your address is confirmed" not in (await there.get(path, follow_redirects=True)).text
        )
