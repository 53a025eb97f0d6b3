"""The tables of the documentation match the code."""

import re
from pathlib import Path

import click

from blog.accounts import login_attempts as attempts
from blog.accounts.email import service as email_service
from blog.cli import main
from blog.core.api import limits
from blog.core.auth import quotas
from blog.core.web.rate_limits import Quota
from blog.mail import outbox
from settings import Settings

PROJECT = Path(__file__).parents[1]
OPERATING = (PROJECT / "docs" / "operating.md").read_text()
SECURITY = (PROJECT / "docs" / "security.md").read_text()
SETTINGS = (PROJECT / "docs" / "settings.md").read_text()


def test_the_table_has_every_setting_and_no_other() -> None:
    table = SETTINGS.split("| Setting |")[1].split("\n\n")[0]
    names = [
        name
        for row in table.splitlines()[2:]
        for name in re.findall(r"`([A-Z_]+)`", row.split("|")[1])
    ]
    assert sorted(names) == sorted(field.upper() for field in Settings.model_fields)


def test_the_table_has_every_command_and_no_other() -> None:
    table = OPERATING.split("| Command |")[1].split("\n\n")[0]
    rows = {row.split("|")[1]: row for row in table.splitlines()[2:]}
    names = [name for first in rows for name in re.findall(r"`([a-z]+)`", first)]
    assert sorted(names) == sorted(main.commands)
    for group in ("user", "token", "mail"):
        below = main.commands[group]
        assert isinstance(below, click.Group)
        assert all(f"`{name}`" in rows[f" `{group}` "] for name in below.commands)


def test_the_tables_of_limits_have_every_quota() -> None:
    units = {60: "minute", 3600: "hour", 86_400: "day"}
    modules = (quotas, attempts, email_service, limits, outbox)
    every = [value for each in modules for value in vars(each).values() if type(value) is Quota]
    assert len(every) > 15
    for quota in [*every, *attempts.AT_ACCOUNT_FROM_ANYWHERE]:
        size = max(size for size in units if quota.seconds % size == 0 and quota.seconds >= size)
        number = quota.seconds // size
        span = f"{number} {units[size]}{'s' if number > 1 else ''}"
        assert f"{quota.number} in {span}" in SECURITY, quota


def test_the_tests_that_prove_the_requirements_exist() -> None:
    table = SECURITY.split("## OWASP ASVS 5.0")[1].split("\n## ")[0]
    files = set(re.findall(r"`([\w/]+\.py)`", table))
    assert len(files) > 20
    assert all((PROJECT / "tests" / file).is_file() for file in files)


def test_links_between_the_pages_lead_somewhere() -> None:
    pages = [*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md")]
    links = [
        (page.name, target)
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert links == []
