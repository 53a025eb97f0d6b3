"""The errors of backups."""


class BackupError(Exception):
    """A backup could not be made or restored; the message is one line for the operator."""


class DamagedBackupError(BackupError):
    """A backup is not what was written: it is incomplete, or was changed or replaced."""
