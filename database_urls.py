"""Validation and normalisation of database URLs in libpq's format.

The parameters are documented by PostgreSQL, "Connection Strings" and "Parameter Key Words";
`blog/core/db/connecting.py` implements them.
"""

import re
from urllib.parse import unquote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

ADDRESS = re.compile(
    r"(?P<start>[^/:]+://(?:[^@/?]*@)?)(?P<hosts>[^/?@]*)(?P<rest>(?:[/?].*)?)", re.DOTALL
)
HOST = re.compile(
    r"(?P<name>/[^:]+|\[[^\]]+\]|[0-9A-Fa-f.]*(?::[0-9A-Fa-f.]*){2,}|[^:/\[\]]+)"
    r"(?::(?P<port>\d*))?"
)
# The values of target_session_attrs; the first one is the default with several hosts.
ROLES = ("read-write", "primary", "any")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
ANY_TEXT = r".+"


def _one_of(*words: str) -> str:
    return "|".join(map(re.escape, words))


# The supported parameters with their values, except for hosts, names and passwords.
SUPPORTED = {
    "application_name": ANY_TEXT,
    "connect_timeout": r"\d{1,4}",
    "options": ANY_TEXT,
    "passfile": ANY_TEXT,
    "prepared_statement_cache_size": r"\d{1,6}",
    "ssl_max_protocol_version": _one_of(*TLS_VERSIONS),
    "ssl_min_protocol_version": _one_of(*TLS_VERSIONS),
    "sslcert": ANY_TEXT,
    "sslcrl": ANY_TEXT,
    "sslkey": ANY_TEXT,
    "sslmode": _one_of(*SSL_MODES),
    "sslnegotiation": _one_of("postgres", "direct"),
    "sslpassword": ANY_TEXT,
    "sslrootcert": ANY_TEXT,
    "target_session_attrs": _one_of(*ROLES),
}
# Parameters that are accepted, and ignored, with these values, because they describe what happens
# anyway.
IGNORED = {
    "channel_binding": _one_of("disable", "prefer", "require"),
    "client_encoding": r"(?i:utf-?8|auto)",
    "fallback_application_name": ANY_TEXT,
    "gssdelegation": "0",
    "gssencmode": _one_of("disable", "prefer"),
    "keepalives": r"1",
    "keepalives_count": r"\d+",
    "keepalives_idle": r"\d+",
    "keepalives_interval": r"\d+",
    "load_balance_hosts": "disable",
    "sslcertmode": _one_of("allow", "disable"),
    "sslcompression": "0",
    "sslsni": "1",
    "tcp_user_timeout": r"\d+",
}
# Parameters for parts of the URL.
URL_PARTS = {"host", "port", "user", "password", "dbname"}


def postgresql_url(text: str) -> str:
    """Validate and normalise a database URL.

    Args:
        text: `postgres://`, `postgresql://` or `postgresql+asyncpg://` followed by the rest of a
            libpq URL. asyncpg's `ssl` becomes `sslmode`. Several hosts may be in libpq's or
            SQLAlchemy's format; the first one that answers and matches `target_session_attrs` will
            be used.

    Returns:
        The URL for SQLAlchemy and `blog/core/db/connecting.py`.

    Raises:
        ValueError: it is not the URL of a PostgreSQL database; the message does not contain it.
    """
    found = ADDRESS.fullmatch(text)
    try:
        url = make_url(found["start"] + found["rest"] if found else "")
    except (ArgumentError, ValueError):
        raise ValueError("is not a URL") from None
    if url.drivername not in {"postgres", "postgresql", "postgresql+asyncpg"}:
        raise ValueError(f"must start with postgresql://, not {url.drivername}://")
    parameters = _parameters(url)
    in_authority = found["hosts"].split(",") if found and found["hosts"] else []
    hosts = _hosts(in_authority, _split_parameter(url, "host"), _split_parameter(url, "port"))
    query = {name: value for name, value in parameters.items() if name in SUPPORTED}
    if len(hosts) > 1:
        query.setdefault("target_session_attrs", ROLES[0])
    # Channel binding protects against man-in-the-middle attacks; so does verifying the certificate.
    if parameters.get("channel_binding") == "require" and "verify" not in parameters.get(
        "sslmode", ""
    ):
        query["sslmode"] = "verify-full"
    if parameters.get("sslrootcert") == "system":
        if parameters.get("sslmode", "verify-full") != "verify-full":
            raise ValueError("has sslrootcert=system, which requires sslmode=verify-full")
        query["sslmode"] = "verify-full"
    host, port, places = _url_parts(hosts)
    return URL.create(
        "postgresql+asyncpg",
        url.username or parameters.get("user"),
        url.password if url.password is not None else parameters.get("password"),
        host,
        port,
        url.database or parameters.get("dbname"),
        places | query,
    ).render_as_string(hide_password=False)


