"""`blog check`."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import create_async_engine

from blog.checks import database as checks
from blog.checks.certificate import check_certificate
from blog.checks.configuration import check_configuration
from blog.checks.findings import Severity
from blog.core.clock import now
from blog.core.jobs.heartbeats import fingerprint, own_version
from blog.core.web.app import Broadside
from blog.models import Heartbeat, Job, JobState
from settings import Settings
from tests.buckets import client_of, serving_buckets
from tests.cli.conftest import Command
from tests.databases import create_database, drop_database
from tests.failing_store import Fault, failing_store
from tests.mail.smtp import Inbox, receiving
from tests.servers import free_port, run

PRODUCTION: dict[str, Any] = {
    "env": "production",
    "database_url": "embedded",
    "base_url": "https://blog.example.com",
    "mail_server": "127.0.0.1",
    "mail_sender": "Broadside <post@example.com>",
    "admin_email": "boss@example.com",
    "trusted_proxies": "127.0.0.1",
    "https_redirect": "true",
}


def findings(output: str, severity: str) -> list[str]:
    """The subjects of one severity, in order; how full the disk is depends on the machine."""
    found = re.findall(rf"^{severity} +(\S+)", output, re.MULTILINE)
    return [subject for subject in found if subject != "Disk"]


async def test_a_site_that_is_fit_has_nothing_serious(tmp_path: Path) -> None:
    async with receiving(Inbox()) as inbox:
        site = PRODUCTION | {"mail_port": inbox.port}
        await run(tmp_path, "blog", "deploy", **site)
        code, output = await run(tmp_path, "blog", "check", **site)
    assert (code, findings(output, "serious")) == (0, []), output
    assert findings(output, "warning") == ["Database", "Backups"]
    assert "BACKUP_TARGET isn't set: nobody knows of any backup" in output
    assert "the embedded server, for this machine only" in output
    assert "ok       Schema          up to date" in output
    assert f"127.0.0.1:{inbox.port} accepts the connection" in output
    files = f"files can be written, read, listed and deleted in the folder {tmp_path}/files"
    assert f"ok       STORAGE         {files}" in output
    assert inbox.messages == []


def test_a_setting_with_its_former_name_is_mentioned(
    make_settings: Callable[..., Settings],
) -> None:
    told = {
        finding.subject for finding in check_configuration(make_settings(mail_worker="external"))
    }
    assert "MAIL_WORKER" in told
    assert "MAIL_WORKER" not in {each.subject for each in check_configuration(make_settings())}


@pytest.mark.parametrize(
    ("days", "severity", "told"),
    [
        (-1, Severity.SERIOUS, " expired on "),
        (7, Severity.WARNING, " expires on "),
        (90, Severity.OK, "served with "),
    ],
)
def test_a_certificate_that_has_expired_or_soon_will_is_mentioned(
    days: int, severity: Severity, told: str, tmp_path: Path
) -> None:
    issued = trustme.CA().issue_cert("blog.test", not_after=now() + timedelta(days=days))
    file = tmp_path / "site.pem"
    issued.cert_chain_pems[0].write_to_path(file)
    found = check_certificate(file)
    assert (found.severity, told in found.text) == (severity, True), found


def test_a_certificate_that_cannot_be_read_is_serious(tmp_path: Path) -> None:
    (tmp_path / "other.pem").write_text("no certificate")
    for name in ("none.pem", "other.pem"):
        assert check_certificate(tmp_path / name).severity is Severity.SERIOUS


@pytest.mark.parametrize(
    ("options", "settings", "counted"),
    [
        ((), {"web_concurrency": 2}, "2 web processes in 1 services open up to 42 of 247"),
        (
            ("--services", "3", "--workers", "2"),
            {"web_concurrency": 2, "background_worker": "external"},
            "6 web processes in 3 services and 2 workers open up to 168 of 247",
        ),
        (("--services", "20"), {}, "20 web processes in 20 services open up to 420 of 247"),
    ],
)
async def test_the_connections_of_all_services_are_counted(
    options: tuple[str, ...], settings: dict[str, Any], counted: str, blog: Command
) -> None:
    _, output = await blog("check", *options, **settings)
    severity = "warning " if "420" in counted else "ok      "
    assert f"{severity} Connections     {counted}" in output


async def test_a_limit_of_the_database_counts_as_well(blog: Command, neglected: str) -> None:
    engine = create_async_engine(neglected, isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("ALTER DATABASE neglected CONNECTION LIMIT 20"))
    await engine.dispose()
    # The limit doesn't apply to the tests' user, a superuser, but it's still reported.
    _, output = await blog("check", database_url=neglected)
    assert "1 web processes in 1 services open up to 21 of 20" in output


@pytest.fixture
async def neglected(database_url: str) -> AsyncIterator[str]:
    """The address of an empty database that cannot store every text."""
    options = "TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C'"
    yield await create_database(database_url, "neglected", migrated=False, options=options)
    await drop_database(database_url, "neglected")


async def test_findings_that_harm_users_are_serious(blog: Command, neglected: str) -> None:
    code, output = await blog(
        "check", env="development", secret_key="x" * 40, base_url="http://localhost:5000",
        database_url=neglected, database_replica_url=neglected, web_concurrency=20,
    )  # fmt: skip
    assert code == 1
    serious = ["ENV", "SECRET_KEY", "BASE_URL", "HTTPS", "MAIL_SENDER", "MAIL_SERVER"]
    # The tests' server is to be fast, not safe.
    serious += ["Encoding", "Durability", "Durability", "Schema"]
    assert findings(output, "serious") == serious, output
    warnings = ["HTTPS_REDIRECT", "ADMIN_EMAIL", "Durability", "Connections", "Replica"]
    assert findings(output, "warning") == warnings
    assert "; run blog deploy\n" in output


async def test_machines_with_another_key_are_serious(app: Broadside, blog: Command) -> None:
    other = {"signs_with": fingerprint("another key"), "accepts": [fingerprint("another key")]}
    async with app.database.session() as session:
        values = {"process": "web1", "version": own_version(), "clock_offset": -300.0}
        await session.execute(insert(Heartbeat).values(values | other))
        await session.commit()
    _, output = await blog("check")
    assert findings(output, "serious").count("Processes") == 1
    assert "web1 is 300 s behind" in output


async def test_a_clock_five_minutes_ahead_of_the_database_is_a_warning(
    app: Broadside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "now", lambda: now() + timedelta(minutes=5))
    async with app.database.engine.connect() as connection:
        found = await checks._check_clock(connection)
    assert found.severity is Severity.WARNING
    assert found.text == "differs from the database's by 300.0 s"


async def test_a_full_disk_is_serious(app: Broadside, monkeypatch: pytest.MonkeyPatch) -> None:
    async with app.database.engine.connect() as connection:
        assert (await checks._check_space(connection)).severity is Severity.OK
        full = text("DO $$ BEGIN RAISE disk_full; END $$")
        monkeypatch.setattr(checks, "_FILL", full)
        assert (await checks._check_space(connection)).severity is Severity.SERIOUS


async def test_a_locale_without_small_letters_is_a_warning(
    blog: Command, database_url: str
) -> None:
    options = "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C'"
    url = await create_database(database_url, "capitals", migrated=False, options=options)
    _, output = await blog("check", database_url=url)
    await drop_database(database_url, "capitals")
    assert "Encoding" in findings(output, "warning")
    assert "LOCALE 'C.UTF-8'" in output


async def test_a_database_and_a_mail_server_that_do_not_answer_are_serious(blog: Command) -> None:
    nobody = free_port()
    code, output = await blog(
        "check",
        **PRODUCTION | {
            "base_url": "http://blog.example.com",
            "https_redirect": "false",
            "trusted_proxies": 1,
            "host": "0.0.0.0",
            "rate_limits": "off",
            "database_url": f"postgresql://susan:sekrit@127.0.0.1:{nobody}/blog",
            "mail_port": nobody,
            "mail_username": "susan",
            "mail_password": "sekrit",
        },
    )  # fmt: skip
    assert code == 1
    assert findings(output, "serious") == ["BASE_URL", "Database", "MAIL_SERVER"], output
    warnings = ["TRUSTED_PROXIES", "HTTPS_REDIRECT", "MAIL_PASSWORD", "RATE_LIMITS"]
    assert findings(output, "warning") == warnings
    assert "nobody can log in" in output
    assert "sekrit" not in output


BUCKET = {
    "storage": "s3",
    "storage_bucket": "our-site",
    "storage_access_key": "susan",
    "storage_secret_key": "sekrit",
}


async def test_a_bucket_is_tried_out(blog: Command) -> None:
    with serving_buckets() as store:
        settings = BUCKET | {"storage_endpoint": store}
        _, missing = await blog("check", **settings)
        await asyncio.to_thread(client_of(store).create_bucket, Bucket="our-site")
        _, there = await blog("check", **settings)
        left = await asyncio.to_thread(client_of(store).list_objects_v2, Bucket="our-site")
    place = f"the bucket our-site at {store}"
    assert f"serious  STORAGE         cannot list files: {place} does not exist" in missing
    assert (
        f"ok       STORAGE         files can be written, read, listed and deleted in {place}"
        in there
    )
    assert left["KeyCount"] == 0
    assert "sekrit" not in missing + there


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (Fault.STATUS_500, "serious  STORAGE         cannot list files: {place}: "),
        (Fault.SLOW, "warning  STORAGE         {place} is slow: five requests took "),
        (
            Fault.FORMER,
            "serious  STORAGE         {place} returns files as they were before they were replaced",
        ),
    ],
)
async def test_a_store_that_fails_is_one_line(blog: Command, fault: Fault, told: str) -> None:
    with serving_buckets() as whole, failing_store(whole) as store:
        await asyncio.to_thread(client_of(whole).create_bucket, Bucket="our-site")
        store.fault = fault
        _, output = await blog("check", **BUCKET | {"storage_endpoint": store.url})
    place = f"the bucket our-site at {store.url}"
    (line,) = [line for line in output.splitlines() if " STORAGE " in line]
    assert line.startswith(told.format(place=place)), line
    assert "sekrit" not in output


async def test_a_store_that_does_not_answer_is_serious(blog: Command) -> None:
    store = f"http://127.0.0.1:{free_port()}"
    code, output = await blog("check", **BUCKET | {"storage_endpoint": store})
    assert code == 1
    assert "STORAGE" in findings(output, "serious")
    assert f"cannot list files: the bucket our-site at {store}: " in output


async def test_a_folder_that_cannot_be_written_to_is_serious(blog: Command, tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")
    _, output = await blog("check")
    assert "serious  STORAGE         cannot write files: the folder" in output
    assert "files: not a directory" in output


@pytest.mark.parametrize(
    ("state", "hours", "told"),
    [
        ("failed", 0, "warning  Jobs            1 failed permanently"),
        ("waiting", 2, "warning  Jobs            jobs are overdue: no worker is running"),
        ("waiting", 0, "ok       Jobs            none have failed permanently"),
    ],
)
async def test_failed_jobs_and_jobs_without_a_worker_are_reported(
    blog: Command, app: Broadside, state: str, hours: int, told: str
) -> None:
    async with app.database.session() as session:
        due_at = now() - timedelta(hours=hours)
        session.add(Job(kind="x", payload={}, state=JobState(state), due_at=due_at))
        await session.commit()
    _, output = await blog("check")
    assert told in output
