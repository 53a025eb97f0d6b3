"""Settings: what they are read from, and what is refused."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

import setting_values
from settings import Settings, load_settings

PROJECT = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def empty_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no `.env` there."""
    monkeypatch.chdir(tmp_path)


def test_the_environment_overrides_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("SITE_NAME=From the file\nPOSTS_PER_PAGE=7\nUNKNOWN=1\n")
    monkeypatch.setenv("SITE_NAME", "From the environment")
    monkeypatch.setenv("PORT", "")
    settings = load_settings()
    assert (settings.site_name, settings.posts_per_page) == ("From the environment", 7)
    assert settings.port == 5000, "what is empty is not set"


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({}, "internal"),
        ({"MAIL_WORKER": "external"}, "external"),
        ({"MAIL_WORKER": "external", "BACKGROUND_WORKER": "internal"}, "internal"),
        ({"BACKGROUND_WORKER": "external"}, "external"),
    ],
)
def test_the_former_name_of_background_worker_counts_where_the_new_one_is_not_set(
    variables: dict[str, str], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert load_settings().background_worker == place


def test_the_headers_for_the_collector_are_written_as_opentelemetry_has_them() -> None:
    given = "Authorization=Bearer%20a=b, x-site = blog ,"
    headers = Settings(otel_exporter_otlp_headers=given).otlp_headers()
    assert headers == {"authorization": "Bearer a=b", "x-site": "blog"}
    for wrong in ("no pair", "a=b\nc: d", "a=%0d", "=b"):
        with pytest.raises(ValidationError):
            Settings(otel_exporter_otlp_headers=wrong)


def test_a_collector_needs_the_packages_that_send_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setting_values, "find_spec", lambda _name: None)
    with pytest.raises(ValidationError, match=r"broadside\[telemetry\]"):
        Settings(otel_exporter_otlp_endpoint="http://127.0.0.1:4318")


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
        ({"tls_certificate": "site.pem"}, "tls_key", "both, or neither"),
        ({"tls_key": "site.key"}, "tls_key", "both, or neither"),
        ({"https_redirect": True}, "https_redirect", "starts with https://"),
        ({"hsts_subdomains": True}, "hsts_subdomains", "needs HTTPS_REDIRECT"),
    ],
)
def test_what_cannot_be_served_is_refused(
    wrong: dict[str, object], setting: str, reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason) as caught:
        Settings(**wrong)  # type: ignore[arg-type]
    assert [error["loc"][0] for error in caught.value.errors()] == [setting]


@pytest.mark.live
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
