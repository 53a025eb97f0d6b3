"""The protocols that the site speaks."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.live.certificates import Certificates
from tests.servers import HYPERCORN, Server, serving, until


@pytest.fixture(scope="module", params=["blog serve", "hypercorn"])
async def https_server(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    site_url: str,
    certificates: Certificates,
) -> AsyncIterator[Server]:
    """The site with TLS of its own."""
    settings: dict[str, object] = {"database_url": site_url, "background_worker": "external"}
    command: tuple[str, ...] = ()
    files = {"certificate": certificates.certificate, "key": certificates.key}
    if request.param == "hypercorn":
        command = (
            *HYPERCORN,
            "--certfile",
            str(files["certificate"]),
            "--keyfile",
            str(files["key"]),
        )
    else:
        settings |= {f"tls_{name}": file for name, file in files.items()}
    folder = tmp_path_factory.mktemp("https")
    async with serving(folder, *command, wait=False, **settings) as server:

        async def answers() -> bool:
            try:
                async with httpx.AsyncClient(timeout=60, verify=certificates.trust) as client:
                    return (await client.get(address_of(server))).is_success
            except httpx.TransportError:
                return False

        await until(answers, seconds=60)
        yield server
    assert "Traceback" not in server.output


def address_of(server: Server) -> str:
    return f"https://127.0.0.1:{server.port}"


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/2"])
async def test_https_is_spoken_in_the_version_that_the_client_prefers(
    https_server: Server, certificates: Certificates, version: str
) -> None:
    async with httpx.AsyncClient(
        base_url=address_of(https_server),
        verify=certificates.trust,
        http2=version == "HTTP/2",
        timeout=60,
    ) as client:
        page = await client.get("/auth/login")
        form = await client.post("/auth/login", data={"email": "susan"})
    assert [page.http_version, form.http_version] == [version, version]
    assert (page.status_code, form.status_code) == (200, 400), "the token is missing"
    assert "This form has expired" in form.text


async def test_a_client_without_tls_gets_no_response_and_leaves_no_trace(
    https_server: Server, certificates: Certificates
) -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        with pytest.raises(httpx.TransportError):
            await client.get(f"http://127.0.0.1:{https_server.port}/")
        with pytest.raises(httpx.ConnectError, match="certificate verify failed"):
            await client.get(address_of(https_server))
    async with httpx.AsyncClient(timeout=60, verify=certificates.trust) as client:
        assert (await client.get(address_of(https_server))).status_code == 200
    assert "ERROR" not in https_server.output


async def test_http_2_without_tls_is_served_to_clients_that_start_with_it(
    tmp_path: Path, site_url: str
) -> None:
    async with (
        serving(tmp_path, database_url=site_url) as server,
        httpx.AsyncClient(timeout=60, base_url=server.url, http1=False, http2=True) as client,
    ):
        page = await client.get("/auth/login")
    assert (page.http_version, page.status_code) == ("HTTP/2", 200)
