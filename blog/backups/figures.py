"""Metrics of backups and of the archive, for `/metrics`."""

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.ext.asyncio import AsyncSession

from blog.backups.archiving import archive_state
from blog.backups.records import backup_state
from blog.core.clock import now


async def backup_figures(session: AsyncSession) -> list[Metric]:
    """Build the metrics. If there is no backup or proof yet, its age is that of the site."""
    state = await backup_state(session)
    backed_up_at = state.backup.ended_at if state.backup else state.since
    archive = await archive_state(session)
    of_archive = (
        []
        if archive is None
        else [
            GaugeMetricFamily(
                "broadside_archive_up",
                "Whether the write-ahead log is archived.",
                archive.is_active,
            ),
            GaugeMetricFamily(
                "broadside_archive_behind_bytes",
                "How much of the write-ahead log has not arrived in the archive.",
                archive.behind,
            ),
        ]
    )
    return [
        *of_archive,
        GaugeMetricFamily(
            "broadside_backup_age_seconds",
            "How long ago the last backup was made.",
            (now() - backed_up_at).total_seconds(),
        ),
        GaugeMetricFamily(
            "broadside_backup_proof_age_seconds",
            "How long ago a backup was last restored as a proof.",
            (now() - state.unproven_since).total_seconds(),
        ),
        GaugeMetricFamily(
            "broadside_backup_failed",
            "Whether the last backup or proof has failed.",
            state.failure is not None,
        ),
    ]
