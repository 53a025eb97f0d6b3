"""`blog user …`"""

import asyncio
import json
import os
import pty
import re
from collections.abc import Awaitable, Callable

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.admin.schemas import PeopleSearch
from blog.cli import main
from blog.cli.users import print_users
from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import AuditEntry, User
from tests.accounts.second_factors import add_phone, send_password
from tests.cli.conftest import Command
from tests.servers import PROGRAMS, settings_of
from tests.support import PASSWORD, Browser, NewUser, add_users, link_in, outbox

DAVID = ("user", "create", "david", "David@Example.com")
TYPED, MADE_UP = "--password-stdin", "--generate-password"


async def deeds(db: AsyncSession) -> list[tuple[str, str, str, object]]:
    """What the audit log has, the oldest first."""
    entries = await db.scalars(select(AuditEntry).order_by(AuditEntry.id))
    return [(each.actor_name, each.act, each.subject_name, each.details) for each in entries]


async def test_a_created_account_is_confirmed_and_can_log_in(
    blog: Command, browser: Browser, db: AsyncSession
) -> None:
    command = (*DAVID, "--role", "Moderator", "--password-stdin")
    answer = await blog(*command, typed=f" {PASSWORD}\n")
    assert answer == (0, "Created david, as Moderator.\n")
    person = await db.scalar(select(User).options(joinedload(User.role)))
    assert person
    assert (person.email, person.role.name) == ("david@example.com", "Moderator")
    assert person.is_confirmed
    await browser.log_in("david", f" {PASSWORD}")
    expected = ("(command line)", "create account", "david", {"role": "Moderator"})
    assert await deeds(db) == [expected]


async def test_a_generated_password_is_printed_once_and_works(
    blog: Command, browser: Browser, app: Broadside
) -> None:
    code, output = await blog(*DAVID, "--generate-password")
    assert code == 0, output
    password = re.fullmatch(r"Created david, as User\.\nPassword: (\S{16})\n", output)
    assert password
    await browser.log_in("david", password[1])
    assert await outbox(app) == []


async def test_at_a_terminal_the_password_is_asked_for_twice_and_not_shown(
    app: Broadside, database_url: str, browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    environment = settings_of(tmp_path_factory.mktemp("var"), database_url=database_url)
    master, terminal = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        PROGRAMS / "blog", *DAVID, env=environment, cwd=environment["VAR_DIR"],
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True,
    )  # fmt: skip
    os.close(terminal)
    shown = b""
    for prompt in (b"Password: ", b"Repeat: "):
        while not shown.endswith(prompt):
            shown += await asyncio.to_thread(os.read, master, 1000)
        os.write(master, PASSWORD.encode() + b"\n")
    assert await process.wait() == 0
    shown += os.read(master, 1000)
    os.close(master)
    assert b"Created david" in shown
    assert PASSWORD.encode() not in shown
    await browser.log_in("david")


@pytest.mark.parametrize(
    ("words", "typed", "message"),
    [
        (DAVID, None, f"without a terminal use {TYPED} or {MADE_UP}"),
        ((*DAVID, TYPED, MADE_UP), "", "excludes"),
        ((*DAVID, TYPED), "short", "password: Please use at least 8 characters."),
        ((*DAVID, TYPED), "", "password: Please fill in this field."),
        (("user", "create", "1david", "nowhere", MADE_UP), None, "username: Use only letters"),
        (("user", "create", "david"), None, "Missing argument 'EMAIL'"),
    ],
)
def test_invalid_account_data_is_a_usage_error(
    words: tuple[str, ...], typed: str | None, message: str
) -> None:
    # It is found out before the site is opened, so that a process of its own would prove no more.
    result = CliRunner().invoke(main, words, input=typed)
    assert result.exit_code == 2
    assert message in result.output.splitlines()[-1]


async def test_a_refusal_by_the_site_is_one_line(
    blog: Command, susan: User, make_user: Callable[..., Awaitable[User]]
) -> None:
    await make_user("boss", role="Administrator")
    cases = {
        ("create", "Susan", "x@example.com", MADE_UP): "This username is taken. Please choose",
        ("create", "x", "Susan@example.com", MADE_UP): "There's already an account",
        ("promote", "susan", "--role", "King"): "There's no role called King.",
        ("disable", "boss"): "This is the only administrator.",
        ("reset-password", "nobody"): "there's no user nobody",
    }
    results = await asyncio.gather(*(blog("user", *words) for words in cases))
    for message, (code, output) in zip(cases.values(), results, strict=True):
        assert (code, output.count("\n")) == (1, 1), output
        assert output.startswith(f"Error: {message}")


async def test_a_disabled_person_is_shut_out_until_enabled(
    blog: Command, susans_browser: Browser, db: AsyncSession
) -> None:
    answer = await blog("user", "disable", "SUSAN@example.com", "--reason", "spam")
    assert answer == (0, "susan is now disabled and logged out everywhere.\n")
    page = await susans_browser.get("/auth/sessions")
    assert page.headers["location"].startswith("/auth/login")
    assert await blog("user", "enable", "susan") == (0, "susan can log in again.\n")
    await susans_browser.log_in("susan")
    assert await deeds(db) == [
        ("(command line)", "disable account", "susan", {"reason": "spam"}),
        ("(command line)", "enable account", "susan", {}),
    ]


