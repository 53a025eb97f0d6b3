"""Records of backups and proofs in the database, where all processes can read them."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.db.database import Database
from blog.core.db.database_errors import DatabaseUnavailableError, is_schema_mismatch
from blog.core.db.deleting import BATCH, delete_rows
from blog.models import BackupAction, BackupRun, Site

log = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=400)
# Older proofs don't count any more.
PROVEN_WITHIN = timedelta(days=2)
LONGEST_ERROR = 1000


@dataclass
class Run:
    """The details of a run, which the run fills in.

    Attributes:
        name: the name of the backup.
        size: its size in bytes.
    """

    name: str | None = None
    size: int | None = None


class BackupState(NamedTuple):
    """The state of the backups of a site.

    Attributes:
        since: when the site was set up.
        backup: the last successful backup.
        proof: the last successful proof.
        failure: the last run, if it failed.
    """

    since: datetime
    backup: BackupRun | None
    proof: BackupRun | None
    failure: BackupRun | None

    @property
    def unproven_since(self) -> datetime:
        """When the last proof ended; if there is none, when the site was set up."""
        return self.proof.ended_at if self.proof else self.since

    @property
    def is_overdue(self) -> bool:
        """Whether no backup was proven within the last two days."""
        return now() - self.unproven_since > PROVEN_WITHIN


@asynccontextmanager
async def record_run(database: Database, action: BackupAction, target: str) -> AsyncIterator[Run]:
    """Record the run that takes place within this context, and whether it fails.

    There is no record if the schema of the database is too old to have the table, or if the
    database is unavailable, which is logged.
    """
    run, began_at = Run(), now()
    error: str | None = None
    try:
        yield run
    except Exception as failure:
        error = (str(failure) or type(failure).__name__)[:LONGEST_ERROR]
        raise
    except BaseException:
        # Ctrl-C. A proof has a name from the start, but proves nothing until its end.
        error = "interrupted"
        raise
    finally:
        row = BackupRun(
            action=action, target=target, name=run.name, began_at=began_at, size=run.size,
            error=error,
        )  # fmt: skip
        await _save(database, row)


async def _save(database: Database, row: BackupRun) -> None:
    """Save a record. If the database is unavailable, the run still counts as successful."""
    try:
        async with database.session() as session:
            session.add(row)
            await session.commit()
    except (DatabaseUnavailableError, SQLAlchemyError, OSError) as error:
        if not (isinstance(error, DBAPIError) and is_schema_mismatch(error)):
            reason = str(error).partition("\n")[0]
            log.error("the %s of %s is not recorded: %s", row.action, row.target, reason)


async def find_last_run(
    session: AsyncSession, action: BackupAction, *, failed: bool = False
) -> BackupRun | None:
    """The last run of an action that succeeded, or that failed."""
    is_failure = BackupRun.error.is_not(None)
    return await session.scalar(
        select(BackupRun)
        .where(BackupRun.action == action, is_failure if failed else ~is_failure)
        .order_by(BackupRun.ended_at.desc(), BackupRun.id.desc())
        .limit(1)
    )


async def last_backup_name(session: AsyncSession, target: str) -> str | None:
    """The name of the newest recorded backup in a target."""
    return await session.scalar(
        select(func.max(BackupRun.name)).where(
            BackupRun.action == BackupAction.BACKUP,
            BackupRun.target == target,
            BackupRun.error.is_(None),
        )
    )


async def backup_state(session: AsyncSession) -> BackupState:
    """Load the state of the site's backups."""
    since = (await session.scalars(select(Site.created_at))).one()
    backup = await find_last_run(session, BackupAction.BACKUP)
    proof = await find_last_run(session, BackupAction.PROOF)
    failures = [
        failure
        for success, action in ((backup, BackupAction.BACKUP), (proof, BackupAction.PROOF))
        if (failure := await find_last_run(session, action, failed=True))
        and (success is None or failure.ended_at > success.ended_at)
    ]
    return BackupState(
        since, backup, proof, max(failures, key=lambda run: run.ended_at, default=None)
    )


async def delete_old_runs(session: AsyncSession) -> int:
    """Delete a batch of old records; the caller commits.

    Returns:
        How many were deleted.
    """
    old = select(BackupRun.id).where(BackupRun.ended_at < now() - KEPT_FOR).limit(BATCH)
    return await delete_rows(
        session, delete(BackupRun).where(BackupRun.id.in_(old.scalar_subquery()))
    )
