"""Each process reports its configuration, so that mismatched machines are noticed.

Two machines with different keys keep logging their visitors out; a wrong clock lets links and
sessions expire too early or too late.
"""

import hashlib
import hmac
import logging
import os
import socket
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from importlib.metadata import version
from typing import NamedTuple

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy import Row, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.db.database import Database
from blog.core.db.migrations import known_revisions
from blog.core.jobs.loop import Loop
from blog.models import Heartbeat

log = logging.getLogger(__name__)

EVERY_SECONDS = 30.0
# Commands that end within seconds leave no row.
FIRST_SECONDS = 3.0
# A process that has not reported for this long has ended.
ENDED = timedelta(seconds=4 * EVERY_SECONDS)
# Seconds that two clocks may differ.
CLOCK_TOLERANCE = 2.0
KEY, VERSION, CLOCK = SUBJECTS = ("SECRET_KEY", "version", "clock")


class Disagreement(NamedTuple):
    """A difference between processes of the site.

    Attributes:
        subject: one of `SUBJECTS`.
        text: the observation, in one line.
        processes: how many processes differ from most others.
    """

    subject: str
    text: str
    processes: int


def fingerprint(key: str) -> str:
    """A hash that tells secret keys apart without revealing them."""
    return hmac.new(key.encode(), b"fingerprint", hashlib.sha256).hexdigest()[:16]


def own_version() -> str:
    """The version of this code, and of the schema that it needs."""
    return f"{version('broadside')}, schema {', '.join(sorted(known_revisions()[0]))}"


class Heart(Loop):
    """Reports this process, and logs how it differs from the others.

    Args:
        database: open while it runs.
        kind: the kind of process, such as "web".
        keys: the keys of valid cookies and links; the last one signs.
    """

    def __init__(self, database: Database, kind: str, keys: Sequence[str]) -> None:
        super().__init__("heartbeats", stop_seconds=1.0)
        self._database = database
        self._kind = kind
        self._keys = [fingerprint(key) for key in keys]
        self._has_waited = False
        self._known: set[str] = set()

    async def step(self) -> float:
        """Report this process, and compare it with the others."""
        if not self._has_waited:
            self._has_waited = True
            return FIRST_SECONDS
        async with self._database.autocommit_session() as session:
            await self._report(session)
            found = await disagreements(session)
        texts = {each.text for each in found}
        for text in sorted(texts - self._known):
            log.warning("%s", text)
        self._known = texts
        return EVERY_SECONDS

    async def _report(self, session: AsyncSession) -> None:
        before = now()
        database_time = (await session.scalars(select(func.clock_timestamp()))).one()
        offset = (before - database_time + (now() - before) / 2).total_seconds()
        values = {
            "process": f"{self._kind} process {os.getpid()} on {socket.gethostname()}",
            "version": own_version(),
            "signs_with": self._keys[-1],
            "accepts": self._keys,
            "clock_offset": offset,
            "seen_at": func.now(),
        }
        statement = insert(Heartbeat).values(values)
        await session.execute(
            statement.on_conflict_do_update(index_elements=["process"], set_=values)
        )
        ended = delete(Heartbeat).where(Heartbeat.seen_at < func.now() - ENDED)
        await session.execute(ended.execution_options(synchronize_session=False))


async def disagreements(session: AsyncSession) -> list[Disagreement]:
    """Find differences between the running processes."""
    columns = (
        Heartbeat.process,
        Heartbeat.version,
        Heartbeat.signs_with,
        Heartbeat.accepts,
        Heartbeat.clock_offset,
    )
    statement = select(*columns).where(Heartbeat.seen_at >= func.now() - ENDED)
    rows = (await session.execute(statement.order_by(Heartbeat.process))).all()
    found = [_compare_keys(rows), _compare_versions(rows), _compare_clocks(rows)]
    return [each for each in found if each is not None]


def _compare_keys(rows: Sequence[Row[*tuple[object, ...]]]) -> Disagreement | None:
    signing = Counter(row.signs_with for row in rows)
    refusing = [row for row in rows if not signing.keys() <= set(row.accepts)]
    if not refusing:
        return None
    usual = signing.most_common(1)[0][0]
    others = [row.process for row in rows if row.signs_with != usual]
    text = f"processes have different SECRET_KEYs: {_join(others)} and the others"
    return Disagreement(KEY, text, len(others))


def _compare_versions(rows: Sequence[Row[*tuple[object, ...]]]) -> Disagreement | None:
    versions = Counter(row.version for row in rows)
    if len(versions) < 2:
        return None
    usual = versions.most_common(1)[0][0]
    others = [row for row in rows if row.version != usual]
    text = f"processes have different versions: {_join([row.process for row in others])} "
    text += f"{others[0].version}, the others {usual}"
    return Disagreement(VERSION, text, len(others))


def _compare_clocks(rows: Sequence[Row[*tuple[object, ...]]]) -> Disagreement | None:
    wrong = [row for row in rows if abs(row.clock_offset) > CLOCK_TOLERANCE]
    if not wrong:
        return None
    offsets = [
        f"{row.process} is {abs(row.clock_offset):.0f} s "
        f"{'ahead' if row.clock_offset > 0 else 'behind'}"
        for row in wrong
    ]
    text = f"clocks differ from the database's: {_join(offsets)}"
    return Disagreement(CLOCK, text, len(wrong))


def _join(names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


async def heartbeat_figures(session: AsyncSession) -> list[Metric]:
    """The number of processes that differ from most others, for `/metrics`."""
    differing = GaugeMetricFamily(
        "broadside_processes_differing",
        "Processes that have another SECRET_KEY, version or time than most of the site's.",
        labels=["in"],
    )
    found = {each.subject: each.processes for each in await disagreements(session)}
    for subject in SUBJECTS:
        differing.add_metric([subject], found.get(subject, 0))
    return [differing]
