"""Helpers for tests of images."""

import io
from typing import Any

import httpx
from PIL import Image

from blog.core.web.app import Broadside
from tests import jobs
from tests.api.support import Client
from tests.support import Browser

MEDIA_JOBS = ("process_media", "remove_media_file")


async def finish_jobs(app: Broadside) -> None:
    """Run the jobs of images until none waits."""
    await jobs.finish_jobs(app, *MEDIA_JOBS)


async def upload(client: Client, content: bytes, **fields: str) -> httpx.Response:
    """Upload by the API."""
    return await client.post("/media/", files={"file": ("photo.jpg", content)}, data=fields)


async def send(browser: Browser, content: bytes, **fields: str) -> httpx.Response:
    """Upload by the form."""
    token = await browser.token("/media/")
    return await browser.post(
        "/media/", data={"csrf_token": token, **fields}, files={"file": ("photo.jpg", content)}
    )


async def uploaded(app: Broadside, client: Client, content: bytes, **fields: str) -> dict[str, Any]:
    """An image that is uploaded and processed."""
    answer = await upload(client, content, **fields)
    assert answer.status_code == 201, answer.text
    await finish_jobs(app)
    media: dict[str, Any] = (await client.get(answer.json()["url"])).json()
    return media


async def served(client: Client, address: str) -> Image.Image:
    """The image at an address."""
    answer = await client.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
    return Image.open(io.BytesIO(answer.content))


async def stored_keys(app: Broadside) -> list[str]:
    """The keys of all objects of images, and what is left of uploads."""
    incoming = app.settings.var_dir / "images"
    left = [path.name for path in incoming.iterdir()] if incoming.exists() else []
    pages = [await app.storage.page(folder) for folder in ("media", "originals")]
    return [stored.key for page in pages for stored in page] + left
