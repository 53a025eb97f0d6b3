"""The addresses of databases, as people write them and as SQLAlchemy and asyncpg want them."""

import re
from urllib.parse import unquote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

URL_PARAMETERS = {
    "host",
    "port",
    "prepared_statement_cache_size",
    "ssl",
    "sslmode",
    "target_session_attrs",
}
# What one of several servers may have to be, to be taken; the first is meant where nothing is said.
ROLES = ("read-write", "primary", "any")
SEVERAL_HOSTS = re.compile(
    r"(?P<start>[^/]+://(?:[^@]*@)?)(?P<hosts>[^/?@]*,[^/?@]*)(?P<rest>(?:[/?].*)?)"
)
HOST = re.compile(
    r"(?P<name>/[^:]+|\[[^\]]+\]|[0-9A-Fa-f.]*(?::[0-9A-Fa-f.]*){2,}|[^:/\[\]]+)"
    r"(?::(?P<port>\d*))?"
)


def postgresql_url(text: str) -> str:
    """Check a database address and drop the many spellings of its driver and its hosts.

    Args:
        text: `postgres://`, `postgresql://` or `postgresql+asyncpg://` followed by the rest
            of a libpq URL. `sslmode`, which libpq knows, becomes `ssl`, which asyncpg knows.
            Of several hosts, in libpq's spelling or SQLAlchemy's, the first will be used that
            answers and is what `target_session_attrs` says.

    Returns:
        The same address as SQLAlchemy and asyncpg want it.

    Raises:
        ValueError: it is not the address of a PostgreSQL database.
    """
    several = SEVERAL_HOSTS.fullmatch(text)
    try:
        url = make_url(several["start"] + several["rest"] if several else text)
    except (ArgumentError, ValueError):
        raise ValueError("is not a URL; write postgresql://user:password@host/database") from None
    if url.drivername not in {"postgres", "postgresql", "postgresql+asyncpg"}:
        raise ValueError(f"must begin with postgresql://, not {url.drivername}://")
    if unknown := url.query.keys() - URL_PARAMETERS:
        raise ValueError(f"has parameters that mean nothing here: {', '.join(sorted(unknown))}")
    if url.port is not None and not 1 <= url.port <= 65535:
        raise ValueError("has a port that is not between 1 and 65535")
    query = {("ssl" if name == "sslmode" else name): value for name, value in url.query.items()}
    names = several["hosts"].split(",") if several else _listed(url, "host")
    if len(names) > 1:
        query |= _several_hosts(names, _listed(url, "port"))
        query.setdefault("target_session_attrs", ROLES[0])
    if query.get("target_session_attrs", ROLES[0]) not in ROLES:
        raise ValueError(f"has a target_session_attrs that is not {' or '.join(ROLES)}")
    url = URL.create(
        "postgresql+asyncpg", url.username, url.password, url.host, url.port, url.database, query
    )
    return url.render_as_string(hide_password=False)


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


def _listed(url: URL, parameter: str) -> list[str]:
    """The values of a parameter that may be repeated, or have commas between them."""
    return [part for value in url.normalized_query.get(parameter, ()) for part in value.split(",")]


def _several_hosts(names: list[str], ports: list[str]) -> dict[str, str]:
    """The parameters that name several hosts.

    Args:
        names: each with its port after a colon, if it has one.
        ports: one for each host, or one for all, or none.
    """
    hosts = [HOST.fullmatch(unquote(name)) for name in names]
    if not all(hosts):
        raise ValueError("has a host that is not like name:port, [::1]:port or /folder:port")
    own = [host["port"] for host in hosts if host and host["port"]]
    if own and ports:
        raise ValueError("has ports both beside the hosts and in port=")
    if len(ports) not in {0, 1, len(hosts)}:
        raise ValueError(f"has {len(hosts)} hosts and {len(ports)} ports")
    if not all(port.isdecimal() and 1 <= int(port) <= 65535 for port in own + ports):
        raise ValueError("has a port that is not between 1 and 65535")
    if not ports:
        ports = [host["port"] or "5432" for host in hosts if host]
    elif len(ports) == 1:
        ports *= len(hosts)
    return {
        "host": ",".join(host["name"].strip("[]") for host in hosts if host),
        "port": ",".join(ports),
    }
