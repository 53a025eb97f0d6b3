"""How a connection is made: what libpq's parameters mean, in the terms of asyncpg.

asyncpg reads what an address leaves out from libpq's environment (`PGSSLMODE`, `PGPASSWORD`, …) and
from files in the user's home, where it fails if that may not be read. Here an address says all:
whatever asyncpg would look for elsewhere, it is told.
"""

import getpass
import os
import re
import ssl
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]

DEFAULT_PORT = 5432
# Where Debian's PostgreSQL and others', and the one that PostgreSQL's own build makes, listen.
SOCKET_FOLDERS = ("/run/postgresql", "/var/run/postgresql", "/tmp")  # noqa: S108
# What this module takes from the parameters; asyncpg gets the others as they are.
OURS = {
    "application_name", "connect_timeout", "options", "passfile", "ssl_max_protocol_version",
    "ssl_min_protocol_version", "sslcert", "sslcrl", "sslkey", "sslmode", "sslnegotiation",
    "sslpassword", "sslrootcert",
}  # fmt: skip

# What libpq calls them there (PostgreSQL, "Environment Variables"); it has none for `sslpassword`.
IN_ENVIRONMENT = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "database": "PGDATABASE",
    "application_name": "PGAPPNAME",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "options": "PGOPTIONS",
    "passfile": "PGPASSFILE",
    "ssl_max_protocol_version": "PGSSLMAXPROTOCOLVERSION",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "sslcert": "PGSSLCERT",
    "sslcrl": "PGSSLCRL",
    "sslkey": "PGSSLKEY",
    "sslmode": "PGSSLMODE",
    "sslnegotiation": "PGSSLNEGOTIATION",
    "sslrootcert": "PGSSLROOTCERT",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}


class ParameterError(Exception):
    """A parameter names a file that cannot be used; the message is one line."""


def attempts(
    host: str | None, port: int | None, parameters: dict[str, Any]
) -> list[dict[str, Any]]:
    """The arguments of `asyncpg.connect` that are to be tried in turn for one host.

    Args:
        host, port: where; `None` is the server on this machine, and the usual port.
        parameters: libpq's, as `database_urls.postgresql_url` leaves them, with arguments of
            asyncpg's own among them.

    Returns:
        One set of arguments, or with and without TLS where `sslmode` leaves that to the server.

    Raises:
        ParameterError: see there.
    """
    port = int(port or DEFAULT_PORT)
    host = host or _local_host(port)
    rest = {name: value for name, value in parameters.items() if name not in OURS}
    user = rest.get("user") or getpass.getuser()
    database = rest.get("database") or user
    password = rest.get("password")
    if password is None:
        file = parameters.get("passfile")
        password = stored_password(Path(file), host, port, database, user) if file else ""
    settings = {
        name: parameters[name] for name in ("application_name", "options") if name in parameters
    }
    arguments = rest | {
        "host": host,
        "port": port,
        "user": user,
        "database": database,
        "password": password,
        "timeout": int(parameters.get("connect_timeout") or 0) or rest.get("timeout"),
        "server_settings": rest.get("server_settings", {}) | settings,
        "target_session_attrs": rest.get("target_session_attrs", "any"),
        "direct_tls": parameters.get("sslnegotiation") == "direct",
        "krbsrvname": "postgres",
        "gsslib": "gssapi",
    }
    return [arguments | {"ssl": way} for way in _ways(host, parameters)]


def may_be_tried_otherwise(error: Exception) -> bool:
    """Whether the other one of two attempts, with or without TLS, may do better.

    The server does not speak TLS, or speaks another one, or its `pg_hba.conf` wants it otherwise.
    """
    is_refusal = isinstance(error, ConnectionError) and error.errno is None
    return is_refusal or isinstance(
        error, ssl.SSLError | asyncpg.InvalidAuthorizationSpecificationError
    )


def _local_host(port: int) -> str:
    """The folder of this machine's server, or its name if there is no socket."""
    for folder in SOCKET_FOLDERS:
        if Path(folder, f".s.PGSQL.{port}").exists():
            return folder
    return "localhost"


