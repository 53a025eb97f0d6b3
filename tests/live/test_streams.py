"""Live updates from real processes."""

import signal
from contextlib import suppress
from pathlib import Path

import httpx

from tests.browser.sample_site import app_of
from tests.servers import serving
from tests.support import Visitor, add_user


async def test_streams_end_properly_when_the_site_is_told_to_stop(
    tmp_path: Path, site_url: str
) -> None:
    async with serving(tmp_path, database_url=site_url) as server:
        app = app_of(tmp_path, site_url)
        await app.database.open()
        await add_user(app, "listener")
        await app.database.close()
        async with (
            Visitor(base_url=server.url) as first,
            httpx.AsyncClient(base_url=server.url, http1=False, http2=True) as second,
        ):
            await first.log_in("listener")
            second.cookies = first.cookies
            address = "/notifications/stream"
            async with first.stream("GET", address) as one, second.stream("GET", address) as other:
                assert (one.http_version, other.http_version) == ("HTTP/1.1", "HTTP/2")
                texts = one.aiter_text(), other.aiter_text()
                for text in texts:
                    assert "retry: " in await anext(text)
                server.send(signal.SIGTERM)
                # A connection that broke off would raise an exception.
                assert "Traceback" not in "".join([part async for part in texts[0]])
                # hypercorn 0.18 closes the connection before the end of the stream is sent.
                with suppress(httpx.RemoteProtocolError):
                    assert "Traceback" not in "".join([part async for part in texts[1]])
        assert await server.ended() == 0
    assert "Traceback" not in server.output
