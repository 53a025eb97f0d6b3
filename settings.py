"""All settings of Broadside.

Each field is read from the environment variable of the same name in upper case, or from a `.env`
file in the working directory. Code under `blog/` does not read the environment: `asgi.py`, the
command line, `alembic/env.py` and the tests create a `Settings` and pass it on. `docs/settings.md`
documents the settings, `setting_values.py` validates single values.
"""

import json
import multiprocessing
import os
import secrets
import sys
from collections.abc import Iterable
from contextlib import suppress
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

import setting_checks
import setting_values as values
from database_urls import postgresql_url

# A service manager may name another file; every new process reads it.
ENV_FILE = Path(os.environ.get("ENV_FILE") or ".env")
# The value of `DATABASE_URL` that selects the embedded server explicitly.
EMBEDDED = "embedded"
# Wildcard addresses.
WILDCARD_ADDRESSES = {"0.0.0.0", "::"}  # noqa: S104


class Environment(StrEnum):
    """The environment that the application runs in."""

    DEVELOPMENT = "development"
    TESTING = "testing"
    PRODUCTION = "production"


class LogLevel(StrEnum):
    """The least severe messages that are logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class WorkerPlace(StrEnum):
    """Where background jobs run and mail is sent: in each web process, or only in `blog worker`."""

    INTERNAL = "internal"
    EXTERNAL = "external"


class StorageKind(StrEnum):
    """Where files are stored: in a folder of `VAR_DIR`, or in an S3-compatible bucket."""

    FOLDER = "folder"
    S3 = "s3"


class CacheKind(StrEnum):
    """The cache in front of the site, which determines how surrogate keys are sent and purged."""

    FASTLY = "fastly"
    VARNISH = "varnish"
    CLOUDFLARE = "cloudflare"


class Avatars(StrEnum):
    """The source of avatars."""

    IDENTICON = "identicon"
    GRAVATAR = "gravatar"


class OpenIDProvider(BaseModel):
    """An OpenID Connect provider, whose accounts can log in here.

    Attributes:
        key: identifies it in URLs of this site, such as `example`.
        name: its name on the log-in button.
        internal: whether its host may have a non-standard port, a private address, and no https.
        issuer: its URL, below which its metadata are.
        client_id, client_secret: the credentials of this site.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    key: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    name: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(values.one_line)]
    internal: bool = False
    issuer: str
    client_id: Annotated[str, Field(min_length=1, max_length=255)]
    client_secret: SecretStr | None = None

    @field_validator("issuer")
    @classmethod
    def _validate_issuer(cls, value: str, info: ValidationInfo) -> str:
        return values.issuer(value, internal=info.data.get("internal", False))

    @property
    def internal_host(self) -> str | None:
        """The host of its URL, if it is internal."""
        return urlsplit(self.issuer).hostname if self.internal else None


def example(text: str) -> Any:
    """Declare a valid example, shown in error messages."""
    return Field(examples=[text])


Port = Annotated[int, Field(ge=1, le=65535)]
PageLength = Annotated[int, Field(ge=1, le=200)]
Host = Annotated[str, AfterValidator(values.host)]
Seconds = Annotated[float, Field(allow_inf_nan=False)]


