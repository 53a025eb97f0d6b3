"""Static files under fingerprinted names, which change with their content.

In a template `{{ asset("css/screen.css") }}` gives `/static/css/screen.0123456789ab.css`. Responses
under such a name are cached for ever, because a changed file gets a new name (RFC 8246, "HTTP
Immutable Responses").

Small files that every page needs are served as one, because each request delays the first paint.
"""

import asyncio
import gzip
import hashlib
import mimetypes
import re
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import brotli  # type: ignore[import-untyped]
from quart import Response, request
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from blog.core.web.app import Broadside, current_app
from blog.core.web.compression import COMPRESSIBLE, SMALLEST
from blog.core.web.headers import vary_by

FINGERPRINTED = re.compile(r"(?P<stem>.+)\.(?P<digest>[0-9a-f]{12})(?P<suffix>\.[a-z0-9]+)")
LOOK_SECONDS = 1.0
# The codings of compressed files, the shortest first, and the suffixes of their files.
CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "br": brotli.compress,
    "gzip": lambda content: gzip.compress(content, mtime=0),
}
SUFFIXES = {"br": ".br", "gzip": ".gz"}
IMMUTABLE = "public, max-age=31536000, immutable"

# The style sheets of the screen, in the order of the cascade.
SCREEN = (
    "tokens", "base", "layout", "controls", "forms", "components", "lists", "tabs", "posts",
    "bylines", "post-actions", "comments", "margin", "writing", "article", "tags", "places",
    "people", "hidden", "information", "areas", "prose", "tints", "code", "mentions", "reactions",
)  # fmt: skip
# Those of the editor, the list of drafts and the choice of a cover.
EDITOR = ("page", "bar", "sheet", "settings", "preview", "drafts", "covers", "dialog")
# What browsers and crawlers ask for without having read a page.
WELL_KNOWN = ("favicon.ico", "apple-touch-icon.png")
# Written by the build (`hatch_build.py`): the sheet, and what each page needs of what it names.
FONTS_SHEET = "fonts/fonts.css"
FONTS = ("fonts/sans.woff2", "fonts/serif.woff2")


class _Version(NamedTuple):
    """The files that are served under one name, and when each was modified."""

    files: tuple[Path, ...]
    modified: tuple[int, ...]


@lru_cache(maxsize=512)
def _read(version: _Version) -> tuple[bytes, str]:
    """The content and fingerprint of a name, cached until a file of it is modified."""
    content = b"\n".join(file.read_bytes() for file in version.files)
    return content, hashlib.sha256(content).hexdigest()[:12]


@lru_cache(maxsize=512)
def _fingerprinted(name: str, version: _Version) -> str:
    """The fingerprinted form of a name, cached until a file of it is modified."""
    _, digest = _read(version)
    path = Path(name)
    return str(path.with_name(f"{path.stem}.{digest}{path.suffix}"))


