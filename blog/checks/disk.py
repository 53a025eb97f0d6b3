"""Check of the free disk space."""

import shutil
from collections.abc import Iterator
from pathlib import Path

from blog.checks.findings import Finding, ok, serious, warning
from settings import Settings

GIGABYTE = 10**9
# Less free space than the first share is a warning, less than the second is serious.
LITTLE, TOO_LITTLE = 0.15, 0.05


def check_disk(settings: Settings) -> Iterator[Finding]:
    """Check how full the disks of `VAR_DIR` and of the backups are."""
    folders = {"VAR_DIR": settings.var_dir}
    target = settings.backup_target or ""
    if target.startswith("/"):
        folders["BACKUP_TARGET"] = Path(target)
    for name, folder in folders.items():
        try:
            usage = shutil.disk_usage(folder)
        except OSError as error:
            hint = "create it, and give it to the user that runs the site"
            yield warning(name, f"{folder} can't be looked at: {error.strerror}", hint)
            continue
        share = usage.free / usage.total
        text = f"{usage.free / GIGABYTE:.1f} GB of {usage.total / GIGABYTE:.1f} GB are free"
        hint = f"make room on the disk of {folder}, or move it to a larger one"
        if share < TOO_LITTLE:
            yield serious("Disk", f"{name}: {text}", hint)
        elif share < LITTLE:
            yield warning("Disk", f"{name}: {text}", hint)
        else:
            yield ok("Disk", f"{name}: {text}")