class Settings(BaseSettings):
    """The configuration of one application.

    Raises:
        pydantic.ValidationError: a value is missing or invalid; `load_settings` turns it into one
            line per setting.
    """

    model_config = SettingsConfigDict(
        env_file=ENV_FILE,
        # Some editors write a byte order mark, which must not become part of the first name.
        env_file_encoding="utf-8-sig",
        extra="ignore",
        frozen=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,
        validate_default=True,
    )

    env: Annotated[Environment, example("production")] = Environment.DEVELOPMENT
    secret_key: Annotated[SecretStr | None, example("$(openssl rand -base64 48)")] = None
    secret_key_fallbacks: Annotated[
        tuple[SecretStr, ...], NoDecode, example("'the key before this one'")
    ] = ()
    database_url: Annotated[
        str | None, example("postgresql://user:password@db.example.com/blog")
    ] = None
    database_direct_url: Annotated[
        Annotated[str, AfterValidator(postgresql_url)] | None,
        example("postgresql://user:password@db.example.com/blog"),
    ] = None
    database_replica_url: Annotated[
        Annotated[str, AfterValidator(postgresql_url)] | None,
        example("postgresql://user:password@replica.example.com/blog"),
    ] = None
    database_pool_size: Annotated[int, Field(ge=5, le=1000, examples=["20"])] = 20
    statement_timeout: Annotated[Seconds, Field(ge=0, le=3600, examples=["10"])] = 10
    lock_timeout: Annotated[Seconds, Field(ge=0, le=3600, examples=["5"])] = 5
    idle_in_transaction_timeout: Annotated[Seconds, Field(ge=0, le=3600, examples=["10"])] = 10
    var_dir: Annotated[Path, example("/var/lib/broadside")] = Path("var")

    storage: Annotated[StorageKind, example("s3")] = StorageKind.FOLDER
    storage_bucket: Annotated[
        Annotated[str, AfterValidator(values.bucket)] | None, example("our-site")
    ] = None
    storage_endpoint: Annotated[
        Annotated[str, AfterValidator(values.origin)] | None, example("https://s3.example.com")
    ] = None
    storage_region: Annotated[str, AfterValidator(values.region), example("eu-central-1")] = (
        "us-east-1"
    )
    storage_access_key: Annotated[str | None, example("AKIAIOSFODNN7EXAMPLE")] = None
    storage_secret_key: Annotated[SecretStr | None, example("'the key that goes with it'")] = None
    storage_path_style: Annotated[bool, example("false")] = True
    storage_timeout: Annotated[Seconds, Field(ge=0.1, le=60, examples=["10"])] = 10

    backup_target: Annotated[
        Annotated[str, AfterValidator(values.backup_target)] | None,
        example("s3://our-backups/blog"),
    ] = None
    backup_key: Annotated[
        SecretStr | None,
        example("age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"),
    ] = None

    media_url: Annotated[
        Annotated[str, AfterValidator(values.origin)] | None, example("https://cdn.example.com")
    ] = None
    static_url: Annotated[
        Annotated[str, AfterValidator(values.origin)] | None, example("https://static.example.com")
    ] = None
    media_quota: Annotated[int, Field(ge=1, le=10**6, examples=["1024"])] = 1024
    import_images: Annotated[bool, example("false")] = True
    import_limit: Annotated[int, Field(ge=1, le=1024, examples=["200"])] = 200

    host: Annotated[Host, example("127.0.0.1")] = "127.0.0.1"
    port: Annotated[Port, example("5000")] = 5000
    web_concurrency: Annotated[int, Field(ge=1, le=1000, examples=["2"])] = 1
    tls_certificate: Annotated[Path | None, example("/etc/broadside/site.pem")] = None
    tls_key: Annotated[Path | None, example("/etc/broadside/site.key")] = None

    site_name: Annotated[str, AfterValidator(values.title), example("Our site")] = "Broadside"
    site_tagline: Annotated[
        str, AfterValidator(values.tagline), example("'What we write on our street'")
    ] = "A place to write in public"
    base_url: Annotated[str, AfterValidator(values.origin), example("https://blog.example.com")] = (
        ""
    )
    allowed_hosts: Annotated[
        tuple[Annotated[str, AfterValidator(values.allowed_host)], ...],
        NoDecode,
        example("www.example.com, .example.org"),
    ] = ()
    trusted_proxies: Annotated[
        int | tuple[IPv4Network | IPv6Network, ...],
        PlainValidator(values.proxies),
        NoDecode,
        example("10.0.0.0/8"),
    ] = 0
    https_redirect: Annotated[bool, example("true")] = False
    hsts_subdomains: Annotated[bool, example("true")] = False

    allow_indexing: Annotated[bool, example("false")] = True
    allow_ai_crawlers: Annotated[bool, example("false")] = True
    security_contact: Annotated[
        Annotated[str, AfterValidator(values.contact)] | None, example("security@example.com")
    ] = None
    websub_hub: Annotated[
        Annotated[str, AfterValidator(values.web_url)] | None,
        example("https://hub.example.com/"),
    ] = None

    openid_providers: Annotated[
        tuple[OpenIDProvider, ...],
        NoDecode,
        example(
            """'[{"key": "example", "name": "Example", "issuer": "https://login.example.com", """
            """"client_id": "broadside", "client_secret": "a secret"}]'"""
        ),
    ] = ()

    avatars: Annotated[Avatars, example("identicon")] = Avatars.IDENTICON

    mail_server: Annotated[Host | None, example("smtp.example.com")] = None
    mail_port: Annotated[Port, example("587")] = 25
    mail_use_tls: Annotated[bool, example("true")] = False
    mail_starttls: Annotated[bool, example("true")] = False
    mail_username: Annotated[str | None, example("blog")] = None
    mail_password: Annotated[SecretStr | None, example("'a password'")] = None
    mail_sender: Annotated[
        str, AfterValidator(values.mailbox), example("'Our site <post@example.com>'")
    ] = "Broadside <broadside@localhost>"
    mail_subject_prefix: Annotated[
        str, AfterValidator(values.one_line), example("'[Our site] '")
    ] = "[Broadside] "
    mail_timeout: Annotated[Seconds, Field(ge=0.1, le=3600, examples=["30"])] = 30
    # The former name of `background_worker`, which defaults to it.
    mail_worker: Annotated[WorkerPlace | None, example("external")] = None
    background_worker: Annotated[WorkerPlace, example("external")] = ""  # type: ignore[assignment]
    admin_email: Annotated[
        list[Annotated[str, AfterValidator(values.address)]], NoDecode, example("susan@example.com")
    ] = []

    api_anonymous_reads: Annotated[bool, example("true")] = True
    rate_limits: Annotated[bool, example("true")] = True

    posts_per_page: Annotated[PageLength, example("20")] = 20
    followers_per_page: Annotated[PageLength, example("50")] = 50
    comments_per_page: Annotated[PageLength, example("30")] = 30
    slow_query_seconds: Annotated[Seconds, Field(ge=0, examples=["0.5"])] = 0.5
    log_to: Annotated[str, AfterValidator(values.log_target), example("/var/log/broadside.log")] = (
        "stderr"
    )
    log_level: Annotated[LogLevel, example("warning")] = LogLevel.INFO
    shared_cache_seconds: Annotated[int, Field(ge=0, le=3600, examples=["1"])] = 0
    purge_url: Annotated[
        Annotated[str, AfterValidator(values.purge_url)] | None,
        example("http://127.0.0.1:6081/"),
    ] = None
    purge_cache: Annotated[CacheKind, example("fastly")] = CacheKind.VARNISH
    purge_token: Annotated[SecretStr | None, example("a-token-of-the-cache")] = None
    purged_cache_seconds: Annotated[int, Field(ge=1, le=86_400, examples=["3600"])] = 3600
    metrics_token: Annotated[SecretStr | None, example("$(openssl rand -hex 24)")] = None
    # These have the names that OpenTelemetry specifies.
    otel_exporter_otlp_endpoint: Annotated[
        Annotated[str, AfterValidator(values.collector)] | None, example("http://127.0.0.1:4318")
    ] = None
    otel_exporter_otlp_headers: Annotated[
        SecretStr | None, example("'authorization=Bearer%20a-key'")
    ] = None
    otel_traces_sampler_arg: Annotated[
        float, Field(ge=0, le=1, allow_inf_nan=False, examples=["0.1"])
    ] = 0.1
    otel_service_name: Annotated[str, AfterValidator(values.one_line), example("broadside")] = (
        "broadside"
    )

    @field_validator("*", mode="before")
    @classmethod
    def _reject_surrogates(cls, value: object) -> object:
        """Refuse bytes of other encodings, which os.environ decodes to surrogates."""
        if isinstance(value, str) and any("\ud800" <= each <= "\udfff" for each in value):
            raise ValueError("must be written in UTF-8")
        return value

    @field_validator("admin_email", "allowed_hosts", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        """Split a comma-separated list, and convert it to lower case."""
        if isinstance(value, str):
            return [each.strip().lower() for each in value.split(",") if each.strip()]
        return value

    @field_validator("openid_providers", mode="before")
    @classmethod
    def _parse_providers(cls, value: object) -> object:
        """Parse a JSON list of objects."""
        if not isinstance(value, str):
            return value
        try:
            found = json.loads(value)
        except ValueError:
            raise ValueError("must be a JSON list of objects") from None
        if not isinstance(found, list):
            raise ValueError("must be a JSON list of objects")
        try:
            return tuple(OpenIDProvider.model_validate(each) for each in found)
        except ValidationError as error:
            place = error.errors(include_input=False)[0]["loc"]
        if not place:
            raise ValueError("must be a JSON list of objects")
        raise ValueError(f"has an object whose {place[0]} is missing, unknown or wrong")

    @field_validator("openid_providers")
    @classmethod
    def _require_unique_keys(cls, value: tuple[OpenIDProvider, ...]) -> tuple[OpenIDProvider, ...]:
        if len({each.key for each in value}) < len(value):
            raise ValueError("must have a different key for each object")
        return value

    @field_validator("secret_key_fallbacks", mode="before")
    @classmethod
    def _split_keys(cls, value: object) -> object:
        """Split a comma-separated list of keys."""
        if isinstance(value, str):
            return [each.strip() for each in value.split(",") if each.strip()]
        return value

    @field_validator("secret_key", "secret_key_fallbacks")
    @classmethod
    def _require_strong_keys(cls, value: Any, info: ValidationInfo) -> Any:
        if info.data.get("env") is Environment.PRODUCTION:
            for key in value if isinstance(value, tuple) else (value,):
                values.secret(key.get_secret_value() if key else "")
        return value

    @field_validator("database_url", mode="before")
    @classmethod
    def _parse_database_url(cls, value: str | None, info: ValidationInfo) -> str | None:
        """Map the embedded server to `None`. In production it has to be selected explicitly."""
        if value and value.strip().lower() != EMBEDDED:
            return postgresql_url(value)
        if not value and info.data.get("env") is Environment.PRODUCTION:
            raise ValueError(
                f"is required in production; DATABASE_URL={EMBEDDED} selects the embedded "
                "server, in VAR_DIR"
            )
        return None

    @field_validator("var_dir")
    @classmethod
    def _make_absolute(cls, value: Path) -> Path:
        try:
            folder = value.expanduser().absolute()
        except RuntimeError:
            raise ValueError("is in the home directory of a user that doesn't exist") from None
        if folder.exists() and not folder.is_dir():
            raise ValueError("must be a folder, but is a file")
        return folder

    @field_validator("storage_bucket", "storage_access_key", "storage_secret_key")
    @classmethod
    def _require_for_s3(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and info.data.get("storage") is StorageKind.S3:
            raise ValueError("is required for STORAGE=s3")
        return value

    @field_validator("backup_key")
    @classmethod
    def _validate_age_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            values.age_key(value.get_secret_value())
        return value

    @field_validator("tls_key")
    @classmethod
    def _require_both_or_neither(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if "tls_certificate" in info.data and (value is None) != (
            info.data["tls_certificate"] is None
        ):
            raise ValueError("belongs to TLS_CERTIFICATE: set both, or neither")
        return value

    @field_validator("base_url", mode="before")
    @classmethod
    def _default_base_url(cls, value: str, info: ValidationInfo) -> str:
        """Outside production, default to the listening address."""
        if value:
            return value
        if info.data.get("env") is Environment.PRODUCTION:
            raise ValueError("is required in production")
        # Invalid values have their own error message.
        host, port = info.data.get("host", "localhost"), info.data.get("port", 5000)
        host = "localhost" if host in WILDCARD_ADDRESSES else f"[{host}]" if ":" in host else host
        scheme = "https" if info.data.get("tls_certificate") else "http"
        return f"{scheme}://{host}:{port}"

    @field_validator("https_redirect")
    @classmethod
    def _require_https_base_url(cls, value: bool, info: ValidationInfo) -> bool:
        if value and not info.data.get("base_url", "https:").startswith("https:"):
            raise ValueError("needs a BASE_URL that starts with https://")
        return value

    @field_validator("hsts_subdomains")
    @classmethod
    def _require_https_redirect(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("https_redirect") is False:
            raise ValueError("needs HTTPS_REDIRECT, which is off")
        return value

    @field_validator("mail_starttls")
    @classmethod
    def _reject_both_tls_modes(cls, value: bool, info: ValidationInfo) -> bool:
        if value and info.data.get("mail_use_tls"):
            raise ValueError("can't be combined with MAIL_USE_TLS, so choose one of the two")
        return value

    @field_validator("background_worker", mode="before")
    @classmethod
    def _default_worker_place(cls, value: object, info: ValidationInfo) -> object:
        return value or info.data.get("mail_worker") or WorkerPlace.INTERNAL

    @field_validator("purge_token")
    @classmethod
    def _validate_purge_token(
        cls, value: SecretStr | None, info: ValidationInfo
    ) -> SecretStr | None:
        if value is not None:
            values.header_value(value.get_secret_value())
        elif info.data.get("purge_url") and info.data.get("purge_cache") != CacheKind.VARNISH:
            raise ValueError("is required for PURGE_URL, unless PURGE_CACHE is varnish")
        return value

    @field_validator("metrics_token")
    @classmethod
    def _validate_metrics_token(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            values.bearer(value.get_secret_value())
        return value

    @field_validator("otel_exporter_otlp_headers")
    @classmethod
    def _validate_headers(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            values.parse_headers(value.get_secret_value())
        return value

    @property
    def is_development(self) -> bool:
        return self.env is Environment.DEVELOPMENT

    @property
    def is_production(self) -> bool:
        return self.env is Environment.PRODUCTION

    @property
    def mailbox_folder(self) -> Path:
        """The folder for mail in development without a mail server."""
        return self.var_dir / "mailbox"

    @property
    def storage_folder(self) -> Path:
        """The folder for files without a bucket."""
        return self.var_dir / "files"

    def otlp_headers(self) -> dict[str, str]:
        """The headers of requests to the telemetry collector."""
        headers = self.otel_exporter_otlp_headers
        return values.parse_headers(headers.get_secret_value()) if headers else {}

    def signing_keys(self) -> list[str]:
        """The keys of valid cookies and links, as itsdangerous expects them: the last one signs."""
        return [*(key.get_secret_value() for key in self.secret_key_fallbacks), self.signing_key()]

    def signing_key(self) -> str:
        """The key that signs cookies and links: `SECRET_KEY`, or a generated one stored in
        `VAR_DIR`.

        It is generated on first use. Processes that start together agree on it: each writes a
        temporary file and links it into place, and only the first link succeeds.
        """
        if self.secret_key is not None:
            return self.secret_key.get_secret_value()
        file = self.var_dir / "secret_key"
        if not file.exists():
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = file.with_name(f"secret_key.{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(48))
            try:
                file.hardlink_to(draft)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return file.read_text()


def load_settings() -> Settings:
    """Read the settings, or exit with one line per invalid setting.

    The main process also reports names that look like misspelt settings.

    Raises:
        SystemExit: with code 1, after writing the lines to standard error.
    """
    if reason := setting_checks.find_file_error(ENV_FILE, required="ENV_FILE" in os.environ):
        _report([reason])
        raise SystemExit(1)
    if multiprocessing.parent_process() is None:
        known = [name.upper() for name in Settings.model_fields]
        _report(setting_checks.find_misspelt(setting_checks.all_names(ENV_FILE), known))
    try:
        return Settings()
    except ValidationError as error:
        _report(setting_checks.error_lines(error, Settings.model_fields))
        raise SystemExit(1) from None


def _report(lines: Iterable[str]) -> None:
    """Write lines to standard error, which may be closed."""
    if sys.stderr is not None:
        with suppress(OSError):
            for line in lines:
                print(f"settings: {line}", file=sys.stderr, flush=True)  # noqa: T201
