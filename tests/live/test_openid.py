"""Logging in at an issuer that is not ours: oidc-provider-mock, which is made of Authlib."""

import json
from collections.abc import AsyncIterator, Callable
from ipaddress import IPv4Address
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.core.web import fetching
from blog.core.web.app import Broadside
from blog.models import User
from settings import OpenIDProvider, Settings
from tests.servers import Program, free_port, settings_of, until
from tests.support import Browser

HERE, HOST = IPv4Address("127.0.0.1"), "issuer.example"
SUSAN = {
    "sub": "4711", "email": "susan@example.com", "email_verified": True,
    "preferred_username": "susan",
}  # fmt: skip


@pytest.fixture
async def issuer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """The issuer as a browser reaches it, as if this machine were public."""
    port = free_port()

    async def resolved(_host: str, _port: int) -> list[object]:
        return [HERE]

    monkeypatch.setattr(fetching, "resolve", resolved)
    monkeypatch.setattr(fetching, "is_public", lambda address: address == HERE)
    monkeypatch.setitem(fetching.PORTS, "http", port)
    program = await Program.start(
        "oidc-provider-mock", "--host", str(HERE), "--port", str(port), "--require-nonce",
        "--user-claims", json.dumps(SUSAN), environment=settings_of(tmp_path),
    )  # fmt: skip
    client = httpx.AsyncClient(base_url=f"http://{HERE}:{port}", headers={"Host": f"{HOST}:{port}"})

    async def answers() -> bool:
        try:
            return (await client.get("/.well-known/openid-configuration")).status_code == 200
        except httpx.TransportError:
            return False

    try:
        await until(answers)
        yield client
    finally:
        await client.aclose()
        await program.stop()


@pytest.fixture
async def site(
    app: Broadside, issuer: httpx.AsyncClient, make_settings: Callable[..., Settings]
) -> AsyncIterator[Broadside]:
    """An application whose people log in there."""
    provider = OpenIDProvider.model_construct(
        key="example", name="Example", issuer=f"http://{issuer.headers['Host']}",
        client_id="us", client_secret=SecretStr("secret"),
    )  # fmt: skip
    made = create_app(make_settings(openid_providers=(provider,)))
    async with made.test_app():
        yield made


async def log_in(browser: Browser, issuer: httpx.AsyncClient) -> httpx.Response:
    """Choose to log in there, do so, and come back."""
    asked = await browser.get("/auth/openid/example/start")
    address = urlsplit(asked.headers["location"])
    assert address.netloc == issuer.headers["Host"]
    done = await issuer.post(f"{address.path}?{address.query}", data={"sub": SUSAN["sub"]})
    way_back = urlsplit(done.headers["location"])
    assert way_back.netloc == "blog.test"
    return await browser.get(f"{way_back.path}?{way_back.query}")


async def test_someone_signs_up_and_logs_in_with_an_issuer_made_by_others(
    site: Broadside, issuer: httpx.AsyncClient, db: AsyncSession
) -> None:
    async with Browser(site) as browser:
        answer = await log_in(browser, issuer)
        assert answer.headers["location"] == "/auth/openid/register"
        page = await browser.get("/auth/openid/register")
        assert 'value="susan"' in page.text
        await browser.submit("/auth/openid/register", {"username": "susan"})
    user = (await db.scalars(select(User))).one()
    assert (user.email, user.is_confirmed) == ("susan@example.com", True)
    async with Browser(site) as again:
        assert (await log_in(again, issuer)).headers["location"] == "/"
        assert (await again.get("/auth/sessions")).status_code == 200
