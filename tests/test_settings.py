"""Settings: what they are read from, and what is refused."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import make_url
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from database_urls import postgresql_url, replica_url
from settings import Settings, load_settings

PROJECT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def empty_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no `.env` there."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("postgres://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgresql://u:p@h:6543/d", "postgresql+asyncpg://u:p@h:6543/d"),
        ("postgresql+asyncpg:///d?host=/run/pg", "postgresql+asyncpg:///d?host=%2Frun%2Fpg"),
        (
            "postgres://u:p%40%2F@h/d?sslmode=require",
            "postgresql+asyncpg://u:p%40%2F@h/d?ssl=require",
        ),
        ("postgres://u:p,q@h/d", "postgresql+asyncpg://u:p%2Cq@h/d"),
    ],
)
def test_the_spellings_of_a_database_address(written: str, meant: str) -> None:
    assert postgresql_url(written) == meant
    assert postgresql_url(meant) == meant
    assert replica_url(written) == meant


@pytest.mark.parametrize(
    ("written", "hosts", "ports", "role"),
    [
        ("postgresql://u:p@h1:1,h2:2/d", ["h1", "h2"], [1, 2], "read-write"),
        ("postgresql://h1,h2:2/d", ["h1", "h2"], [5432, 2], "read-write"),
        ("postgresql:///d?host=h1:1&host=h2:2", ["h1", "h2"], [1, 2], "read-write"),
        ("postgresql:///d?host=/a,/b&port=6000", ["/a", "/b"], [6000, 6000], "read-write"),
        ("postgresql://[::1]:5,[fe80::1]/d", ["::1", "fe80::1"], [5, 5432], "read-write"),
        ("postgresql://%2Fa:7,h2:8/d", ["/a", "h2"], [7, 8], "read-write"),
        ("postgresql://h1,h2/d?target_session_attrs=any", ["h1", "h2"], [5432, 5432], "any"),
    ],
)
def test_the_spellings_of_several_hosts(
    written: str, hosts: list[str], ports: list[int], role: str
) -> None:
    meant = postgresql_url(written)
    assert postgresql_url(meant) == meant
    taken = dialect().create_connect_args(make_url(meant))[1]
    assert (taken["host"], taken["port"]) == (hosts, ports)
    assert taken["target_session_attrs"] == role
    with pytest.raises(ValueError, match="must name one host"):
        replica_url(written)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("sqlite:///blog.db", "must begin with postgresql://, not sqlite://"),
        ("nonsense", "is not a URL"),
        ("postgresql://u:p@h:sekrit/d", "is not a URL"),
        ("postgresql://u:p@h:70000/d", "between 1 and 65535"),
        ("postgresql://u:p@h/d?pasword=sekrit&x=1", "mean nothing here: pasword, x"),
        ("postgresql://u:sekrit@h1,h2:x/d", "a host that is not like"),
        ("postgresql://u:sekrit@h1,,h2/d", "a host that is not like"),
        ("postgresql://u:sekrit@h1,h2:70000/d", "between 1 and 65535"),
        ("postgresql://u:sekrit@h1:1,h2/d?port=2", "both beside the hosts and in port="),
        ("postgresql:///d?host=h1,h2,h3&port=1,2", "3 hosts and 2 ports"),
        ("postgresql://h1,h2/d?target_session_attrs=standby", "not read-write or primary or any"),
    ],
)
def test_a_wrong_database_address_is_refused_without_being_repeated(
    written: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        postgresql_url(written)
    assert "sekrit" not in str(caught.value)


def test_they_come_from_the_environment_before_dotenv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("SITE_NAME=From the file\nPOSTS_PER_PAGE=7\nUNKNOWN=1\n")
    monkeypatch.setenv("SITE_NAME", "From the environment")
    monkeypatch.setenv("PORT", "")
    settings = load_settings()
    assert (settings.site_name, settings.posts_per_page) == ("From the environment", 7)
    assert settings.port == 5000, "what is empty is not set"


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        ({}, "http://127.0.0.1:5000"),
        ({"PORT": "8080"}, "http://127.0.0.1:8080"),
        ({"HOST": "::1"}, "http://[::1]:5000"),
        ({"HOST": "::"}, "http://localhost:5000"),
        ({"HOST": "0.0.0.0"}, "http://localhost:5000"),
        ({"TLS_CERTIFICATE": "site.pem", "TLS_KEY": "site.key"}, "https://127.0.0.1:5000"),
        ({"BASE_URL": "https://blog.example.com/"}, "https://blog.example.com"),
    ],
)
def test_outside_production_the_site_is_where_it_listens(
    variables: dict[str, str], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert load_settings().base_url == address


def test_all_that_is_wrong_is_told_at_once_a_line_each(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = {
        "ENV": "production",
        "SECRET_KEY": "sekrit",
        "WEB_CONCURRENCY": "many",
        "MAIL_USE_TLS": "true",
        "MAIL_STARTTLS": "true",
        "ADMIN_EMAIL": "susan",
    }
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as caught:
        load_settings()
    assert caught.value.code == 1
    lines = capsys.readouterr().err.splitlines()
    named = [line.split(": ")[1] for line in lines if line.startswith("settings: ")]
    assert len(named) == len(lines)
    assert sorted(named) == [
        "ADMIN_EMAIL",
        "BASE_URL",
        "DATABASE_URL",
        "MAIL_STARTTLS",
        "SECRET_KEY",
        "WEB_CONCURRENCY",
    ]
    assert not any("sekrit" in line for line in lines)


def test_administrators_are_written_with_commas_in_any_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ADMIN_EMAIL", "Susan@Example.com, john@example.com,")
    assert load_settings().admin_email == ["susan@example.com", "john@example.com"]


@pytest.mark.parametrize(
    ("wrong", "setting", "reason"),
    [
        ({"tls_certificate": "site.pem"}, "tls_key", "both files, or none"),
        ({"tls_key": "site.key"}, "tls_key", "both files, or none"),
        ({"https_redirect": True}, "https_redirect", "must begin with https://"),
        ({"hsts_subdomains": True}, "hsts_subdomains", "goes with HTTPS_REDIRECT"),
    ],
)
def test_what_cannot_be_served_is_refused(
    wrong: dict[str, object], setting: str, reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason) as caught:
        Settings(**wrong)  # type: ignore[arg-type]
    assert [error["loc"][0] for error in caught.value.errors()] == [setting]


def test_simultaneous_starts_agree_on_the_kept_secret(tmp_path: Path) -> None:
    ask = "from settings import load_settings; print(load_settings().signing_key())"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "VAR_DIR": str(tmp_path / "var")}
    processes = [
        subprocess.Popen([sys.executable, "-c", ask], env=environment, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    keys = {process.communicate()[0] for process in processes}
    assert len(keys) == 1
    assert len(keys.pop()) > 32
    (kept,) = (tmp_path / "var").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
