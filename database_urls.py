"""The addresses of databases, as libpq has them and people write them, checked and made uniform.

What the parameters mean is in PostgreSQL's documentation, "Connection Strings" and "Parameter Key
Words"; `blog/core/db/connecting.py` does as they say.
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
# What one of several servers may have to be, to be taken; the first is meant where nothing is said.
ROLES = ("read-write", "primary", "any")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
TLS_VERSIONS = ("TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3")
ANY_TEXT = r".+"


def _one_of(*words: str) -> str:
    return "|".join(map(re.escape, words))


# What is made use of, with the values that there are; hosts, names and passwords apart.
USED = {
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
# These may be there, and change nothing: the value says what is the case in any way.
HARMLESS = {
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
# Other words for parts of the address.
PARTS = {"host", "port", "user", "password", "dbname"}


def postgresql_url(text: str) -> str:
    """Check a database address and drop the many spellings of its driver and its hosts.

    Args:
        text: `postgres://`, `postgresql://` or `postgresql+asyncpg://` followed by the rest
            of a libpq URL. `ssl`, as asyncpg has it, becomes `sslmode`. Of several hosts, in
            libpq's spelling or SQLAlchemy's, the first will be used that answers and is what
            `target_session_attrs` says.

    Returns:
        The same address as SQLAlchemy and `blog/core/db/connecting.py` want it.

    Raises:
        ValueError: it is not the address of a PostgreSQL database; the message does not repeat it.
    """
    found = ADDRESS.fullmatch(text)
    try:
        url = make_url(found["start"] + found["rest"] if found else "")
    except (ArgumentError, ValueError):
        raise ValueError("is not a URL") from None
    if url.drivername not in {"postgres", "postgresql", "postgresql+asyncpg"}:
        raise ValueError(f"must begin with postgresql://, not {url.drivername}://")
    given = _parameters(url)
    beside = found["hosts"].split(",") if found and found["hosts"] else []
    hosts = _hosts(beside, _listed(url, "host"), _listed(url, "port"))
    query = {name: value for name, value in given.items() if name in USED}
    if len(hosts) > 1:
        query.setdefault("target_session_attrs", ROLES[0])
    # It is there against servers in between, of which a certificate tells as well.
    if given.get("channel_binding") == "require" and "verify" not in given.get("sslmode", ""):
        query["sslmode"] = "verify-full"
    if given.get("sslrootcert") == "system":
        if given.get("sslmode", "verify-full") != "verify-full":
            raise ValueError("has sslrootcert=system, which goes with sslmode=verify-full alone")
        query["sslmode"] = "verify-full"
    host, port, places = _written(hosts)
    return URL.create(
        "postgresql+asyncpg",
        url.username or given.get("user"),
        url.password if url.password is not None else given.get("password"),
        host,
        port,
        url.database or given.get("dbname"),
        places | query,
    ).render_as_string(hide_password=False)


def replica_url(text: str) -> str:
    """Check the address of a replica, as `postgresql_url` does.

    Raises:
        ValueError: it is not the address of one server. Two replicas are not equally far, and
            what somebody wrote would be there with one statement and not with the next.
    """
    url = postgresql_url(text)
    if len(_listed(make_url(url), "host")) > 1:
        raise ValueError("must name one host")
    return url


def _parameters(url: URL) -> dict[str, str]:
    """What is said behind the question mark, hosts and ports apart.

    Raises:
        ValueError: a parameter is not known, is given twice, or has a value that there is not.
    """
    names = {name: "sslmode" if name == "ssl" else name for name in url.query}
    if unknown := names.keys() - {"ssl"} - USED.keys() - HARMLESS.keys() - PARTS:
        raise ValueError(f"has parameters that mean nothing here: {', '.join(sorted(unknown))}")
    given = {}
    for written, name in names.items():
        if name in {"host", "port"}:
            continue
        value = url.query[written]
        if not isinstance(value, str) or name in given:
            raise ValueError(f"has {name} twice")
        if not re.fullmatch((USED | HARMLESS).get(name, ANY_TEXT), value, re.DOTALL):
            raise ValueError(f"has a value of {name} that is not taken here{_choice(name)}")
        given[name] = value
    return given


def _choice(name: str) -> str:
    """The words that a parameter may be, if there is a choice of words."""
    words = (USED | HARMLESS).get(name, "").replace("\\", "").split("|")
    return f": it may be {' or '.join(words)}" if len(words) > 1 else ""


def _listed(url: URL, parameter: str) -> list[str]:
    """The values of a parameter that may be repeated, or have commas between them."""
    return [part for value in url.normalized_query.get(parameter, ()) for part in value.split(",")]


def _hosts(beside: list[str], named: list[str], ports: list[str]) -> list[tuple[str, str]]:
    """Every host with its port, which may be empty for a single one.

    Args:
        beside: hosts in their place before the path, each perhaps with a port after a colon.
        named: hosts of `host=`, likewise.
        ports: of `port=`, one for each host, or one for all, or none.
    """
    if beside and named:
        raise ValueError("has hosts both in their place and in host=")
    names = [unquote(name) for name in beside] or named
    found = [HOST.fullmatch(name) for name in names]
    if not all(found):
        raise ValueError(
            "has a host that is not like name:port, [::1]:port or /folder:port; "
            "in a password / is written as %2F, and @ as %40"
        )
    hosts = [(each["name"].strip("[]"), each["port"] or "") for each in found if each] or [("", "")]
    own = [port for _, port in hosts if port]
    if own and ports:
        raise ValueError("has ports both beside the hosts and in port=")
    if len(ports) not in {0, 1, len(hosts)}:
        raise ValueError(f"has {len(hosts)} hosts and {len(ports)} ports")
    if not all(port.isdecimal() and 1 <= int(port) <= 65535 for port in own + ports):
        raise ValueError("has a port that is not between 1 and 65535")
    if ports:
        return [(name, ports[0 if len(ports) == 1 else at]) for at, (name, _) in enumerate(hosts)]
    return hosts


def _written(hosts: list[tuple[str, str]]) -> tuple[str | None, int | None, dict[str, str]]:
    """A host and a port for their places in the address, or what stands for them behind it."""
    name, port = hosts[0]
    if len(hosts) > 1:
        name = ",".join(name for name, _ in hosts)
        port = ",".join(port or "5432" for _, port in hosts)
    elif name and not name.startswith("/"):
        return name, int(port) if port else None, {}
    # Several, or a folder with a socket, or nothing: then it is this machine.
    written = {"host": name, "port": port}
    return None, None, {key: value for key, value in written.items() if value}
