"""Where the programs of the cluster are."""

import os
import shutil
import stat
import sys
from pathlib import Path

from blog.core.db.postgres_programs import (
    PROGRAMS,
    SYSTEM_USER,
    prepare_for_system_user,
    system_user,
)
from tests.servers import PROJECT

SEARCHED = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
# `make cluster` makes these two: Patroni from PyPI, and a PgBouncer that knows prepared statements.
PATRONI = Path(sys.executable).parent.parent / "cluster" / "bin" / "python"
PGBOUNCER = Path(sys.executable).parent.parent / "pgbouncer" / "bin" / "pgbouncer"
HOW_TO_INSTALL = "make cluster installs it on Debian as root"


class NotInstalledError(Exception):
    """A program is missing."""


def program(name: str) -> Path:
    """Where a program is.

    Raises:
        NotInstalledError: it is not installed.
    """
    ours = {"patroni": PATRONI, "pgbouncer": PGBOUNCER}
    if name in ours:
        found = ours[name] if ours[name].exists() else None
    else:
        there = shutil.which(name, path=SEARCHED)
        found = Path(there) if there else None
    if found is None:
        raise NotInstalledError(f"there is no {name}: {HOW_TO_INSTALL}")
    return found


def require_all() -> None:
    """Find every program of the cluster.

    Raises:
        NotInstalledError: one is not installed.
    """
    for name in ("etcd", "haproxy", "nginx", "patroni", "pgbouncer"):
        program(name)


def prepare_system_user(folder: Path) -> str | None:
    """Let the user of PostgreSQL reach the programs and a folder, if this process is root.

    Returns:
        The user's name; `None` if this process is not root, and everything runs as its own user.
    """
    prepare_for_system_user(folder / "any")
    if system_user() is None:
        return None
    for place in (Path(sys.base_prefix).resolve(), PROJECT):
        for parent in (place, *place.parents):
            if not (mode := parent.stat().st_mode) & stat.S_IXOTH:
                parent.chmod(mode | stat.S_IXOTH)
    return SYSTEM_USER


__all__ = ["PROGRAMS", "NotInstalledError", "prepare_system_user", "program", "require_all"]
