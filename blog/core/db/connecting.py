"""Translate libpq's connection parameters to arguments of asyncpg.

What a URL leaves out, asyncpg looks up in libpq's environment variables (`PGSSLMODE`,
`PGPASSWORD`, …) and in files in the home directory, and it fails if that is not readable. So all of
it is passed explicitly.
"""

import getpass
import os
import re
import ssl
from pathlib import Path
from typing import Any

import asyncpg

DEFAULT_PORT = 5432
# The default socket directories of Debian, of other distributions, and of PostgreSQL itself.
SOCKET_FOLDERS = ("/run/postgresql", "/var/run/postgresql", "/tmp")  # noqa: S108
# The parameters that this module translates; the others are passed to asyncpg unchanged.
TRANSLATED = {
    "application_name", "connect_timeout", "options", "passfile", "ssl_max_protocol_version",
    "ssl_min_protocol_version", "sslcert", "sslcrl", "sslkey", "sslmode", "sslnegotiation",
    "sslpassword", "sslrootcert",
}  # fmt: skip

# The names of libpq's environment variables (PostgreSQL, "Environment Variables"); `sslpassword`
# has none.
ENVIRONMENT_VARIABLES = {
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
    """A parameter names an unusable file; the message is one line."""


def connection_attempts(
    host: str | None, port: int | None, parameters: dict[str, Any]
) -> list[dict[str, Any]]:
    """The arguments of `asyncpg.connect` to try in turn for one host.

    Args:
        host, port: the server; `None` is the local one, and the default port.
        parameters: libpq's parameters, as `database_urls.postgresql_url` returns them, and
            arguments of asyncpg.

    Returns:
        One set of arguments, or two, with and without TLS, if `sslmode` allows both.

    Raises:
        ParameterError: a file cannot be used.
    """
    port = int(port or DEFAULT_PORT)
    host = host or _local_host(port)
    rest = {name: value for name, value in parameters.items() if name not in TRANSLATED}
    user = rest.get("user") or getpass.getuser()
    database = rest.get("database") or user
    password = rest.get("password")
    if password is None:
        file = parameters.get("passfile")
        password = find_password(Path(file), host, port, database, user) if file else ""
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
    return [arguments | {"ssl": mode} for mode in _tls_modes(host, parameters)]


def may_retry_with_other_tls_mode(error: Exception) -> bool:
    """Whether to retry with TLS instead of without, or the other way round.

    The server does not support TLS or this version of it, or `pg_hba.conf` requires the other mode.
    """
    is_refusal = isinstance(error, ConnectionError) and error.errno is None
    return is_refusal or isinstance(
        error, ssl.SSLError | asyncpg.InvalidAuthorizationSpecificationError
    )


def _local_host(port: int) -> str:
    """The socket directory of the local server, or "localhost" if there is no socket."""
    for folder in SOCKET_FOLDERS:
        if Path(folder, f".s.PGSQL.{port}").exists():
            return folder
    return "localhost"


def _tls_modes(host: str, parameters: dict[str, str]) -> list[ssl.SSLContext | bool]:
    """The TLS contexts to try, in order; `False` is no TLS."""
    mode = parameters.get("sslmode", "prefer")
    if host.startswith("/") or mode == "disable":
        return [False]
    context = tls_context(parameters)
    if mode == "allow":
        return [False, context]
    return [context, False] if mode == "prefer" else [context]


def tls_context(parameters: dict[str, str]) -> ssl.SSLContext:
    """Build the TLS context, which verifies the server and presents the client certificate.

    Certificates are verified against `sslrootcert`, or by default the system's authorities.

    Raises:
        ParameterError: a file cannot be used.
    """
    mode, authorities = parameters.get("sslmode", "prefer"), parameters.get("sslrootcert")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = mode == "verify-full"
    # With a root certificate, `require` verifies like `verify-ca`, as in libpq.
    is_verified = mode in {"verify-ca", "verify-full"} or (mode == "require" and authorities)
    context.verify_mode = ssl.CERT_REQUIRED if is_verified else ssl.CERT_NONE
    context.set_alpn_protocols(["postgresql"])
    lowest = parameters.get("ssl_min_protocol_version", "TLSv1.2")
    context.minimum_version = ssl.TLSVersion[lowest.replace(".", "_")]
    if highest := parameters.get("ssl_max_protocol_version"):
        context.maximum_version = ssl.TLSVersion[highest.replace(".", "_")]
    name, file = "sslrootcert", authorities
    try:
        if is_verified and authorities not in {None, "system"}:
            context.load_verify_locations(authorities)
        elif is_verified:
            context.load_default_certs()
        if is_verified and (file := parameters.get("sslcrl")):
            name = "sslcrl"
            context.load_verify_locations(file)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
        if file := parameters.get("sslcert"):
            name = "sslcert"
            # Without a password OpenSSL would prompt for one.
            secret = parameters.get("sslpassword", "")
            context.load_cert_chain(file, parameters.get("sslkey"), lambda: secret)
    except (OSError, ssl.SSLError) as error:
        reason = "is not valid" if isinstance(error, ssl.SSLError) else error.strerror
        raise ParameterError(f"{name} {file}: {reason}") from None
    return context


def find_password(file: Path, host: str, port: int, database: str, user: str) -> str:
    """Look up the password of a connection in a file (PostgreSQL, "The Password File").

    Args:
        file: its lines are `host:port:database:user:password`, where `*` matches anything.
        host: the host name, or a socket directory, which `localhost` in the file also matches.

    Returns:
        The password, or an empty string.

    Raises:
        ParameterError: the file cannot be read, or is readable by others.
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


def libpq_environment(parameters: dict[str, str]) -> dict[str, str]:
    """The environment variables that make PostgreSQL's client programs use only these parameters.

    Parameters go into the environment because other users can read command lines.

    Args:
        parameters: libpq's parameters: `host`, `user`, `sslmode`, …
    """
    if "passfile" in parameters:
        parameters = parameters | {"passfile": str(Path(parameters["passfile"]).expanduser())}
    inherited = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
    # The programs look for certificates and passwords in HOME, and fail if it is not readable.
    given = {"LC_ALL": "C", "HOME": "/nonexistent"}
    for name, value in parameters.items():
        if name in ENVIRONMENT_VARIABLES:
            given[ENVIRONMENT_VARIABLES[name]] = value
    if parameters.get("sslmode", "").startswith("verify") and (
        parameters.get("sslrootcert") in {None, "system"}
    ):
        # libpq before version 16 does not support the system's authorities.
        given["PGSSLROOTCERT"] = ssl.get_default_verify_paths().cafile or "system"
    return inherited | given
