"""Checks of the database."""

from collections.abc import AsyncIterator
from datetime import timedelta
from ipaddress import ip_address

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from blog.backups.archiving import archive_state
from blog.backups.records import backup_state
from blog.checks.backups import check_archive, check_backups
from blog.checks.findings import Finding, Severity, ok, serious, warning
from blog.core.clock import now
from blog.core.db import migrations
from blog.core.db.database import Database
from blog.core.db.database_errors import DatabaseUnavailableError, is_out_of_space
from blog.core.db.engines import TimeLimits, make_engine
from blog.core.db.migrations import SchemaState
from blog.core.db.replica import place_of
from blog.core.jobs.heartbeats import (
    CLOCK,
    ENDED,
    KEY,
    VERSION,
    disagreements,
    fingerprint,
)
from blog.core.jobs.summary import Sort, summary
from blog.models import Heartbeat, Role
from blog.models.role import ROLES
from database_urls import urls_of_hosts
from settings import Settings, WorkerPlace

# The oldest version that is still maintained and tested.
OLDEST_VERSION = 15
# If a job is overdue for longer than this, no worker is running.
LONGEST_WAIT = timedelta(hours=1)
DATABASE = "Database"
DURABILITY = {
    "fsync": (serious, "a crash of the machine can destroy the whole database"),
    "full_page_writes": (serious, "a crash of the machine can destroy the whole database"),
    "autovacuum": (serious, "tables grow without limit, and lists become slow"),
    "synchronous_commit": (warning, "a crash can lose the last transactions"),
}

MEGABYTE = 10**6
# A larger database needs a larger cache than PostgreSQL's default of 128 MiB.
SMALL_CACHE = 10**9
SIZES = text("""
    SELECT pg_database_size(current_database()), pg_size_bytes(current_setting('shared_buffers'))
""")
# The connection limits of the server, the database and the role; -1 is no limit.
# reserved_connections does not exist before version 16, and counts as 0.
AVAILABLE = text("""
    SELECT current_setting('max_connections')::int
               - current_setting('superuser_reserved_connections')::int
               - coalesce(nullif(current_setting('reserved_connections', true), ''), '0')::int,
           (SELECT datconnlimit FROM pg_database WHERE datname = current_database()),
           (SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user)
""")


_CLUSTER = text("SELECT system_identifier FROM pg_control_system()")
_FILL = text("""
    CREATE TEMP TABLE room ON COMMIT DROP AS
    SELECT repeat(md5(number::text), 32) FROM generate_series(1, 4096) AS numbers (number)
""")


async def check_database(settings: Settings, services: int, workers: int) -> AsyncIterator[Finding]:
    """Connect, and check the server and the schema.

    Args:
        settings: the settings of the site.
        services: the number of `blog serve` that share the database.
        workers: the number of `blog worker` that share it.
    """
    database = Database(settings.database_url, settings.var_dir / "postgres")
    try:
        await database.open()
    except DatabaseUnavailableError as error:
        yield serious(DATABASE, str(error), "check DATABASE_URL, and that the server is running")
        return
    try:
        async with database.engine.connect() as connection:
            yield await _check_version(connection)
            if settings.database_url is None:
                hint = "make backups, and set DATABASE_URL if the site may outgrow one machine"
                yield warning(DATABASE, "the embedded server, for this machine only", hint)
            yield await _check_encoding(connection)
            async for finding in _check_durability(connection):
                yield finding
            yield await _check_memory(connection)
            yield await _check_privacy(connection)
            yield await _check_connections(connection, settings, services, workers)
            yield await _check_clock(connection)
            yield await _check_space(connection)
            schema = await _check_schema(connection)
            yield schema
            cluster = await connection.scalar(_CLUSTER)
        if schema.severity is not Severity.SERIOUS:
            async with database.session() as session:
                yield await _check_jobs(session)
                yield check_backups(settings, await backup_state(session))
                if (archive := await archive_state(session)) is not None:
                    yield check_archive(archive)
                for finding in await _check_processes(session, settings):
                    yield finding
        if settings.database_direct_url is not None:
            yield await _check_pooler(settings)
    finally:
        await database.close()
    if settings.database_replica_url is not None:
        urls = urls_of_hosts(settings.database_replica_url)
        for url in urls:
            yield await _check_replica(url, cluster, may_be_primary=len(urls) > 1)


