"""Validation of single settings.

Each function validates one text, and raises `ValueError` with a message that follows the setting's
name: "must be …".
"""

import re
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, unquote, urlsplit

from email_validator import EmailNotValidError, validate_email

SHORTEST_SECRET = 32
FEWEST_CHARACTERS = 8
SHORTEST_PERIOD = 16
SHORTEST_TOKEN = 16
NAME = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?"
# A quoted name, or one without characters that need quoting.
SENDER = re.compile(
    r"""(?P<name>"[^"\\]*"\s*|[^"\\()<>\[\]:;@,]*)<(?P<address>[^<>\s]+)>|(?P<alone>[^<>\s]+)"""
)


def secret(text: str) -> str:
    """A signing key that is not obviously guessable."""
    if len(text) < SHORTEST_SECRET:
        raise ValueError(f"must have at least {SHORTEST_SECRET} characters in production")
    # The period of a string is the smallest shift at which it occurs in its own repetition.
    period = (text + text).find(text, 1)
    if len(set(text)) < FEWEST_CHARACTERS or period < SHORTEST_PERIOD:
        raise ValueError("must be random, but repeats the same few characters")
    return text


def origin(text: str) -> str:
    """`http(s)://host[:port]`, without trailing slash."""
    if not text.isascii():
        raise ValueError("must be ASCII: write an international domain name as xn--…")
    parts, host = _split(text)
    if parts.path.strip("/"):
        raise ValueError(
            "must not have a path: the site is always at the root of a host, so it needs "
            "its own host name"
        )
    if parts.query or parts.fragment or "@" in parts.netloc or parts.port == 0:
        raise ValueError("must be a scheme, a host and optionally a port, and nothing else")
    if not is_host(host):
        raise ValueError("has no host, or one with characters that host names can't have")
    return text.rstrip("/")


def _split(text: str) -> tuple[SplitResult, str]:
    """Split an http(s) URL; returns its parts and its host, or an empty one if it has none."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("has a host or port that can't exist") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("must start with https:// or http://")
    return parts, host


def web_url(text: str, *, any_port: bool = False) -> str:
    """`http(s)://host/path`, on the standard port, as `blog.core.web.fetching` can fetch it."""
    parts, host = _split(text)
    if not is_host(host) or (parts.port and not any_port) or "@" in parts.netloc or parts.fragment:
        raise ValueError("must have a host, and neither a port, a password nor a fragment")
    if not text.isascii() or not text.isprintable() or any(each in text for each in ' "<>'):
        raise ValueError("must be ASCII, without spaces")
    return text


def issuer(text: str, *, internal: bool) -> str:
    """The URL of an issuer (OpenID Connect Discovery 1.0, 3): https, unless it is internal."""
    if not (internal or text.startswith("https://")):
        raise ValueError("must start with https://")
    return web_url(text, any_port=internal)


def is_host(text: str) -> bool:
    """Whether `text` is an IP address or a valid host name."""
    try:
        ip_address(text)
    except ValueError:
        is_number = re.fullmatch(r"[0-9.]+", text) is not None
        return not is_number and re.fullmatch(NAME, text, re.IGNORECASE) is not None
    return True


def host(text: str) -> str:
    """An IP address or host name."""
    if not is_host(text):
        raise ValueError("must be an IP address or a host name, without a port")
    return text


def allowed_host(text: str) -> str:
    """A host name as browsers send it, or a domain with a leading dot."""
    if not re.fullmatch(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", text):
        raise ValueError("must be host names without scheme and port, separated by commas")
    return text


def proxies(value: object) -> int | tuple[IPv4Network | IPv6Network, ...]:
    """The number of proxies, or their networks, separated by commas."""
    text = str(value).strip()
    if re.fullmatch("[0-9]{1,2}", text, re.ASCII):
        return int(text)
    try:
        return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())
    except ValueError as error:
        reason = str(error) if "host bits" in str(error) else "it's neither"
        raise ValueError(f"must be a number of proxies, or their networks: {reason}") from None


def address(text: str) -> str:
    """An email address."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        raise ValueError("must be email addresses, separated by commas") from None


def contact(text: str) -> str:
    """An email address, or the URL of a page."""
    if "://" in text:
        return web_url(text)
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        raise ValueError("must be an email address, or a URL that starts with https://") from None


