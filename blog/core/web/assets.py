"""Static files under fingerprinted names, which change with their content.

In a template `{{ asset("css/base.css") }}` gives `/static/css/base.0123456789ab.css`. Responses
under such a name are cached for ever, because a changed file gets a new name (RFC 8246, "HTTP
Immutable Responses").
"""

import asyncio
import gzip
import hashlib
import mimetypes
import re
import stat
import time
from functools import lru_cache
from pathlib import Path

from quart import Response, request
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from blog.core.web.app import Broadside
from blog.core.web.compression import COMPRESSIBLE, SMALLEST
from blog.core.web.headers import vary_by

FINGERPRINTED = re.compile(r"(?P<stem>.+)\.(?P<digest>[0-9a-f]{12})(?P<suffix>\.[a-z0-9]+)")
LOOK_SECONDS = 1.0
IMMUTABLE = "public, max-age=31536000, immutable"


@lru_cache(maxsize=512)
def _read(file: Path, _modified: int) -> tuple[bytes, str]:
    """The content and fingerprint of a file, cached until it is modified."""
    content = file.read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:12]


@lru_cache(maxsize=512)
def _fingerprinted(file: Path, name: str, modified: int) -> str:
    """The fingerprinted name of a file, cached until it is modified."""
    _, digest = _read(file, modified)
    path = Path(name)
    return str(path.with_name(f"{path.stem}.{digest}{path.suffix}"))


class Assets:
    """The files of one folder.

    Args:
        folder: their folder; nothing outside it is served.
        address: their URL prefix, with a trailing slash.
    """

    def __init__(self, folder: Path, address: str) -> None:
        self._folder = folder
        self._address = address
        self._linked: dict[str, tuple[float, str]] = {}
        self._compressed: dict[Path, tuple[int, bytes]] = {}

    def address(self, name: str) -> str:
        """The fingerprinted URL of a file. A change of the file shows within a second."""
        looked_at, address = self._linked.get(name, (0.0, ""))
        if (moment := time.monotonic()) - looked_at > LOOK_SECONDS:
            file = self._folder / name
            address = self._address + _fingerprinted(file, name, file.stat().st_mtime_ns)
            self._linked[name] = moment, address
        return address

    async def serve(self, filename: str) -> Response:
        """Answer with a file, by its plain or its fingerprinted name.

        An outdated fingerprint, in a page that was open during an update, gets the current file,
        uncached.
        """
        match = FINGERPRINTED.fullmatch(filename)
        name = match["stem"] + match["suffix"] if match else filename
        file, modified = self._find(name)
        content, digest = _read(file, modified)
        mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
        is_compressed = mimetype in COMPRESSIBLE and len(content) >= SMALLEST
        if is_compressed and request.accept_encodings["gzip"]:
            compressed = await self._compressed_content(file, modified)
            response = Response(compressed, mimetype=mimetype)
            response.headers["Content-Encoding"] = "gzip"
        else:
            response = Response(content, mimetype=mimetype)
        vary_by(response, "Accept-Encoding")
        is_current = match is not None and match["digest"] == digest
        response.headers["Cache-Control"] = IMMUTABLE if is_current else "no-cache"
        response.set_etag(digest, weak=True)
        return await response.make_conditional(request)

    def write(self, folder: Path) -> list[str]:
        """Export all files to their URL paths below `folder`, for a web server to serve.

        Each gets a gzipped copy. Older versions stay, for pages that are still open. Files are
        replaced atomically, so the site may be running.

        Returns:
            The addresses.
        """
        files = (file for file in self._folder.rglob("*") if file.is_file())
        names = sorted(str(file.relative_to(self._folder)) for file in files)
        addresses = [self.address(name) for name in names]
        for name, address in zip(names, addresses, strict=True):
            content, _ = _read(*self._find(name))
            target = folder / address.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            compressed = gzip.compress(content, mtime=0)
            for file, data in ((target, content), (Path(f"{target}.gz"), compressed)):
                draft = Path(f"{file}.draft")
                draft.write_bytes(data)
                draft.replace(file)
        return addresses

    async def _compressed_content(self, file: Path, modified: int) -> bytes:
        """The gzipped content of a file, cached until it is modified."""
        compressed_then, compressed = self._compressed.get(file, (None, b""))
        if compressed_then != modified:
            content, _ = _read(file, modified)
            compressed = await asyncio.to_thread(gzip.compress, content, mtime=0)
            self._compressed[file] = modified, compressed
        return compressed

    def _find(self, name: str) -> tuple[Path, int]:
        """Find a file and its modification time.

        Raises:
            NotFound: there is no such file.
        """
        if (joined := safe_join(str(self._folder), name)) is None:
            raise NotFound
        file = Path(joined)
        try:
            status = file.stat()
        except (OSError, ValueError):  # There is no such file, or the name is invalid.
            raise NotFound from None
        if not stat.S_ISREG(status.st_mode):
            raise NotFound
        return file, status.st_mtime_ns


def own_assets(project: Path) -> Assets:
    """The files of the folder `static`, served below `/static/`."""
    return Assets(project / "static", "/static/")


def init_app(app: Broadside) -> None:
    """Serve the folder `static` of `app`."""
    assets = own_assets(Path(app.root_path))
    app.add_url_rule("/static/<path:filename>", "static", assets.serve)
    app.jinja_env.globals["asset"] = assets.address