async def _check_version(connection: AsyncConnection) -> Finding:
    version = await connection.scalar(text("SHOW server_version")) or ""
    if int(version.split(".")[0]) < OLDEST_VERSION:
        hint = f"use {OLDEST_VERSION} or newer"
        return serious(DATABASE, f"PostgreSQL {version} is too old", hint)
    return ok(DATABASE, f"PostgreSQL {version}")


async def _check_encoding(connection: AsyncConnection) -> Finding:
    encoding = await connection.scalar(text("SHOW server_encoding"))
    hint = "create the database with ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0"
    if encoding != "UTF8":
        return serious("Encoding", f"{encoding} can't store every character", hint)
    if await connection.scalar(text("SELECT lower('Ü') <> 'ü'")):
        return warning("Encoding", "searches don't find “ÜBER” by “über” in this locale", hint)
    return ok("Encoding", "UTF8")


async def _check_durability(connection: AsyncConnection) -> AsyncIterator[Finding]:
    off = [name for name in DURABILITY if await connection.scalar(text(f"SHOW {name}")) == "off"]
    for name in off:
        finding, danger = DURABILITY[name]
        yield finding("Durability", f"{name} is off: {danger}", f"set {name} = on")
    if not off:
        yield ok("Durability", "committed transactions survive a crash")


async def _check_memory(connection: AsyncConnection) -> Finding:
    """Check whether PostgreSQL's cache suits the size of the database."""
    size, cache = (await connection.execute(SIZES)).one()
    text = f"shared_buffers is {cache / MEGABYTE:,.0f} MB, the database {size / MEGABYTE:,.0f} MB"
    if cache < SMALL_CACHE < size:
        hint = "set it to a quarter of the server's memory"
        return warning("Memory", text, hint)
    return ok("Memory", text)


async def _check_privacy(connection: AsyncConnection) -> Finding:
    server = await connection.scalar(select(func.host(func.inet_server_addr())))
    if server is None or ip_address(server).is_loopback:
        return ok("Privacy", "the connection to the database doesn't leave this machine")
    tls = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    if await connection.scalar(text(tls)):
        return ok("Privacy", "the connection to the database is encrypted")
    hint = "add ?sslmode=verify-full to DATABASE_URL, unless the network is your own"
    return warning("Privacy", "the connection to the database isn't encrypted", hint)


async def _check_connections(
    connection: AsyncConnection, settings: Settings, services: int, workers: int
) -> Finding:
    """Check whether the server accepts the connections of all processes: the pools, and a listener
    each."""
    found = (await connection.execute(AVAILABLE)).one()
    available = min(limit for limit in found if limit >= 0)
    if settings.background_worker is not WorkerPlace.EXTERNAL:
        workers = 0
    processes_together = services * settings.web_concurrency + workers
    wanted = processes_together * (settings.database_pool_size + 1)
    processes = f"{services * settings.web_concurrency} web processes in {services} services"
    others = f" and {workers} workers" if workers else ""
    text = f"{processes}{others} open up to {wanted} of {available}"
    if wanted > available:
        hint = (
            "raise max_connections, or lower DATABASE_POOL_SIZE or WEB_CONCURRENCY "
            "(--services, --workers: how many)"
        )
        return warning("Connections", text, hint)
    return ok("Connections", text)


async def _check_clock(connection: AsyncConnection) -> Finding:
    before = now()
    theirs = (await connection.scalars(select(func.clock_timestamp()))).one()
    after = now()
    apart = (theirs - before - (after - before) / 2).total_seconds()
    found = f"differs from the database's by {abs(apart):.1f} s"
    if abs(apart) > 2:
        return warning(
            "Clock", found, "synchronise both with NTP: links and sessions depend on them to expire"
        )
    return ok("Clock", found)


async def _check_schema(connection: AsyncConnection) -> Finding:
    state = await connection.run_sync(migrations.state)
    if state is SchemaState.OLDER:
        return serious("Schema", "migrations are pending", "run blog deploy")
    if state is SchemaState.NEWER:
        hint = "run the newer code, or go back as docs/operating.md says"
        return serious("Schema", "the database is newer than this code", hint)
    roles = await connection.execute(select(Role.name, Role.permissions, Role.is_default))
    if not set(ROLES) <= {tuple(role) for role in roles}:
        return serious("Schema", "a role differs from its definition", "run blog deploy")
    return ok("Schema", "up to date, roles included")


