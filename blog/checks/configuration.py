"""Checks of the settings."""

import stat
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parseaddr
from importlib.metadata import version
from ipaddress import ip_address
from urllib.parse import urlsplit

import setting_values
from blog.checks.certificate import check_certificate
from blog.checks.findings import Finding, ok, serious, warning
from blog.core.clock import now
from blog.core.db.migrations import PROJECT
from settings import Settings

# The names of migrations start with their date.
MIGRATIONS = PROJECT / "alembic" / "versions"
# There is probably a newer version if this one is older than that.
OLD = timedelta(days=180)
# From the IANA's registry of special-use domain names.
NOT_PUBLIC = ("localhost", "local", "internal", "test", "example", "invalid")

# Permission bits of group and others, except execute, which the system user of an embedded server
# needs.
OTHERS_MAY = stat.S_IRWXG & ~stat.S_IXGRP | stat.S_IRWXO & ~stat.S_IXOTH


def check_configuration(settings: Settings) -> Iterator[Finding]:
    """Check each setting that production depends on."""
    yield _check_version()
    yield _check_environment(settings)
    yield _check_secret_key(settings)
    yield _check_base_url(settings)
    yield from _check_https(settings)
    yield from _check_other_hosts(settings)
    yield from _check_mail(settings)
    yield _check_administrators(settings)
    if not settings.rate_limits:
        yield warning(
            "RATE_LIMITS", "off: clients can send any number of requests", "set RATE_LIMITS=on"
        )
    if settings.mail_worker is not None:
        text = "the former name of BACKGROUND_WORKER"
        yield warning("MAIL_WORKER", text, "rename it to BACKGROUND_WORKER")
    yield _check_var_dir(settings)


def _check_version() -> Finding:
    """Check how old this version is. Nobody is contacted to ask for a newer one."""
    newest = max(file.name[:8] for file in MIGRATIONS.glob("20*.py"))
    released = datetime.strptime(newest, "%Y%m%d").replace(tzinfo=UTC)
    text = f"{version('broadside')}, of {released:%Y-%m-%d}"
    if now() - released > OLD:
        return warning("Version", text, "look for a newer one, which may fix security problems")
    return ok("Version", text)


def _check_environment(settings: Settings) -> Finding:
    if settings.is_production:
        return ok("ENV", "production")
    return serious(
        "ENV", f"the site runs in {settings.env} mode, with weaker cookies", "set ENV=production"
    )


def _check_secret_key(settings: Settings) -> Finding:
    hint = 'make one with: python -c "import secrets; print(secrets.token_urlsafe(48))"'
    if settings.secret_key is None:
        text = "not set: each machine has its own in VAR_DIR, and rejects the others' cookies"
        return serious("SECRET_KEY", text, hint)
    try:
        setting_values.secret(settings.secret_key.get_secret_value())
    except ValueError as error:
        return serious("SECRET_KEY", str(error), hint)
    return ok("SECRET_KEY", "set")


def _check_base_url(settings: Settings) -> Finding:
    parts = urlsplit(settings.base_url)
    hint = "set it to the site's public URL, such as https://blog.example.com"
    if not _is_public(parts.hostname or ""):
        return serious("BASE_URL", f"{settings.base_url} isn't a public address", hint)
    if parts.scheme != "https":
        return serious(
            "BASE_URL", "not https: browsers reject the cookies, so nobody can log in", hint
        )
    return ok("BASE_URL", settings.base_url)


def _check_https(settings: Settings) -> Iterator[Finding]:
    """Check whether the site or a trusted proxy terminates TLS."""
    if settings.tls_certificate is not None:
        yield check_certificate(settings.tls_certificate)
    elif not settings.trusted_proxies:
        text = "neither TLS_CERTIFICATE nor TRUSTED_PROXIES is set: no request is HTTPS"
        hint = "set TRUSTED_PROXIES to the network of the proxy, or TLS_CERTIFICATE and TLS_KEY"
        yield serious("HTTPS", text, hint)
    elif isinstance(settings.trusted_proxies, int) and not is_loopback(settings.host):
        text = f"a number, while HOST is {settings.host}: clients that bypass the proxy are trusted"
        yield warning("TRUSTED_PROXIES", text, "set it to the network of the proxy")
    else:
        yield ok("HTTPS", "terminated by a proxy")
    if settings.https_redirect:
        yield ok("HTTPS_REDIRECT", "on")
    else:
        text = "off: browsers aren't told to use only HTTPS"
        yield warning("HTTPS_REDIRECT", text, "set HTTPS_REDIRECT=true")


def _check_other_hosts(settings: Settings) -> Iterator[Finding]:
    """Check whether browsers can load files from other hosts."""
    for name, url in (("MEDIA_URL", settings.media_url), ("STATIC_URL", settings.static_url)):
        if url is None:
            continue
        parts = urlsplit(url)
        if parts.scheme != "https" and urlsplit(settings.base_url).scheme == "https":
            text = f"{url} isn't https: browsers won't load its files on our pages"
            yield serious(name, text, "set it to the https:// address of the CDN")
        elif not _is_public(parts.hostname or ""):
            yield serious(name, f"{url} isn't a public address", "set it to the address of the CDN")
        else:
            yield ok(name, url)


def _check_mail(settings: Settings) -> Iterator[Finding]:
    sender = parseaddr(settings.mail_sender)[1]
    if _is_public(sender.rpartition("@")[2]):
        yield ok("MAIL_SENDER", sender)
    else:
        hint = "set it to an address that the mail server can send from"
        yield serious(
            "MAIL_SENDER", f"{sender} isn't an address that others accept mail from", hint
        )
    if settings.mail_server is None:
        text = "not set: mail stays in the outbox, and nobody can confirm their address"
        yield serious("MAIL_SERVER", text, "set it to the SMTP server of your provider")
    encrypted = settings.mail_use_tls or settings.mail_starttls
    if settings.mail_username and not encrypted:
        text = "neither MAIL_STARTTLS nor MAIL_USE_TLS is set: the password is sent unencrypted"
        yield warning("MAIL_PASSWORD", text, "use MAIL_STARTTLS with port 587")


def _check_administrators(settings: Settings) -> Finding:
    if settings.admin_email:
        return ok("ADMIN_EMAIL", ", ".join(settings.admin_email))
    return warning(
        "ADMIN_EMAIL", "not set: nobody is notified of errors", "set it to your own address"
    )


def _check_var_dir(settings: Settings) -> Finding:
    try:
        settings.var_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.var_dir):
            pass
        mode = stat.S_IMODE(settings.var_dir.stat().st_mode)
    except OSError as error:
        text = f"{settings.var_dir} isn't writable: {error.strerror}"
        return serious("VAR_DIR", text, "give it to the user that runs the site")
    if mode & OTHERS_MAY:
        text = f"{settings.var_dir} is accessible to other users of this machine (mode {mode:o})"
        return warning("VAR_DIR", text, f"chmod 700 {settings.var_dir}")
    return ok("VAR_DIR", f"only its owner can access {settings.var_dir}")


def _is_public(host: str) -> bool:
    """Whether a host name or IP address is public."""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and host.rpartition(".")[2] not in NOT_PUBLIC


def is_loopback(host: str) -> bool:
    """Whether a host name or IP address is loopback."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
