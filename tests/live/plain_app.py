"""Small ASGI applications for hypercorn alone: `hypercorn tests.live.plain_app:app`."""

import os
from typing import Any


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the number of the process, and end the response when the body has arrived."""
    if scope["type"] == "lifespan":
        while (event := await receive())["type"] != "lifespan.shutdown":
            await send({"type": f"{event['type']}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d." % os.getpid(), "more_body": True})
    while (await receive()).get("more_body", False):
        pass
    await send({"type": "http.response.body", "body": b"done", "more_body": False})


async def broken(scope: Any, receive: Any, send: Any) -> None:
    """Fail to start."""
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})