async def _check_jobs(session: AsyncSession) -> Finding:
    lines = {line.sort: line for line in await summary(session)}
    failed, waiting = lines[Sort.FAILED], lines[Sort.WAITING]
    if failed.number:
        text = f"{failed.number_in_words} failed permanently"
        return warning("Jobs", text, "see /admin/jobs for the errors, and retry or discard them")
    if waiting.next_at is not None and now() - waiting.next_at > LONGEST_WAIT:
        hint = "keep blog serve running, or blog worker where BACKGROUND_WORKER is external"
        return warning("Jobs", "jobs are overdue: no worker is running", hint)
    return ok("Jobs", "none have failed permanently")


async def _check_space(connection: AsyncConnection) -> Finding:
    """Check whether the disk of the database has space, by writing and dropping a few megabytes."""
    try:
        await connection.execute(_FILL)
    except DBAPIError as error:
        if not is_out_of_space(error):
            raise
        hint = "make room at once: nothing can be saved, and the server may stop"
        return serious("Disk", "the disk of the database is full", hint)
    finally:
        await connection.rollback()
    return ok("Disk", "the disk of the database has room")


async def _check_processes(session: AsyncSession, settings: Settings) -> list[Finding]:
    """Check whether the running processes and this command agree on key, version and time."""
    found = {each.subject: each.text for each in await disagreements(session)}
    keys = set(map(fingerprint, settings.signing_keys()))
    signing = select(Heartbeat.signs_with).where(Heartbeat.seen_at >= func.now() - ENDED)
    if KEY not in found and not keys >= set(await session.scalars(signing)):
        found[KEY] = "the processes that are running have another SECRET_KEY than this command"
    hints = {
        KEY: (serious, "give all machines the same SECRET_KEY and SECRET_KEY_FALLBACKS"),
        VERSION: (warning, "install the same version everywhere, and restart"),
        CLOCK: (warning, "synchronise them with NTP: links and sessions depend on them"),
    }
    findings = [
        hints[subject][0]("Processes", text, hints[subject][1]) for subject, text in found.items()
    ]
    return findings or [ok("Processes", "the same key, version and time everywhere")]


async def _check_pooler(settings: Settings) -> Finding:
    """Check whether the time limits hold behind a connection pooler, which may drop them."""
    wanted = TimeLimits(
        settings.statement_timeout, settings.lock_timeout, settings.idle_in_transaction_timeout
    )
    limits = wanted.server_settings()
    engine = make_engine(settings.database_url or "", 1, limits=wanted)
    try:
        async with engine.connect() as connection:
            query = text("SELECT name, setting FROM pg_settings WHERE name = ANY(:names)")
            rows = await connection.execute(query, {"names": list(limits)})
            actual = {row.name: row.setting for row in rows}
    finally:
        await engine.dispose()
    dropped = [name for name, value in limits.items() if actual[name] != value]
    if dropped:
        hint = f"ALTER ROLE … SET {dropped[0]} = {limits[dropped[0]]}, and so on"
        return warning("Pooler", f"it drops {', '.join(dropped)}", hint)
    return ok("Pooler", "the time limits hold behind the connection pooler")


async def _check_replica(url: str, cluster: int | None, *, may_be_primary: bool) -> Finding:
    """Check whether a server is a standby of the database.

    Args:
        url: the URL of the server.
        cluster: the system identifier of the primary.
        may_be_primary: whether there are other servers, so that this one may be the primary.
    """
    engine, place = make_engine(url), place_of(url)
    try:
        async with engine.connect() as connection:
            is_standby = await connection.scalar(select(func.pg_is_in_recovery()))
            its_cluster = await connection.scalar(_CLUSTER)
    except DatabaseUnavailableError as error:
        return warning("Replica", str(error), "until it responds, reads go to the other servers")
    finally:
        await engine.dispose()
    if its_cluster != cluster:
        hint = "set DATABASE_REPLICA_URL to standbys of this database"
        return serious("Replica", f"{place} belongs to another database cluster", hint)
    if not is_standby and may_be_primary:
        return ok("Replica", f"{place} is the primary at the moment")
    if not is_standby:
        hint = "set DATABASE_REPLICA_URL to a standby, or remove it"
        return warning("Replica", f"{place} is not used, because it isn't a standby", hint)
    return ok("Replica", f"{place} is a standby that responds")
