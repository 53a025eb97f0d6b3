"""The drills: what is done to which program, and what must hold meanwhile."""

import asyncio
import random
import shutil
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import func, select

from blog.core.db.database_errors import DatabaseUnavailableError
from blog.core.db.migrations import known_revisions
from blog.models import Post
from tests.api.support import add_token
from tests.live.chaos import site_on
from tests.live.cluster.cluster import DATABASES, WEBS, Cluster, ClusterError
from tests.live.cluster.load import Program, Reader, Records, Writer, living
from tests.live.cluster.units import patiently
from tests.servers import PROJECT
from tests.support import add_user

# How long a program stays suspended or cut off, at least: longer than it takes to replace it.
HELD_SECONDS = 20.0
WELL_SECONDS = 150.0
QUIET_SECONDS = 2.0
# Writes are refused for less than this; with Patroni's `ttl` at 10 s.
LONGEST_REFUSAL = 15.0
# A migration that the running code does not know.
MIGRATION = '''"""a column and an index, for a drill"""

import sqlalchemy as sa
from alembic import op

revision = "d411d411d411"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("posts", sa.Column("drilled", sa.Integer(), nullable=True))
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_posts_drilled", "posts", ["drilled"], postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade():
    op.drop_column("posts", "drilled")
'''


class Fault(NamedTuple):
    """Something that happens to a program.

    Attributes:
        victim: its kind, such as "the primary".
        kind: "killed" (SIGKILL), "suspended" (SIGSTOP) or "cut off".
    """

    victim: str
    kind: str

    def __str__(self) -> str:
        return f"{self.victim} {self.kind}"


KINDS = ("killed", "suspended", "cut off")
VICTIMS = (
    "the primary", "a replica", "etcd's leader", "HAProxy", "PgBouncer", "a web process",
    "a worker", "nginx", "the storage",
)  # fmt: skip
FAULTS = tuple(Fault(victim, kind) for victim in VICTIMS for kind in KINDS)
ON_PURPOSE = (Fault("the primary", "switched over"), Fault("the site", "updated"))


@dataclass
class Round:
    """What came of one fault.

    Attributes:
        fault: what happened.
        refused: the longest time without an acknowledged write, in seconds.
        write, read: the longest wait of one writer, and of a reader.
        well: after how many seconds everything was as before.
    """

    fault: Fault
    refused: float
    write: float
    read: float
    well: float


@dataclass
class Figures:
    """What came of all of them.

    Attributes:
        lost: acknowledged texts that are not there.
        doubled: texts that are there twice.
        errors: unexpected lines in the logs of the web processes and workers.
        failures: faults that the cluster did not recover from; they end the drills.
    """

    rounds: list[Round] = field(default_factory=list)
    records: Records = field(default_factory=Records)
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def is_as_promised(self) -> bool:
        """Whether nothing was lost, doubled, stale, unread, answered wrongly or too late."""
        records = self.records
        return self.longest_refusal < LONGEST_REFUSAL and not (
            self.lost or self.doubled or self.errors or self.failures or records.unexpected
            or records.impatient or records.stale or records.unread
        )  # fmt: skip

    @property
    def longest_refusal(self) -> float:
        """For how long no write was acknowledged, at the longest, in seconds."""
        return max((each.refused for each in self.rounds), default=0.0)

    @property
    def longest_read(self) -> float:
        """How long a reader waited, at the longest, in seconds."""
        return max((each.read for each in self.rounds), default=0.0)


def chosen(rounds: int, seed: int) -> list[Fault]:
    """So many faults at random, each kind as often as the others."""
    dice = random.Random(seed)
    faults = [*FAULTS, *ON_PURPOSE]
    pool: list[Fault] = []
    while len(pool) < rounds:
        pool += dice.sample(faults, len(faults))
    return pool[:rounds]


async def drill(
    cluster: Cluster, faults: list[Fault], say: Callable[[str], None] = lambda _line: None
) -> Figures:
    """Do this to a cluster, one after the other, while people write and read.

    Args:
        cluster: it is well.
        faults: what happens.
        say: told of each round.
    """
    figures = Figures()
    begin = time.monotonic()
    async with using(cluster, figures.records):
        await asyncio.sleep(QUIET_SECONDS)
        for fault in faults:
            await _round(cluster, fault, figures)
            last = figures.rounds[-1]
            say(
                f"{fault!s:30} writes refused {last.refused:5.1f} s, "
                f"longest write {last.write:5.1f} s, longest read {last.read:5.1f} s, "
                f"well after {last.well:5.1f} s"
            )
            if figures.failures:
                say(figures.failures[-1])
                break
    figures.seconds = time.monotonic() - begin
    try:
        async with asyncio.timeout(WELL_SECONDS):
            await _look_for_posts(cluster, figures)
    except (DatabaseUnavailableError, TimeoutError) as error:
        figures.failures.append(f"what was written is unknown: {error}")
    figures.errors = [
        f"{name}: {line}"
        for name in (*WEBS, "worker1", "worker2")
        for line in cluster.units[name].output.splitlines()
        if "Traceback" in line or "unexpected error" in line
    ]
    return figures


