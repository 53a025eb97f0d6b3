"""Style sheets, scripts and icons, under names that change with their content.

`url_for("static", filename="css/base.css")` gives `/static/css/base.0123456789ab.css`. What is
asked for by such a name may be kept for ever: when the file changes, so does the name
(RFC 8246, "HTTP Immutable Responses").
"""

import hashlib
import mimetypes
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from quart import Response, request
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from blog.web.app import Broadside

FINGERPRINTED = re.compile(r"(?P<stem>.+)\.(?P<digest>[0-9a-f]{12})(?P<suffix>\.[a-z0-9]+)")
FOR_EVER = "public, max-age=31536000, immutable"


@lru_cache(maxsize=512)
def _read(file: Path, _modified: int) -> tuple[bytes, str]:
    """A file's content and its fingerprint, until it is modified."""
    content = file.read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:12]


class Assets:
    """The files of one folder.

    Args:
        folder: where they are; nothing outside it is ever served.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fingerprinted(self, name: str) -> str:
        """The name to link to, or the given one if there is no such file."""
        try:
            _, digest = self._find(name)
        except NotFound:
            return name
        path = Path(name)
        return str(path.with_name(f"{path.stem}.{digest}{path.suffix}"))

    async def serve(self, filename: str) -> Response:
        """Answer with a file, by its plain or its fingerprinted name.

        A fingerprint of the past, in a page that was open when the site was updated, gets the
        file of today, which is not to be kept under that name.
        """
        match = FINGERPRINTED.fullmatch(filename)
        name = match["stem"] + match["suffix"] if match else filename
        content, digest = self._find(name)
        mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
        response = Response(content, mimetype=mimetype)
        is_current = match is not None and match["digest"] == digest
        response.headers["Cache-Control"] = FOR_EVER if is_current else "no-cache"
        response.set_etag(digest, weak=True)
        return await response.make_conditional(request)

    def _find(self, name: str) -> tuple[bytes, str]:
        joined = safe_join(str(self._folder), name)
        if joined is None or not (file := Path(joined)).is_file():
            raise NotFound
        return _read(file, file.stat().st_mtime_ns)


def init_app(app: Broadside) -> None:
    """Serve the folder `static` of `app`."""
    assets = Assets(Path(app.root_path) / "static")
    app.add_url_rule("/static/<path:filename>", "static", assets.serve)

    @app.url_defaults
    def link_to_fingerprint(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values["filename"] = assets.fingerprinted(values["filename"])
