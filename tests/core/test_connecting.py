"""Connecting to the database: TLS and connection parameters."""

import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme
from sqlalchemy import make_url, text

from blog.core.db.connecting import find_password, libpq_environment
from blog.core.db.database import Database
from blog.core.db.database_errors import DatabaseUnavailableError
from database_urls import postgresql_url
from tests.core.tls_front import Front, tls_front
from tests.servers import run


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def authority_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("authority") / "root.pem"
    authority.cert_pem.write_to_path(file)
    return file


def certified(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


@pytest.fixture
def socket_file(database_url: str) -> str:
    return f"{make_url(database_url).query['host']}/.s.PGSQL.5432"


@pytest.fixture
async def front(socket_file: str, authority: trustme.CA) -> AsyncIterator[Front]:
    """A server with a certificate for 127.0.0.1."""
    async with tls_front(socket_file, certified(authority, "127.0.0.1")) as front:
        yield front


async def answer(url: str, statement: str = "SELECT 1") -> object:
    """Run a statement on the server at a URL."""
    database = Database(postgresql_url(url), Path())
    await database.open()
    try:
        async with database.engine.connect() as connection:
            return await connection.scalar(text(statement))
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("parameters", "is_encrypted"),
    [
        ("", True),
        ("?sslmode=disable", False),
        ("?sslmode=allow", False),
        ("?sslmode=prefer", True),
        ("?sslmode=require", True),
        ("?sslmode=require&sslrootcert={root}", True),
        ("?sslmode=verify-ca&sslrootcert={root}", True),
        ("?sslmode=verify-full&sslrootcert={root}", True),
        ("?channel_binding=require&sslrootcert={root}", True),
        ("?sslmode=require&ssl_min_protocol_version=TLSv1.3", True),
    ],
)
async def test_tls_is_used_as_sslmode_says(
    parameters: str, is_encrypted: bool, front: Front, authority_file: Path
) -> None:
    parameters = parameters.format(root=authority_file)
    assert await answer(f"postgresql://postgres@127.0.0.1:{front.port}/postgres{parameters}") == 1
    assert front.was_encrypted == [is_encrypted]


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ("?sslmode=verify-ca", "TLS: "),
        ("?sslmode=verify-full", "TLS: "),
        ("?sslrootcert=system", "TLS: "),
        ("?channel_binding=require&sslmode=require", "TLS: "),
        ("?sslmode=verify-full&sslrootcert={other}", "TLS: "),
        ("?sslmode=require&sslrootcert={other}", "TLS: "),
        ("?sslmode=verify-full&sslrootcert=/nowhere", "sslrootcert /nowhere: No such file"),
        ("?sslmode=verify-full&sslrootcert={text}", "sslrootcert {text}: is not valid"),
        ("?sslmode=require&sslcert=/nowhere", "sslcert /nowhere: No such file"),
    ],
)
async def test_a_certificate_that_is_not_trusted_is_one_line(
    parameters: str, reason: str, front: Front, tmp_path: Path
) -> None:
    other, garbage = tmp_path / "other.pem", tmp_path / "text.pem"
    trustme.CA().cert_pem.write_to_path(other)
    garbage.write_text("nothing")
    url = f"postgresql://postgres@127.0.0.1:{front.port}/postgres"
    with pytest.raises(DatabaseUnavailableError) as caught:
        await answer(url + parameters.format(other=other, text=garbage))
    assert reason.format(text=garbage) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert front.was_encrypted == []


async def test_verify_full_looks_at_the_name_and_verify_ca_does_not(
    socket_file: str, authority: trustme.CA, authority_file: Path
) -> None:
    async with tls_front(socket_file, certified(authority, "db.example.com")) as front:
        url = f"postgresql://postgres@127.0.0.1:{front.port}/postgres?sslrootcert={authority_file}"
        assert await answer(f"{url}&sslmode=verify-ca") == 1
        with pytest.raises(DatabaseUnavailableError, match="TLS: IP address mismatch"):
            await answer(f"{url}&sslmode=verify-full")


async def test_a_server_without_tls_is_used_unless_tls_is_asked_for(socket_file: str) -> None:
    async with tls_front(socket_file, None) as front:
        url = f"postgresql://postgres@127.0.0.1:{front.port}/postgres"
        for mode in ("disable", "allow", "prefer"):
            assert await answer(f"{url}?sslmode={mode}") == 1
        with pytest.raises(DatabaseUnavailableError, match="rejected SSL upgrade"):
            await answer(f"{url}?sslmode=require")