@asynccontextmanager
async def using(cluster: Cluster, records: Records) -> AsyncIterator[None]:
    """While two people and a program write, and two people read."""
    url = cluster.settings("web1")["DATABASE_DIRECT_URL"]
    tokens = {}
    async with site_on(url) as app:
        for name in ("susan", "david", "robot"):
            user = await add_user(app, name)
            tokens[name] = await add_token(app, user)
    other_way = cluster.urls[::-1]
    writers = [
        Writer(cluster.urls, records, "susan"),
        Writer(other_way, records, "david"),
        Program(other_way, records, "robot", tokens["robot"]),
    ]
    for writer in writers[:2]:
        await writer.log_in()
    readers = [Reader(cluster.urls, records), Reader(other_way, records)]
    async with living(*writers, *readers):
        yield
        # What was sent is answered before the end.
        await asyncio.sleep(QUIET_SECONDS)


async def _round(cluster: Cluster, fault: Fault, figures: Figures) -> None:
    records = figures.records
    begin = time.monotonic()
    try:
        if fault.kind == "switched over":
            await cluster.switch_over()
        elif fault.kind == "updated":
            await update(cluster)
        else:
            await _harm(cluster, fault, records)
        await patiently(cluster.is_healthy, WELL_SECONDS)
        # Everyone who waits for an answer gets one before the next round.
        written = len(records.acknowledged)
        await patiently(lambda: _true(len(records.acknowledged) >= written + 3), WELL_SECONDS)
    except (ClusterError, TimeoutError) as error:
        missing = ", ".join(await cluster.missing()) or "nothing, but writes"
        figures.failures.append(f"{fault}: {error or 'not over in time'}; missing is {missing}")
    figures.rounds.append(
        Round(
            fault,
            refused=records.longest_gap(begin),
            write=records.longest_write(begin),
            read=records.longest_read(begin),
            well=time.monotonic() - begin,
        )
    )


async def _true(condition: bool) -> bool:
    return condition


async def _harm(cluster: Cluster, fault: Fault, records: Records) -> None:
    name = await victim_of(cluster, fault.victim)
    unit = cluster.units[name]
    if fault.kind == "killed":
        starts = unit.starts
        unit.signal(signal.SIGKILL)
        await patiently(lambda: _true(unit.starts > starts), WELL_SECONDS)
        return
    if fault.kind == "suspended":
        unit.signal(signal.SIGSTOP)
    else:
        cluster.network.cut(name)
    try:
        await asyncio.sleep(HELD_SECONDS)
        written = len(records.acknowledged)
        # Writing goes on without it.
        await patiently(lambda: _true(len(records.acknowledged) > written), WELL_SECONDS)
    finally:
        if fault.kind == "suspended":
            unit.signal(signal.SIGCONT)
        else:
            cluster.network.mend(name)


async def victim_of(cluster: Cluster, kind: str) -> str:
    """The program that a fault is about; of two, the one that is used most."""
    primary = await cluster.primary()
    if kind == "the primary":
        return primary
    if kind == "a replica":
        return random.choice([name for name in DATABASES if name != primary])
    if kind == "etcd's leader":
        return await cluster.etcd_leader()
    names = {
        "HAProxy": ("haproxy1", "haproxy2"),
        "PgBouncer": ("pgbouncer1", "pgbouncer2"),
        "a web process": WEBS,
        "a worker": ("worker1", "worker2"),
        "nginx": ("nginx1", "nginx2"),
        "the storage": ("storage",),
    }
    return cluster.network.busiest(*random.sample(names[kind], len(names[kind])))


async def update(cluster: Cluster) -> None:
    """Install new code with a migration, one machine after the other."""
    project = await asyncio.to_thread(copy_with_migration, cluster.folder / "release")
    for machine in WEBS:
        worker = f"worker{machine[-1]}"
        for name in (machine, worker):
            await cluster.units[name].stop()
        cluster.add_site(machine, project)
        await cluster.units[machine].start()
        await patiently(lambda machine=machine: cluster.is_ready(machine), WELL_SECONDS)
        await cluster.units[worker].start()


def copy_with_migration(target: Path) -> Path:
    """Copy the code of the site, and add a migration; the second time nothing is added."""
    if target.exists():
        return target
    target.mkdir()
    for name in ("blog", "alembic", "templates", "static"):
        shutil.copytree(PROJECT / name, target / name)
    for file in ("alembic.ini", *(each.name for each in PROJECT.glob("*.py"))):
        shutil.copy(PROJECT / file, target / file)
    (head,) = known_revisions()[0]
    file = target / "alembic" / "versions" / "20990101_drill.py"
    file.write_text(MIGRATION.format(head=head))
    return target


async def _look_for_posts(cluster: Cluster, figures: Figures) -> None:
    """Compare what was acknowledged with what is there."""
    records = figures.records
    url = cluster.settings("web1")["DATABASE_DIRECT_URL"]
    async with site_on(url) as app, app.database.session() as session:
        rows = await session.execute(select(Post.body, func.count()).group_by(Post.body))
        found = dict(rows.all())
    figures.lost = [words for words in records.acknowledged if words not in found]
    figures.doubled = [words for words in records.attempts if found.get(words, 0) > 1]
