"""Invalid settings stop the start with one line each, and misspelt names are reported."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from settings import Settings, load_settings

PROVIDER = (
    '{"key": "our-key", "name": "Us", "issuer": "https://login.example.com", "client_id": "us"}'
)
# Every setting, with values that it cannot have.
WRONG = {
    "ENV": ["prod", "Production", "1"],
    "SECRET_KEY": [],  # see SECRETS
    "SECRET_KEY_FALLBACKS": [],  # see SECRETS
    "DATABASE_URL": ["sqlite:///blog.db", "nonsense", "postgresql://h:99999/d", "embeded"],
    "DATABASE_DIRECT_URL": ["mysql://h/d", "postgresql://h:99999/d", "embedded"],
    "DATABASE_REPLICA_URL": ["mysql://h/d", "postgresql://h1,h2:99999/d", "postgresql://h1,h2/d?port=1,2,3"],
    "DATABASE_POOL_SIZE": ["4", "1001", "many", "2.5"],
    "STATEMENT_TIMEOUT": ["long", "-1", "nan", "inf", "3601"],
    "LOCK_TIMEOUT": ["long", "-1", "nan", "inf", "3601"],
    "IDLE_IN_TRANSACTION_TIMEOUT": ["long", "-1", "nan", "inf", "3601"],
    "VAR_DIR": ["~nobody-of-this-name/var", "/etc/passwd"],
    "STORAGE": ["disk", "S3", "/var/files"],
    "STORAGE_BUCKET": ["Our_Bucket", "ab", "a..b.c", "s3://bucket", "x" * 64],
    "STORAGE_ENDPOINT": ["s3.example.com", "https://s3.example.com/bucket", "https://k:s@s3.example.com"],
    "STORAGE_REGION": ["Europe", "eu central", "x" * 64],
    "STORAGE_ACCESS_KEY": [],  # see test_a_bucket_needs_its_name_and_its_keys
    "STORAGE_SECRET_KEY": [],
    "STORAGE_PATH_STYLE": ["virtual"],
    "STORAGE_TIMEOUT": ["long", "0", "nan", "inf", "-1", "61"],
    "BACKUP_TARGET": [
        "backups", "./backups", "s3://", "s3://Our_Bucket", "s3://our-backups/Blog",
        "https://s3.example.com/our-backups",
    ],
    "BACKUP_KEY": ["sekrit", "age1sekrit", "AGE-SECRET-KEY-1SEKRIT", "AGE-SECRET-KEY-1sekrit"],
    "MEDIA_URL": ["cdn.example.com", "https://cdn.example.com/files", "ftp://cdn.example.com"],
    "STATIC_URL": ["static.example.com", "https://static.example.com/files"],
    "MEDIA_QUOTA": ["much", "0", "1000001", "1.5"],
    "IMPORT_IMAGES": ["perhaps"],
    "IMPORT_LIMIT": ["much", "0", "1025", "1.5"],
    "HOST": ["local host", "http://127.0.0.1", "127.0.0.1:80", "[::1]", "1.2.3", "-h"],
    "PORT": ["http", "0", "99999", "-1", "5000.5", "0x50"],
    "WEB_CONCURRENCY": ["many", "0", "-2", "1.5", "auto", "100000"],
    "TLS_CERTIFICATE": [],  # a file that is not there is found by `blog serve`
    "TLS_KEY": ["site.key"],
    "SITE_NAME": [" ", "x" * 65, "two\nlines", "a\x1bb"],
    "SITE_TAGLINE": [" ", "x" * 121, "two\nlines"],
    "BASE_URL": [
        "blog.example.com", "http://local host", "https://", "https://blog.example.com/blog",
        "https://blog.example.com:99999", "https://blog.example.com:0", "https://a:b",
        "https://susan:sekrit@blog.example.com", "https://blog.example.com/?a=b", "https://a#b",
        "ftp://blog.example.com", "https://bücher.example", "https://[::1", "https://a..b",
        "https://1.2.3", "https://-a.example", "https://a\\b",
    ],
    "ALLOWED_HOSTS": ["https://a.example", "*", "a.example:80", "a b"],
    "TRUSTED_PROXIES": ["nginx", "10.0.0.1/8", "-1", "1.2.3.4/99", "101"],
    "HTTPS_REDIRECT": ["perhaps", "2", "true"],  # BASE_URL is http
    "HSTS_SUBDOMAINS": ["maybe", "true"],  # without HTTPS_REDIRECT
    "ALLOW_INDEXING": ["perhaps"],
    "ALLOW_AI_CRAWLERS": ["some"],
    "SECURITY_CONTACT": ["susan", "susan@", "ftp://a.example", "https://", "a@b.c, d@e.f"],
    "WEBSUB_HUB": [
        "hub", "ftp://hub.example", "https://", "https://hub.example:8080/", "https://a b/",
        "https://a@hub.example/", "https://hub.example/#x", "https://h/\u00fc", "https://[/",
    ],
    "OPENID_PROVIDERS": [
        "example", "{}", "[1]", '[{"key": "a"}]', f"[{PROVIDER}, {PROVIDER}]",
        f"[{PROVIDER.replace('https', 'ftp')}]", f"[{PROVIDER.replace('https', 'http')}]",
        f"[{PROVIDER.replace('.com', '.com:8443')}]", f"[{PROVIDER.replace('Us', '')}]",
        f"[{PROVIDER.replace('our-key', 'Our key')}]", f"[{PROVIDER.replace('client', 'sekrit')}]",
    ],
    "AVATARS": ["png", "Gravatar"],
    "MAIL_SERVER": ["smtp://mail.example.com", "mail.example.com:25", "mail server"],
    "MAIL_PORT": ["smtp", "0", "65536"],
    "MAIL_USE_TLS": ["ssl"],
    "MAIL_STARTTLS": ["tls"],
    "MAIL_USERNAME": [],
    "MAIL_PASSWORD": [],
    "MAIL_SENDER": [
        "Broadside", "Broadside <post>", "post@", "@example.com", "a b@example.com",
        "Our site post@example.com", "Our, site <post@example.com>", "a@b@example.com",
        "post@exa mple.com", "Site <post@example.com", "Site <post@example.com> x",
        "a@example.com, b@example.com", "Site <post@example..com>", "a\nb <post@example.com>",
        "post@-x-.example", "po..st@example.com",
    ],
    "MAIL_SUBJECT_PREFIX": ["x" * 65, "a\r\nBcc: b"],
    "MAIL_TIMEOUT": ["long", "0", "nan", "inf", "-1", "3601"],
    "MAIL_WORKER": ["none", "1"],
    "BACKGROUND_WORKER": ["none", "1"],
    "ADMIN_EMAIL": ["susan", "susan@", "susan@example.com; john@example.com", "a@b@c.com"],
    "API_ANONYMOUS_READS": ["sometimes"],
    "RATE_LIMITS": ["few"],
    "POSTS_PER_PAGE": ["0", "201", "many", "2.5"],
    "FOLLOWERS_PER_PAGE": ["0", "201", "many"],
    "COMMENTS_PER_PAGE": ["0", "201", "many"],
    "SLOW_QUERY_SECONDS": ["-1", "slow", "nan", "inf"],
    "LOG_TO": ["log", "stdout"],
    "LOG_LEVEL": ["loud", "10"],
    "SHARED_CACHE_SECONDS": ["-1", "3601", "0.5", "long"],
    "PURGE_URL": [
        "cache", "ftp://cache.example", "http://a@cache.example/", "http://cache.example/#x",
        "https://cache.example:99999/",
    ],
    "PURGE_CACHE": ["nginx", "Fastly"],
    "PURGE_TOKEN": ["two words", "ümlaute"],
    "PURGED_CACHE_SECONDS": ["0", "86401", "long"],
    "METRICS_TOKEN": ["short", "ümlaute-sind-nicht-erlaubt"],
    "OTEL_EXPORTER_OTLP_ENDPOINT": [
        "127.0.0.1:4318", "grpc://127.0.0.1:4317", "http://127.0.0.1:99999",
        "http://susan:sekrit@otel.example.com", "http://otel.example.com/?key=sekrit", "http://a..b",
    ],
    "OTEL_EXPORTER_OTLP_HEADERS": ["sekrit", "=sekrit", "key=sekrit%0A", "a key=sekrit", "key="],
    "OTEL_TRACES_SAMPLER_ARG": ["all", "-0.1", "1.1", "nan"],
    "OTEL_SERVICE_NAME": ["two\nlines", "a\x1bb"],
}  # fmt: skip
RIGHT = {
    "DATABASE_URL": ["embedded", "Embedded", "postgres://h/d"],
    "DATABASE_REPLICA_URL": ["postgresql://h1,h2/d", "postgresql://h1:5433,h2/d"],
    "BASE_URL": ["https://blog.example.com/", "http://[::1]:5000", "http://localhost", "https://a.b.:1"],
    "HOST": ["0.0.0.0", "::", "::1", "localhost", "my_host"],
    "MAIL_SENDER": [
        "post@localhost", '"Our, site" <post@example.com>', "Büro <post@bücher.example>",
        "post+tag@example.com", "<post@example.com>",
    ],
    "WEBSUB_HUB": ["https://hub.example/", "http://hub.example/publish?x=1"],
    "WEB_CONCURRENCY": [" 2 ", "16"],
    "MAIL_STARTTLS": ["on", "1", "TRUE"],
    "METRICS_TOKEN": ["0123456789abcdef", "YWJjZGVmZ2hpamtsbW5vcA=="],
}  # fmt: skip
PYDANTICS_WORDS = re.compile(
    r"value error|input|validation|should|valid |type=|items|string|integer|boolean", re.IGNORECASE
)
PRODUCTION = {
    "ENV": "production",
    "SECRET_KEY": "q3Zc8vQ1xW5rT7yU9iO2pA4sD6fG8hJ0",
    "DATABASE_URL": "embedded",
    "BASE_URL": "https://blog.example.com",
}
BUCKET = {
    "STORAGE": "s3",
    "STORAGE_BUCKET": "our-site",
    "STORAGE_ACCESS_KEY": "somebody",
    "STORAGE_SECRET_KEY": "sekrit",
}
SECRETS = [
    "short", "x" * 40, "ab" * 20, "abcdefgh" * 5, "0123456" * 6, "a" * 31 + "b" * 31,
    "changeme" * 4, "x" * 39 + "y",
]  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder without a `.env`."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(capsys: pytest.CaptureFixture[str]) -> list[str]:
    with pytest.raises(SystemExit) as caught:
        load_settings()
    assert caught.value.code == 1
    return capsys.readouterr().err.splitlines()


def test_every_setting_is_in_the_table() -> None:
    assert list(WRONG) == [name.upper() for name in Settings.model_fields]


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_value_is_one_plain_line_with_an_example(
    name: str,
    value: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(name, value)
    (line,) = refusal(capsys)
    told = re.fullmatch(rf"settings: {name}: (.+); for example {name}=(.+)", line)
    assert told, line
    assert not PYDANTICS_WORDS.search(told[1]), line
    assert "sekrit" not in line


@pytest.mark.parametrize("name", [name.upper() for name in Settings.model_fields])
def test_the_examples_are_valid(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = Settings.model_fields[name.lower()].examples or []
    # It is written as for a shell, and the secrets are to be made by one.
    quoted = example if example[0] in "$'" else shlex.quote(example)
    said = f"printf %s {quoted}"
    text = subprocess.check_output(["sh", "-c", said], text=True)
    needed = {
        "ENV": PRODUCTION,
        "HTTPS_REDIRECT": {"BASE_URL": "https://a.example"},
        "HSTS_SUBDOMAINS": {"BASE_URL": "https://a.example", "HTTPS_REDIRECT": "true"},
        "TLS_KEY": {"TLS_CERTIFICATE": "site.pem"},
        "TLS_CERTIFICATE": {"TLS_KEY": "site.pem"},
        "SECRET_KEY": PRODUCTION,
        "STORAGE": BUCKET,
    }
    for needed_name, value in (needed.get(name, {}) | {name: text}).items():
        monkeypatch.setenv(needed_name, value)
    load_settings()


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in RIGHT.items() for value in values]
)
def test_unusual_but_valid_values_are_accepted(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    load_settings()


@pytest.mark.parametrize("name", ["SECRET_KEY", "SECRET_KEY_FALLBACKS"])
@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_that_can_be_guessed_is_refused_in_production(
    name: str, secret: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for each, value in (PRODUCTION | {name: secret}).items():
        monkeypatch.setenv(each, value)
    (line,) = refusal(capsys)
    assert line.startswith(f"settings: {name}: must ")
    assert secret not in line


@pytest.mark.parametrize("missing", ["SECRET_KEY", "DATABASE_URL", "BASE_URL"])
@pytest.mark.parametrize("value", [None, ""])
def test_production_says_what_it_needs(
    missing: str,
    value: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, given in (PRODUCTION | {missing: value}).items():
        if given is not None:
            monkeypatch.setenv(name, given)
    (line,) = refusal(capsys)
    assert line.startswith(f"settings: {missing}: ")


@pytest.mark.parametrize("missing", ["STORAGE_BUCKET", "STORAGE_ACCESS_KEY", "STORAGE_SECRET_KEY"])
def test_a_bucket_needs_its_name_and_its_keys(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, given in (BUCKET | {missing: ""}).items():
        monkeypatch.setenv(name, given)
    (line,) = refusal(capsys)
    assert line.startswith(f"settings: {missing}: is required for STORAGE=s3; for example")
    assert "sekrit" not in line


def test_production_has_an_embedded_database_that_was_asked_for_by_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    assert load_settings().database_url is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("SITE_NAME=Büro\n".encode("utf-16"), "is UTF-16; save it as UTF-8"),
        ("SITE_NAME=Our site\n".encode("utf-16-le"), "is UTF-16; save it as UTF-8"),
        ("PORT=5000\nSITE_NAME=Büro\n".encode("latin-1"), "isn't UTF-8 (see line 2)"),
        (b"PORT=5000\nthis is no setting\n", "line 2 isn't a setting"),
        (b"\nPORT\n", "line 2 isn't a setting"),
        (b"SITE_NAME='Our site\nPORT=1\n", "line 1 isn't a setting"),
    ],
)
def test_an_env_file_that_cannot_be_read_is_one_line(
    content: bytes, reason: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".env").write_bytes(content)
    (line,) = refusal(capsys)
    assert line.startswith(f"settings: .env: {reason}")


def test_an_env_file_that_is_a_folder_is_one_line(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".env").mkdir()
    assert refusal(capsys) == ["settings: .env: can't be read: is a directory"]


def test_an_env_file_may_begin_with_the_mark_of_utf_8(folder: Path) -> None:
    (folder / ".env").write_text("SITE_NAME=Büro\n", encoding="utf-8-sig")
    assert load_settings().site_name == "Büro"


def test_a_value_in_another_encoding_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAIL_USERNAME", os.fsdecode("Büro".encode("latin-1")))
    (line,) = refusal(capsys)
    assert line.startswith("settings: MAIL_USERNAME: must be written in UTF-8; ")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("MAIL_SERVERR", "MAIL_SERVER"),
        ("MAIL_PASWORD", "MAIL_PASSWORD"),
        ("DATABSE_URL", "DATABASE_URL"),
        ("POST_PER_PAGE", "POSTS_PER_PAGE"),
        ("SECRETKEY", "SECRET_KEY"),
        ("TRUSTED_PROXY", "TRUSTED_PROXIES"),
        ("ADMIN_EMAILS", "ADMIN_EMAIL"),
    ],
)
@pytest.mark.parametrize("in_file", [False, True])
def test_a_name_that_looks_like_a_setting_is_told_with_the_one_that_was_meant(
    name: str,
    meant: str,
    in_file: bool,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if in_file:
        (folder / ".env").write_text(f"{name}=5\n")
    else:
        monkeypatch.setenv(name, "5")
    load_settings()
    line = f"settings: {name}: isn't a setting and has no effect; did you mean {meant}?\n"
    assert capsys.readouterr().err == line


def test_names_of_other_programs_are_not_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    others = (
        "HOME HOSTNAME VENV MAIL MAILCHECK PORTS LOGNAME PYTHONPATH VIRTUAL_ENV POSTGRES_PASSWORD"
    )
    (folder / ".env").write_text("".join(f"{name}=x\n" for name in others.split()))
    for name in others.split():
        if name != "PYTHONPATH":
            monkeypatch.setenv(name, "x")
    load_settings()
    assert capsys.readouterr().err == ""
