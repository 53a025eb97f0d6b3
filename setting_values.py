"""What a single setting may be. Each function checks one text, and raises `ValueError` with words
that go on after the setting's name: "must be …".
"""

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email

SHORTEST_SECRET = 32
FEWEST_CHARACTERS = 8
SHORTEST_PERIOD = 16
SHORTEST_TOKEN = 16
NAME = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*\.?"
# The name in quotes, or without characters that would have to be.
SENDER = re.compile(
    r"""(?P<name>"[^"\\]*"\s*|[^"\\()<>\[\]:;@,]*)<(?P<address>[^<>\s]+)>|(?P<alone>[^<>\s]+)"""
)


def secret(text: str) -> str:
    """A signing key that nobody can guess, as far as can be told by looking at it."""
    if len(text) < SHORTEST_SECRET:
        raise ValueError(f"must have at least {SHORTEST_SECRET} characters in production")
    # A text of which a part is repeated is found in itself, moved by the length of that part.
    period = (text + text).find(text, 1)
    if len(set(text)) < FEWEST_CHARACTERS or period < SHORTEST_PERIOD:
        raise ValueError("must be random, and this repeats the same few characters")
    return text


def origin(text: str) -> str:
    """`http(s)://host[:port]`, without its last slash."""
    if not text.isascii():
        raise ValueError("must be written in ASCII, an international name in its form xn--…")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError("has a host or a port that there cannot be") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("must begin with https:// or http://")
    if parts.path.strip("/"):
        raise ValueError(
            "must not have a path: the site is always at the root of a host, "
            "so give it a name of its own"
        )
    if parts.query or parts.fragment or "@" in parts.netloc or parts.port == 0:
        raise ValueError("must be a scheme, a host and perhaps a port, and nothing more")
    if not is_host(host):
        raise ValueError("has no host, or one with characters that no host's name has")
    return text.rstrip("/")


def is_host(text: str) -> bool:
    """Whether `text` is an IP address, or could be the name of a host."""
    try:
        ip_address(text)
    except ValueError:
        is_number = re.fullmatch(r"[0-9.]+", text) is not None
        return not is_number and re.fullmatch(NAME, text, re.IGNORECASE) is not None
    return True


def place(text: str) -> str:
    """The address or name of a network interface of this machine, or of a server."""
    if not is_host(text):
        raise ValueError("must be an IP address or the name of a host, without a port")
    return text


def allowed_host(text: str) -> str:
    """The name of a host as a browser sends it, or the end of some names, with a dot before it."""
    if not re.fullmatch(r"\.?[a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]", text):
        raise ValueError("must have names without a scheme and a port, with commas between them")
    return text


def proxies(value: object) -> int | tuple[IPv4Network | IPv6Network, ...]:
    """How many proxies there are, or the networks they are in, with commas between them."""
    text = str(value).strip()
    if re.fullmatch("[0-9]{1,2}", text, re.ASCII):
        return int(text)
    try:
        return tuple(ip_network(each.strip()) for each in text.split(",") if each.strip())
    except ValueError as error:
        reason = str(error) if "host bits" in str(error) else "this is neither"
        raise ValueError(f"must be a number of proxies, or their networks: {reason}") from None


def address(text: str) -> str:
    """Somebody's e-mail address."""
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        raise ValueError("must have e-mail addresses, with commas between them") from None


def mailbox(text: str) -> str:
    """An address that mail is sent from, or a name and an address (RFC 5322, 3.4)."""
    written = SENDER.fullmatch(text)
    try:
        if written is None or not text.isprintable():
            raise ValueError
        local, _, domain = (written["address"] or written["alone"]).rpartition("@")
        # A name such as localhost will do: the mail server may be in the same house.
        if not is_host(domain.encode("idna").decode()):
            raise ValueError
        validate_email(f"{local}@example.com", check_deliverability=False)
    except ValueError:
        raise ValueError("must be an e-mail address, or a name and an address in <>") from None
    return text


def one_line(text: str) -> str:
    """A short text without control characters."""
    if not text.isprintable() or len(text) > 64:
        raise ValueError("must be one line of at most 64 characters")
    return text


def title(text: str) -> str:
    """A short text that shows something."""
    if not text.strip():
        raise ValueError("must have something that people can read")
    return one_line(text)


def log_target(text: str) -> str:
    """Where log lines go: a bare word would be a file nobody meant."""
    if text not in {"stderr", "syslog"} and "/" not in text.removeprefix("syslog:"):
        raise ValueError(
            "must be stderr, syslog, syslog:/path/of/its/socket, or the path of a file"
        )
    return text


def bucket(text: str) -> str:
    """The name of a bucket (Amazon S3, "General purpose bucket naming rules")."""
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]", text):
        raise ValueError(
            "must have 3 to 63 characters, small letters, digits, hyphens and single dots"
        )
    return text


def region(text: str) -> str:
    """What a store calls the place where it is."""
    if not re.fullmatch("[a-z0-9-]{1,63}", text):
        raise ValueError("must be a word of small letters, digits and hyphens")
    return text


def bearer(text: str) -> str:
    """A token that a program can send in a header."""
    if len(text) < SHORTEST_TOKEN or not (text.isascii() and text.isprintable()):
        raise ValueError(f"must have at least {SHORTEST_TOKEN} characters, all of them ASCII")
    return text