async def test_parameters_reach_the_server(database_url: str) -> None:
    url = f"{database_url}&application_name=other&options=-c%20work_mem%3D5MB&connect_timeout=9"
    assert await answer(url, "SHOW application_name") == "other"
    assert await answer(url, "SHOW work_mem") == "5MB"


LIBPQ = {
    "PGHOST": "nowhere.invalid",
    "PGHOSTADDR": "192.0.2.1",
    "PGPORT": "1",
    "PGUSER": "nobody",
    "PGPASSWORD": "wrong",
    "PGDATABASE": "nothing",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/nowhere",
    "PGSSLCERT": "/nowhere",
    "PGSSLNEGOTIATION": "direct",
    "PGTARGETSESSIONATTRS": "standby",
    "PGOPTIONS": "-c work_mem=7MB",
    "PGSERVICE": "nothing",
    "PGPASSFILE": "/nowhere",
    "PGAPPNAME": "wrong",
    "PGCONNECT_TIMEOUT": "soon",
    "PGGSSLIB": "nonsense",
    "PGCHANNELBINDING": "require",
}


@pytest.mark.live
async def test_libpqs_environment_counts_nowhere(
    database_url: str, front: Front, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in LIBPQ.items():
        monkeypatch.setenv(name, value)
    for url in (database_url, f"postgresql://postgres@127.0.0.1:{front.port}/postgres"):
        assert await answer(url, "SHOW application_name") == "broadside"
        assert await answer(url, "SHOW work_mem") == "4MB"
    assert not {name for name in libpq_environment({}) if name.startswith("PG")}
    # An embedded server of its own, and PostgreSQL's programs.
    for command in (("deploy",), ("backup", str(tmp_path / "backup"))):
        code, output = await run(tmp_path, "blog", *command)
        assert code == 0, output


async def test_no_file_at_home_is_looked_for(
    front: Front, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".postgresql").mkdir(parents=True)
    for name in ("postgresql.key", "postgresql.crt", "root.crt", "root.crl"):
        (home / ".postgresql" / name).write_text("nothing that could be used")
    (home / ".pgpass").write_text("*:*:*:*:wrong")
    monkeypatch.setenv("HOME", str(home))
    for mode in ("prefer", "require"):
        url = f"postgresql://postgres@127.0.0.1:{front.port}/postgres?sslmode={mode}"
        assert await answer(url) == 1


def test_a_password_file_is_read_as_libpq_does(tmp_path: Path) -> None:
    file = tmp_path / "pgpass"
    file.write_text(
        "# db:5432:blog:susan:no\n"
        "other:5432:blog:susan:other\n"
        "db:5432:blog:su\\:san:with\\:colon\\\\\n"
        "localhost:*:*:*:local\n"
        "*:5433:*:susan:any:host\n"
        "broken line\n"
    )
    file.chmod(0o600)
    assert find_password(file, "db", 5432, "blog", "su:san") == "with:colon\\"
    assert find_password(file, "/run/postgresql", 5432, "blog", "john") == "local"
    assert find_password(file, "db", 5433, "blog", "susan") == "any:host"
    assert find_password(file, "db", 5432, "blog", "john") == ""


@pytest.mark.parametrize(
    ("mode", "reason"), [(0o644, "may be read by others"), (None, "No such file")]
)
async def test_a_password_file_that_cannot_be_used_is_one_line(
    mode: int | None, reason: str, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "pgpass"
    if mode is not None:
        file.touch()
        file.chmod(mode)
    with pytest.raises(DatabaseUnavailableError, match=f"passfile {file}: {reason}"):
        await answer(f"{database_url}&passfile={file}")


def test_programs_are_told_what_the_address_says(tmp_path: Path) -> None:
    given = libpq_environment(
        {"host": "db", "database": "blog", "sslmode": "verify-full", "options": "-c a=b", "x": "y"}
    )
    assert {name: value for name, value in given.items() if name.startswith("PG")} == {
        "PGHOST": "db",
        "PGDATABASE": "blog",
        "PGSSLMODE": "verify-full",
        "PGOPTIONS": "-c a=b",
        "PGSSLROOTCERT": ssl.get_default_verify_paths().cafile or "system",
    }
    assert given["PATH"] == os.environ["PATH"]
