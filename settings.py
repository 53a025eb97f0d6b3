"""Every knob of Broadside, typed, in one place.

Each field is read from the environment variable of the same name in capitals, or from a
`.env` file in the working directory. Nothing under `blog/` looks at the environment: a
`Settings` is made in `asgi.py`, the command line, `alembic/env.py` and the tests, and handed
down. `docs/settings.md` has the table of what each one means.
"""

import os
import re
import secrets
import sys
from email.utils import parseaddr
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    EmailStr,
    Field,
    NonNegativeFloat,
    PlainValidator,
    PositiveInt,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from database_urls import postgresql_url, replica_url

SHORTEST_SECRET = 32


class Environment(StrEnum):
    """What the application is running for."""

    DEVELOPMENT = "development"
    TESTING = "testing"
    PRODUCTION = "production"


def origin(text: str) -> str:
    """Check that `text` is a plain `http(s)://host[:port][/path]` and drop its last slash."""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be the address that people type, such as https://blog.example.com")
    if not text.isascii():
        raise ValueError("must be written in ASCII, an international name in its form xn--…")
    return text.rstrip("/")


def host_name(text: str) -> str:
    """Check that `text` is the name of a host as a browser sends it, or the end of some names."""
    if not re.fullmatch(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", text):
        raise ValueError("must have names such as blog.example.com, or .example.com for all below")
    return text


def proxies(value: object) -> int | tuple[IPv4Network | IPv6Network, ...]:
    """Read how many proxies there are, or the networks they are in, with commas between them."""
    text = str(value).strip()
    if re.fullmatch("[0-9]{1,2}", text, re.ASCII):
        return int(text)
    try:
        return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())
    except ValueError as error:
        raise ValueError(f"must be a number, or networks such as 10.0.0.0/8: {error}") from None


def mailbox(text: str) -> str:
    """Check that `text` is an address, or a name and an address (RFC 5322, 3.4)."""
    local, _, domain = parseaddr(text)[1].rpartition("@")
    if not local or not domain or not text.isprintable():
        raise ValueError("must look like Broadside <post@example.com>")
    return text


def log_target(text: str) -> str:
    """Check that `text` says where log lines go: a bare word would be a file nobody meant."""
    if text not in {"stderr", "syslog"} and "/" not in text.removeprefix("syslog:"):
        raise ValueError(
            "must be stderr, syslog, syslog:/path/of/its/socket, or the path of a file, "
            "such as /var/log/broadside.log"
        )
    return text


OneLine = Annotated[str, Field(max_length=64, pattern=r"^[^\x00-\x1f\x7f]*$")]


class MailWorkerPlace(StrEnum):
    """Where the outbox is emptied: in each web process, or by `blog worker` alone."""

    INTERNAL = "internal"
    EXTERNAL = "external"


class Avatars(StrEnum):
    """Where the pictures of people come from."""

    IDENTICON = "identicon"
    GRAVATAR = "gravatar"


