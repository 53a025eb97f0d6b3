"""Check of the backups."""

from blog.backups.archiving import ArchiveState
from blog.backups.records import BackupState
from blog.checks.findings import Finding, ok, serious, warning
from settings import Settings

BACKUPS = "Backups"
ARCHIVE = "Archive"


def check_backups(settings: Settings, state: BackupState) -> Finding:
    """Check whether the site is backed up, and a backup was restored as a proof."""
    if settings.backup_target is None:
        hint = "set it, and enable deploy/broadside-backup.timer"
        return warning(BACKUPS, "BACKUP_TARGET isn't set: nobody knows of any backup", hint)
    if state.failure is not None:
        failed = f"the last {state.failure.action} failed: {state.failure.error}"
        return serious(BACKUPS, failed, "run blog backup, then blog backup prove")
    if state.is_overdue:
        text = f"no backup was restored as a proof since {state.unproven_since:%Y-%m-%d %H:%M} UTC"
        return serious(BACKUPS, text, "run blog backup, then blog backup prove")
    if state.proof is None:
        return warning(BACKUPS, "none was restored as a proof yet", "run blog backup prove")
    if settings.backup_key is None and settings.backup_target.startswith("s3:"):
        hint = "set BACKUP_KEY to a key made by age-keygen, and keep a copy of it elsewhere"
        return warning(BACKUPS, f"not encrypted in {settings.backup_target}", hint)
    return ok(BACKUPS, f"restored as a proof at {state.unproven_since:%Y-%m-%d %H:%M} UTC")


def check_archive(state: ArchiveState) -> Finding:
    """Check whether the write-ahead log is archived, for sites that use archiving."""
    if state.is_healthy:
        return ok(ARCHIVE, f"archived, except for {state.behind:,} bytes")
    text = f"not archived: {state.behind:,} bytes of the log have not arrived"
    return serious(ARCHIVE, text, "see the log of blog backup archive")