async def test_a_link_for_a_new_password_goes_by_mail_or_is_printed(
    blog: Command, app: Broadside, susan: User, browser: Browser, db: AsyncSession
) -> None:
    code, output = await blog("user", "reset-password", "susan")
    expected = "Sending susan a link to reset their password, to susan@example.com.\n"
    assert (code, output) == (0, expected)
    (mail,) = await outbox(app)
    assert (mail.recipient, mail.purpose) == ("susan@example.com", "reset_password")

    code, output = await blog("user", "reset-password", "susan", "--print-link")
    assert code == 0
    assert output.startswith(app.settings.base_url + "/auth/reset/")
    for link in (output.strip().removeprefix(app.settings.base_url), link_in(mail)):
        assert (await browser.get(link)).status_code == 200
    await browser.submit(link, {"password": "another password", "password2": "another password"})
    await browser.log_in("susan", "another password")
    acts = [act for _, act, _, _ in await deeds(db)]
    assert acts == ["send link for a new password", "show link for a new password"]


async def test_a_disabled_user_gets_no_password_link(
    blog: Command, app: Broadside, susan: User
) -> None:
    await blog("user", "disable", "susan")
    mails = len(await outbox(app))
    refused = "Error: susan is disabled and couldn't log in: run blog user enable first\n"
    for options in ([], ["--print-link"]):
        assert await blog("user", "reset-password", "susan", *options) == (1, refused)
    assert len(await outbox(app)) == mails


@pytest.mark.parametrize(
    ("options", "role"), [([], "Administrator"), (["--role", "Moderator"], "Moderator")]
)
async def test_an_address_of_the_administrators_gets_their_role_unless_another_is_given(
    blog: Command, options: list[str], role: str
) -> None:
    code, output = await blog(
        *DAVID, *options, "--generate-password", admin_email="david@example.com"
    )
    assert code == 0, output
    assert output.startswith(f"Created david, as {role}.\n")


async def test_users_are_listed_for_people_and_for_programs(
    blog: Command, make_user: Callable[..., Awaitable[User]]
) -> None:
    await make_user("susan")
    await make_user("susette", confirmed=False)
    await make_user("boss", role="Administrator")
    code, output = await blog("user", "list")
    assert code == 0, output
    lines = [line.split("\t") for line in output.splitlines()]
    today = f"{now():%Y-%m-%d}"
    assert lines == [
        ["boss", "boss@example.com", "Administrator", "active", today, today],
        ["susan", "susan@example.com", "User", "active", today, today],
        ["susette", "susette@example.com", "User", "unconfirmed", today, today],
    ]
    _, output = await blog("user", "list", "SUS", "--state", "active", "--json")
    (found,) = map(json.loads, output.splitlines())
    assert found.items() >= {"username": "susan", "role": "User", "posts": 0}.items()
    _, output = await blog("user", "list", "--role", "Administrator")
    assert output.startswith("boss\t")
    code, output = await blog("user", "list", "--role", "King")
    assert (code, "there's no role King" in output) == (2, True)


async def test_a_list_of_users_is_longer_than_what_is_read_at_once(
    app: Broadside, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await add_users(app, *(NewUser(f"person{number}") for number in range(7)))
    monkeypatch.setattr("blog.cli.users.AT_ONCE", 3)
    await print_users(app, PeopleSearch(), None, as_json=False)
    names = [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()]
    assert names == [f"person{number}" for number in range(7)]


async def test_a_deleted_account_is_gone_at_once_and_in_the_audit_log(
    blog: Command, susans_browser: Browser, db: AsyncSession, app: Broadside
) -> None:
    await susans_browser.submit("/", {"body": "Susan was here"})
    code, output = await blog("user", "delete", "susan", typed="n\n")
    assert (code, "Aborted" in output) == (1, True)
    assert "with 1 public post" in output
    assert (await susans_browser.get("/auth/sessions")).status_code == 200

    answer = await blog("user", "delete", "susan", "--yes", "--reason", "by her wish")
    assert answer == (0, "susan is deleted. What belonged to the account is being removed.\n")
    async with Browser(app) as reader:
        assert (await reader.get("/user/susan")).status_code == 404
        assert "Susan was here" not in (await reader.get("/")).text
    page = await susans_browser.get("/auth/sessions")
    assert page.headers["location"].startswith("/auth/login")
    assert await deeds(db) == [
        ("(command line)", "delete account", "susan", {"reason": "by her wish"})
    ]


async def test_a_lost_second_factor_is_removed_after_a_question_and_in_the_audit_log(
    blog: Command, app: Broadside, susan: User, browser: Browser, db: AsyncSession
) -> None:
    await add_phone(app, susan)
    code, output = await blog("user", "reset-second-factor", "susan", typed="n\n")
    assert (code, "with the password alone?" in output) == (1, True)
    await send_password(browser)
    answer = await blog("user", "reset-second-factor", "susan", "--yes")
    assert answer == (0, "susan can log in with the password alone.\n")
    await browser.log_in("susan")
    assert await deeds(db) == [("(command line)", "reset second factor", "susan", {})]
    assert "removed all second factors" in (await outbox(app))[-1].text
    answer = await blog("user", "reset-second-factor", "susan", "--yes")
    assert answer == (0, "susan has no second factor.\n")


async def test_the_last_administrator_stays(
    blog: Command, make_user: Callable[..., Awaitable[User]]
) -> None:
    await make_user("boss", role="Administrator")
    code, output = await blog("user", "delete", "boss", "--yes")
    assert (code, output.startswith("Error: This is the only administrator.")) == (1, True)