class Settings(BaseSettings):
    """The configuration of one application.

    Raises:
        pydantic.ValidationError: a value is missing or wrong; `load_settings` turns it into
            a line per setting.
    """

    model_config = SettingsConfigDict(
        env_file=".env",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
    )

    env: Environment = Environment.DEVELOPMENT
    secret_key: SecretStr | None = None
    database_url: Annotated[str, AfterValidator(postgresql_url)] | None = None
    database_replica_url: Annotated[str, AfterValidator(replica_url)] | None = None
    var_dir: Path = Path("var")

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 5000
    web_concurrency: PositiveInt = 1
    tls_certificate: Path | None = None
    tls_key: Annotated[Path | None, Field(validate_default=True)] = None

    site_name: Annotated[str, Field(min_length=1, max_length=64)] = "Broadside"
    base_url: Annotated[str, AfterValidator(origin)] = ""
    allowed_hosts: Annotated[tuple[Annotated[str, AfterValidator(host_name)], ...], NoDecode] = ()
    trusted_proxies: Annotated[
        int | tuple[IPv4Network | IPv6Network, ...], PlainValidator(proxies), NoDecode
    ] = 0
    https_redirect: bool = False

    avatars: Avatars = Avatars.IDENTICON

    mail_server: str | None = None
    mail_port: Annotated[int, Field(ge=1, le=65535)] = 25
    mail_use_tls: bool = False
    mail_starttls: bool = False
    mail_username: str | None = None
    mail_password: SecretStr | None = None
    mail_sender: Annotated[str, AfterValidator(mailbox)] = "Broadside <broadside@localhost>"
    mail_subject_prefix: OneLine = "[Broadside] "
    mail_timeout: Annotated[float, Field(ge=0.1, le=3600)] = 30
    mail_worker: MailWorkerPlace = MailWorkerPlace.INTERNAL
    admin_email: Annotated[list[EmailStr], NoDecode] = []

    api_anonymous_reads: bool = True
    rate_limits: bool = True

    posts_per_page: Annotated[int, Field(ge=1, le=200)] = 20
    followers_per_page: Annotated[int, Field(ge=1, le=200)] = 50
    comments_per_page: Annotated[int, Field(ge=1, le=200)] = 30
    slow_query_seconds: NonNegativeFloat = 0.5
    log_to: Annotated[str, AfterValidator(log_target)] = "stderr"
    metrics_token: Annotated[SecretStr, Field(min_length=16)] | None = None

    @field_validator("admin_email", "allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Several are written with commas between them, in any case."""
        if isinstance(value, str):
            return [each.strip().lower() for each in value.split(",") if each.strip()]
        return value

    @field_validator("var_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @model_validator(mode="before")
    @classmethod
    def _default_base_url(cls, values: dict[str, object]) -> dict[str, object]:
        """Outside production the site is where it listens."""
        if not values.get("base_url") and values.get("env") != Environment.PRODUCTION:
            host, port = str(values.get("host", "127.0.0.1")), values.get("port", 5000)
            host = f"[{host}]" if ":" in host else host
            scheme = "https" if values.get("tls_certificate") else "http"
            return values | {"base_url": f"{scheme}://{host}:{port}"}
        return values

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        secret = value.get_secret_value() if value else ""
        if info.data.get("env") is Environment.PRODUCTION and len(secret) < SHORTEST_SECRET:
            raise ValueError(
                f"must have at least {SHORTEST_SECRET} characters in production; "
                'make one with: python -c "import secrets; print(secrets.token_urlsafe(48))"'
            )
        return value

    @field_validator("tls_key")
    @classmethod
    def _both_or_none(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if (value is None) != (info.data.get("tls_certificate") is None):
            raise ValueError("goes with TLS_CERTIFICATE: give both files, or none")
        return value

    @field_validator("https_redirect")
    @classmethod
    def _needs_an_address(cls, value: bool, info: ValidationInfo) -> bool:
        if value and not info.data.get("base_url", "https:").startswith("https:"):
            raise ValueError("leads to BASE_URL, which must begin with https:// then")
        return value

    @field_validator("mail_starttls")
    @classmethod
    def _not_both(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("mail_use_tls"):
            raise ValueError("excludes MAIL_USE_TLS: choose one")
        return value

    @property
    def is_development(self) -> bool:
        return self.env is Environment.DEVELOPMENT

    @property
    def is_production(self) -> bool:
        return self.env is Environment.PRODUCTION

    @property
    def mailbox_folder(self) -> Path:
        """Where mail goes in development without a server."""
        return self.var_dir / "mailbox"

    def signing_key(self) -> str:
        """The key that signs cookies and links: `SECRET_KEY`, or one kept in `VAR_DIR`.

        The kept one is made on first use. Two processes that start together agree on it:
        it is written aside and linked into place, and the link of the second one fails.
        """
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        kept = self.var_dir / "secret_key"
        if not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            draft = kept.with_name(f"secret_key.{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(48))
            try:
                kept.hardlink_to(draft)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return kept.read_text()


def load_settings() -> Settings:
    """Read the settings, or end the process with one line for each wrong one.

    Raises:
        SystemExit: with code 1, after the lines were written to standard error.
    """
    try:
        return Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = str(problem["loc"][0]).upper() + ": " if problem["loc"] else ""
            message = problem["msg"].removeprefix("Value error, ")
            print(f"settings: {name}{message}", file=sys.stderr)  # noqa: T201
        raise SystemExit(1) from None