def urls_of_hosts(url: str) -> list[str]:
    """Split a URL with several hosts into one for each, in the same order.

    Args:
        url: as `postgresql_url` returns it. `target_session_attrs`, the choice among several hosts,
            is left out.
    """
    parsed = make_url(url)
    hosts, ports = _split_parameter(parsed, "host"), _split_parameter(parsed, "port")
    if len(hosts) < 2:
        return [url]
    bare = parsed.difference_update_query(["host", "port", "target_session_attrs"])
    urls = []
    for at, name in enumerate(hosts):
        host, port, places = _url_parts([(name, ports[at] if ports else "")])
        single = bare.set(host=host, port=port).update_query_dict(places)
        urls.append(single.render_as_string(hide_password=False))
    return urls


def _parameters(url: URL) -> dict[str, str]:
    """The query parameters, except for hosts and ports.

    Raises:
        ValueError: a parameter is unknown, is repeated, or has an invalid value.
    """
    names = {name: "sslmode" if name == "ssl" else name for name in url.query}
    if unknown := names.keys() - {"ssl"} - SUPPORTED.keys() - IGNORED.keys() - URL_PARTS:
        raise ValueError(f"has unsupported parameters: {', '.join(sorted(unknown))}")
    parameters = {}
    for key, name in names.items():
        if name in {"host", "port"}:
            continue
        value = url.query[key]
        if not isinstance(value, str) or name in parameters:
            raise ValueError(f"has {name} twice")
        if not re.fullmatch((SUPPORTED | IGNORED).get(name, ANY_TEXT), value, re.DOTALL):
            raise ValueError(f"has an unsupported value of {name}{_allowed_values(name)}")
        parameters[name] = value
    return parameters


def _allowed_values(name: str) -> str:
    """The allowed values of a parameter, if it is an enumeration."""
    words = (SUPPORTED | IGNORED).get(name, "").replace("\\", "").split("|")
    return f": it can be {' or '.join(words)}" if len(words) > 1 else ""


def _split_parameter(url: URL, parameter: str) -> list[str]:
    """The values of a parameter that may be repeated or comma-separated."""
    return [part for value in url.normalized_query.get(parameter, ()) for part in value.split(",")]


def _hosts(in_authority: list[str], in_query: list[str], ports: list[str]) -> list[tuple[str, str]]:
    """Pair every host with its port, which may be empty for a single host.

    Args:
        in_authority: hosts before the path, each with an optional port after a colon.
        in_query: hosts of `host=`, likewise.
        ports: ports of `port=`: one per host, or one for all, or none.
    """
    if in_authority and in_query:
        raise ValueError("has hosts both before the path and in host=")
    names = [unquote(name) for name in in_authority] or in_query
    found = [HOST.fullmatch(name) for name in names]
    if not all(found):
        raise ValueError(
            "has an invalid host: write name:port, [::1]:port or /folder:port. In a "
            "password, write / as %2F and @ as %40"
        )
    hosts = [(each["name"].strip("[]"), each["port"] or "") for each in found if each] or [("", "")]
    own = [port for _, port in hosts if port]
    if own and ports:
        raise ValueError("has ports both after the hosts and in port=")
    if len(ports) not in {0, 1, len(hosts)}:
        raise ValueError(f"has {len(hosts)} hosts and {len(ports)} ports")
    if not all(port.isdecimal() and 1 <= int(port) <= 65535 for port in own + ports):
        raise ValueError("has a port that isn't between 1 and 65535")
    if ports:
        return [(name, ports[0 if len(ports) == 1 else at]) for at, (name, _) in enumerate(hosts)]
    return hosts


def _url_parts(hosts: list[tuple[str, str]]) -> tuple[str | None, int | None, dict[str, str]]:
    """A host and a port for the URL's authority, or the query parameters instead."""
    name, port = hosts[0]
    if len(hosts) > 1:
        name = ",".join(name for name, _ in hosts)
        port = ",".join(port or "5432" for _, port in hosts)
    elif name and not name.startswith("/"):
        return name, int(port) if port else None, {}
    # Several hosts, a socket directory, or no host, which means the local server.
    query = {"host": name, "port": port}
    return None, None, {key: value for key, value in query.items() if value}