def mailbox(text: str) -> str:
    """A sender: an address, or a name and an address (RFC 5322, 3.4)."""
    sender = SENDER.fullmatch(text)
    try:
        if sender is None or not text.isprintable():
            raise ValueError
        local, _, domain = (sender["address"] or sender["alone"]).rpartition("@")
        # localhost is allowed, for a local mail server.
        if not is_host(domain.encode("idna").decode()):
            raise ValueError
        validate_email(f"{local}@example.com", check_deliverability=False)
    except ValueError:
        raise ValueError("must be an email address, or a name and an address in <>") from None
    return text


def one_line(text: str) -> str:
    """A short text without control characters."""
    if not text.isprintable() or len(text) > 64:
        raise ValueError("must be one line of at most 64 characters")
    return text


def title(text: str) -> str:
    """A short text with visible characters."""
    if not text.strip():
        raise ValueError("must not be blank")
    return one_line(text)


def tagline(text: str) -> str:
    """A sentence of one line."""
    if not text.strip() or not text.isprintable() or len(text) > 120:
        raise ValueError("must be one line of at most 120 characters, and not blank")
    return text


def log_target(text: str) -> str:
    """A log target. A bare word is probably a typo and not the name of a file."""
    if text not in {"stderr", "syslog"} and "/" not in text.removeprefix("syslog:"):
        raise ValueError(
            "must be stderr, syslog, syslog:/path/of/the/socket, or the path of a file"
        )
    return text


def bucket(text: str) -> str:
    """The name of a bucket (Amazon S3, "General purpose bucket naming rules")."""
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]", text):
        raise ValueError(
            "must have 3 to 63 characters: lower-case letters, digits, hyphens and single dots"
        )
    return text


def backup_target(text: str) -> str:
    """`s3://bucket/prefix`, or the absolute path of a folder."""
    if text.startswith("s3://"):
        name, _, prefix = text.removeprefix("s3://").strip("/").partition("/")
        bucket(name)
        if not re.fullmatch(r"[a-z0-9_/-]{0,200}", prefix):
            raise ValueError("must have only a-z, 0-9, hyphens and slashes after the bucket")
        return f"s3://{name}/{prefix}".rstrip("/")
    if not text.startswith("/"):
        raise ValueError("must be the absolute path of a folder, or s3://bucket/prefix")
    return text.rstrip("/") + "/"


def age_key(text: str) -> str:
    """An age key (age-encryption.org), secret or public."""
    # Imported here because few sites have such a key.
    import pyrage  # noqa: PLC0415

    try:
        if text.startswith("AGE-SECRET-KEY-1"):
            pyrage.x25519.Identity.from_str(text)
        else:
            pyrage.x25519.Recipient.from_str(text)
    except (pyrage.IdentityError, pyrage.RecipientError):
        raise ValueError(
            "must be a key that age-keygen has made: AGE-SECRET-KEY-1…, or age1…"
        ) from None
    return text


def region(text: str) -> str:
    """The region of a bucket."""
    if not re.fullmatch("[a-z0-9-]{1,63}", text):
        raise ValueError("must have lower-case letters, digits and hyphens only")
    return text


def collector(text: str) -> str:
    """The base URL of an OTLP/HTTP collector; requires the telemetry packages."""
    parts, host = _split(text)
    if not is_host(host) or "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("must be a scheme, a host, and optionally a port and a path")
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        raise ValueError("needs the packages of broadside[telemetry], which are not installed")
    return text.rstrip("/")


def parse_headers(text: str) -> dict[str, str]:
    """Parse headers in OpenTelemetry's format: comma-separated `name=value`, percent-encoded."""
    pairs = [each.partition("=") for each in text.split(",") if each.strip()]
    found = {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs}
    for name, value in found.items():
        if not re.fullmatch(r"[a-z0-9-]+", name) or not re.fullmatch("[ -~]+", value):
            raise ValueError("must be name=value, with a space as %20, separated by commas")
    return found


def purge_url(text: str) -> str:
    """The URL for purge requests to a cache, which may be on this machine or a private network."""
    return web_url(text, any_port=True)


def header_value(text: str) -> str:
    """A secret that can be sent in a header."""
    if not (text.isascii() and text.isprintable() and " " not in text):
        raise ValueError("must be ASCII, without spaces")
    return text


def bearer(text: str) -> str:
    """A token that can be sent in a header."""
    if len(text) < SHORTEST_TOKEN or not (text.isascii() and text.isprintable()):
        raise ValueError(f"must have at least {SHORTEST_TOKEN} characters, all of them ASCII")
    return text
