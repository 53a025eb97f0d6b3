"""Helpers for tests of exports."""

import io
import json
import re
import zipfile
from typing import Any

from blog.core.web.app import Broadside
from blog.transfer.front_matter import Document, read_document
from tests.jobs import finish_jobs
from tests.support import Browser

EXPORT = "/auth/export"
EXPORT_JOBS = ("make_export", "remove_export")
_DOWNLOAD = re.compile(r'href="(/auth/export/\d+)" download')


class Archive:
    """A downloaded archive.

    Attributes:
        files: the content of each file, by its name.
    """

    def __init__(self, content: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.testzip() is None
            names = archive.namelist()
            assert len(set(names)) == len(names)
            self.files = {name: archive.read(name) for name in names}

    def json(self, name: str) -> Any:
        """The content of a JSON file."""
        return json.loads(self.files[name])

    def documents(self, folder: str = "posts") -> dict[str, Document]:
        """The Markdown files of a folder, by their names without it."""
        return {
            name.removeprefix(f"{folder}/"): read_document(content)
            for name, content in self.files.items()
            if name.startswith(f"{folder}/")
        }


async def ask(browser: Browser) -> None:
    """Ask for an export by the form."""
    answer = await browser.submit(EXPORT)
    assert (answer.status_code, answer.headers["location"]) == (302, EXPORT), answer.text


async def download_address(browser: Browser) -> str | None:
    """Where the page lets one download the archive."""
    page = await browser.get(EXPORT)
    assert page.status_code == 200
    found = _DOWNLOAD.search(page.text)
    return found[1] if found else None


async def downloaded(app: Broadside, browser: Browser) -> bytes:
    """An archive of somebody's data, asked for, made and downloaded."""
    await ask(browser)
    await finish_jobs(app, *EXPORT_JOBS)
    address = await download_address(browser)
    assert address
    answer = await browser.get(address)
    assert answer.status_code == 200
    return answer.content


async def exported(app: Broadside, browser: Browser) -> Archive:
    """What an archive of somebody's data has."""
    return Archive(await downloaded(app, browser))


async def stored_archives(app: Broadside) -> list[str]:
    """The keys of all stored archives."""
    return [stored.key for stored in await app.storage.page("exports")]