class Assets:
    """The files of one folder.

    Args:
        folder: their folder; nothing outside it is served.
        address: their URL prefix, with a trailing slash.
        bundles: the names that stand for several files, with the names of those.
    """

    def __init__(
        self, folder: Path, address: str, bundles: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self._folder = folder
        self._address = address
        self._bundles = bundles or {}
        self._linked: dict[str, tuple[float, str]] = {}
        self._compressed: dict[tuple[str, str], tuple[_Version, bytes]] = {}

    def address(self, name: str) -> str:
        """The fingerprinted URL of a file. A change of the file shows within a second."""
        looked_at, address = self._linked.get(name, (0.0, ""))
        if (moment := time.monotonic()) - looked_at > LOOK_SECONDS:
            address = self._address + _fingerprinted(name, self._find(name))
            self._linked[name] = moment, address
        return address

    async def serve(self, filename: str) -> Response:
        """Answer with a file, by its plain or its fingerprinted name.

        An outdated fingerprint, in a page that was open during an update, gets the current file,
        uncached.
        """
        match = FINGERPRINTED.fullmatch(filename)
        name = match["stem"] + match["suffix"] if match else filename
        version = self._find(name)
        content, digest = _read(version)
        mimetype = mimetypes.guess_type(name)[0] or "application/octet-stream"
        is_compressed = mimetype in COMPRESSIBLE and len(content) >= SMALLEST
        coding = next((each for each in CODINGS if request.accept_encodings[each]), None)
        if is_compressed and coding is not None:
            compressed = await self._compressed_content(name, version, coding)
            response = Response(compressed, mimetype=mimetype)
            response.headers["Content-Encoding"] = coding
        else:
            response = Response(content, mimetype=mimetype)
        vary_by(response, "Accept-Encoding")
        if current_app.settings.static_url:
            # Browsers ask for scripts and fonts of another host by CORS.
            response.headers["Access-Control-Allow-Origin"] = "*"
        is_current = match is not None and match["digest"] == digest
        response.headers["Cache-Control"] = IMMUTABLE if is_current else "no-cache"
        response.set_etag(digest, weak=True)
        return await response.make_conditional(request)

    def write(self, folder: Path) -> list[str]:
        """Export all files to their URL paths below `folder`, for a web server to serve.

        Each gets a copy in each coding. Older versions stay, for pages that are still open. Files
        are replaced atomically, so the site may be running.

        Returns:
            The addresses.
        """
        files = (file for file in self._folder.rglob("*") if file.is_file())
        names = sorted({*self._bundles, *(str(file.relative_to(self._folder)) for file in files)})
        addresses = [self.address(name) for name in names]
        for name, address in zip(names, addresses, strict=True):
            content, _ = _read(self._find(name))
            target = folder / address.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            copies = {Path(f"{target}{SUFFIXES[coding]}"): compress(content)
                      for coding, compress in CODINGS.items()}  # fmt: skip
            for file, data in ({target: content} | copies).items():
                draft = Path(f"{file}.draft")
                draft.write_bytes(data)
                draft.replace(file)
        return addresses

    async def _compressed_content(self, name: str, version: _Version, coding: str) -> bytes:
        """The compressed content of a name, cached until a file of it is modified."""
        compressed_then, compressed = self._compressed.get((name, coding), (None, b""))
        if compressed_then != version:
            content, _ = _read(version)
            compressed = await asyncio.to_thread(CODINGS[coding], content)
            self._compressed[name, coding] = version, compressed
        return compressed

    def _find(self, name: str) -> _Version:
        """Find the files that are served under a name.

        Raises:
            NotFound: there is no such file.
        """
        found = [self._find_file(part) for part in self._bundles.get(name, (name,))]
        return _Version(tuple(file for file, _ in found), tuple(modified for _, modified in found))

    def _find_file(self, name: str) -> tuple[Path, int]:
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
    folder = project / "static"
    screen = [f"css/{sheet}.css" for sheet in SCREEN]
    if has_fonts(folder):
        screen.insert(0, FONTS_SHEET)
    editor = [f"css/editor/{sheet}.css" for sheet in EDITOR]
    return Assets(folder, "/static/", {"css/screen.css": screen, "css/editor.css": editor})


def has_fonts(folder: Path) -> bool:
    """Whether the fonts have been built; without them pages use those of the system."""
    return (folder / FONTS_SHEET).is_file()


def init_app(app: Broadside) -> None:
    """Serve the folder `static` of `app`."""
    assets = own_assets(Path(app.root_path))
    app.add_url_rule("/static/<path:filename>", "static", assets.serve)
    for name in WELL_KNOWN:
        app.add_url_rule(f"/{name}", "well_known", assets.serve, defaults={"filename": name})
    base = app.settings.static_url or ""

    def asset(name: str) -> str:
        return base + assets.address(name)

    app.jinja_env.globals["asset"] = asset
    app.jinja_env.globals["fonts"] = FONTS if has_fonts(Path(app.root_path) / "static") else ()