def _ways(host: str, parameters: dict[str, str]) -> list[ssl.SSLContext | bool]:
    """Whether to use TLS, first and then."""
    mode = parameters.get("sslmode", "prefer")
    if host.startswith("/") or mode == "disable":
        return [False]
    context = tls_context(parameters)
    if mode == "allow":
        return [False, context]
    return [context, False] if mode == "prefer" else [context]


def tls_context(parameters: dict[str, str]) -> ssl.SSLContext:
    """What is asked of the server's certificate, and which one it is shown.

    Certificates are checked by `sslrootcert`, or else by the authorities that the system trusts.

    Raises:
        ParameterError: see there.
    """
    mode, authorities = parameters.get("sslmode", "prefer"), parameters.get("sslrootcert")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = mode == "verify-full"
    # With a file of authorities `require` checks as `verify-ca` does, in libpq too.
    is_checked = mode in {"verify-ca", "verify-full"} or (mode == "require" and authorities)
    context.verify_mode = ssl.CERT_REQUIRED if is_checked else ssl.CERT_NONE
    context.set_alpn_protocols(["postgresql"])
    lowest = parameters.get("ssl_min_protocol_version", "TLSv1.2")
    context.minimum_version = ssl.TLSVersion[lowest.replace(".", "_")]
    if highest := parameters.get("ssl_max_protocol_version"):
        context.maximum_version = ssl.TLSVersion[highest.replace(".", "_")]
    name, file = "sslrootcert", authorities
    try:
        if is_checked and authorities not in {None, "system"}:
            context.load_verify_locations(authorities)
        elif is_checked:
            context.load_default_certs()
        if is_checked and (file := parameters.get("sslcrl")):
            name = "sslcrl"
            context.load_verify_locations(file)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
        if file := parameters.get("sslcert"):
            name = "sslcert"
            # Without a password it would be asked for at the terminal.
            secret = parameters.get("sslpassword", "")
            context.load_cert_chain(file, parameters.get("sslkey"), lambda: secret)
    except (OSError, ssl.SSLError) as error:
        reason = "is not what it should be" if isinstance(error, ssl.SSLError) else error.strerror
        raise ParameterError(f"{name} {file}: {reason}") from None
    return context


def stored_password(file: Path, host: str, port: int, database: str, user: str) -> str:
    """The password that a file has for a connection (PostgreSQL, "The Password File").

    Args:
        file: its lines are `host:port:database:user:password`, where `*` stands for any.
        host: or the folder of the socket, for which the file may have `localhost`.

    Returns:
        It, or an empty text.

    Raises:
        ParameterError: the file cannot be read, or everybody else can.
    """
    try:
        if file.expanduser().stat().st_mode & 0o077:
            raise ParameterError(f"passfile {file}: may be read by others, so make its mode 0600")
        lines = file.expanduser().read_text().splitlines()
    except OSError as error:
        raise ParameterError(f"passfile {file}: {error.strerror}") from None
    hosts = {host, "localhost"} if host.startswith("/") else {host}
    wanted = [hosts, {str(port)}, {database}, {user}]
    for line in lines:
        fields = [re.sub(r"\\(.)", r"\1", each) for each in re.split(r"(?<!\\):", line, maxsplit=4)]
        if len(fields) == 5 and not line.startswith("#"):
            pairs = zip(fields, wanted, strict=False)
            if all(field == "*" or field in allowed for field, allowed in pairs):
                return fields[4]
    return ""


def environment_of_programs(parameters: dict[str, str]) -> dict[str, str]:
    """An environment in which PostgreSQL's programs connect as an address says, and not otherwise.

    They take parameters from there, since their command line can be read by everybody.

    Args:
        parameters: libpq's, by their own names: `host`, `user`, `sslmode`, …
    """
    if "passfile" in parameters:
        parameters = parameters | {"passfile": str(Path(parameters["passfile"]).expanduser())}
    inherited = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
    # They look for certificates and passwords at home, and fail where that may not be read.
    given = {"LC_ALL": "C", "HOME": "/nonexistent"}
    for name, value in parameters.items():
        if name in IN_ENVIRONMENT:
            given[IN_ENVIRONMENT[name]] = value
    if parameters.get("sslmode", "").startswith("verify") and (
        parameters.get("sslrootcert") in {None, "system"}
    ):
        # libpq before version 16 does not know of the system's.
        given["PGSSLROOTCERT"] = ssl.get_default_verify_paths().cafile or "system"
    return inherited | given
