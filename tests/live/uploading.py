"""The site, with routes for large uploads: `hypercorn tests.live.uploading:app`."""

from quart import Response

from asgi import app
from blog.core.web.app import current_app
from blog.core.web.stored_files import stored_file
from blog.core.web.uploads import takes_upload, uploaded_body, uploaded_file

LIMIT = 21 * 1024 * 1024
KEY = "uploads/file.bin"


@app.post("/api/raw")
@takes_upload(LIMIT)
async def raw() -> str:
    return str(await current_app.storage.put(KEY, uploaded_body()))


@app.post("/api/form")
@takes_upload(LIMIT)
async def form() -> str:
    file = await uploaded_file()
    return str(file and await current_app.storage.put(KEY, file.content))


@app.post("/api/refusing")
@takes_upload(LIMIT)
async def refusing() -> tuple[str, int]:
    return "no", 403


@app.get("/api/file")
async def download() -> Response:
    return await stored_file(KEY)
