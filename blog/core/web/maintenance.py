"""Maintenance: while `VAR_DIR` has a file `maintenance`, every request is answered with 503.

A file, because it needs no database, and every process of the machine sees it at once.
"""

from pathlib import Path

from quart import request
from werkzeug.exceptions import ServiceUnavailable

from blog.core.i18n import lazy_gettext
from blog.core.web.app import Broadside
from blog.core.web.health import PATHS

RETRY_SECONDS = 60
WORDS = lazy_gettext("The site is being updated, and will be back in a few minutes.")
LONGEST_WORDS = 1000


def maintenance_file(var_dir: Path) -> Path:
    """The file whose existence means maintenance; it may contain a text for visitors."""
    return var_dir / "maintenance"


def init_app(app: Broadside) -> None:
    """Refuse requests during maintenance, before anything asks the database."""
    file = maintenance_file(app.settings.var_dir)

    @app.before_request
    async def refuse() -> None:
        if request.path in PATHS or request.endpoint == "static":
            return
        if file.exists():
            raise ServiceUnavailable(_words(file), retry_after=RETRY_SECONDS)


def _words(file: Path) -> str:
    try:
        return file.read_text()[:LONGEST_WORDS].strip() or str(WORDS)
    except (OSError, UnicodeDecodeError):
        return str(WORDS)
